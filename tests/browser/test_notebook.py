"""What `tbevents.board` puts into a cell, in the page of a notebook."""

import functools
import http.server
import threading

import pytest

pytest.importorskip("selenium", reason="drives the browser")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")

import tbevents
from browser.page import Address, Page

pytestmark = pytest.mark.slow  # starts a server and a browser


@pytest.fixture
def notebook(driver, tmp_path):
    """Shows the HTML of a cell in a page of http://localhost, which is another site than http://127.0.0.1."""
    handler = functools.partial(_Quiet, directory=tmp_path / "site")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "site").mkdir()

    def show(view):
        (tmp_path / "site" / "index.html").write_text(
            f"<!doctype html><meta charset=utf-8><title>Notebook</title><main id=main></main>{view._repr_html_()}",
            encoding="utf-8",
        )
        page = Page(driver).open(Address(f"http://localhost:{server.server_port}/index.html"))
        driver.switch_to.frame(page.one("iframe"))
        page.wait(lambda: page.all("#main"))
        page.settle()
        return page

    yield show
    driver.switch_to.default_content()
    driver.get("about:blank")
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def runs(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "runs" / "a") as writer:
        for step in range(5):
            writer.add_scalar("loss", step, step)
    return tmp_path / "runs"


def test_the_board_follows_runs_within_a_page_of_another_site(notebook, runs):
    view = tbevents.board(runs, inline=False)
    try:
        page = notebook(view)
        page.expect_lines("loss", 1, 5)
        with tbevents.SummaryWriter(runs / "a", filename_suffix=".more") as writer:
            for step in range(5, 9):
                writer.add_scalar("loss", step, step)
        page.expect_lines("loss", 1, 9)
        assert [entry for entry in page.driver.get_log("browser") if "favicon" not in entry["message"]] == []
    finally:
        view.close()


def test_a_report_works_within_a_cell_and_has_no_origin(notebook, runs):
    page = notebook(tbevents.board(runs, inline=True))
    page.expect_lines("loss", 1, 5)
    assert page.run("return self.origin") == "null"
    page.fill("#tag-filter", "nothing")  # which a page of its own would write into its address
    page.expect(0, lambda: len([card for card in page.all("article.card") if card.is_displayed()]))
    assert [entry for entry in page.driver.get_log("browser") if "favicon" not in entry["message"]] == []
