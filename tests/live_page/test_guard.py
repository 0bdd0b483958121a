"""Who may use a board."""

import pytest

pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("httpx", reason="Starlette's test client needs httpx")
from live_page.conftest import TOKEN

PATHS = [
    "/",
    "/api/events",
    "/api/scalars?tag=0&runs=0",
    "/api/card?tag=0&runs=0",
    "/api/hparams",
    "/favicon.ico",
    "/nothing",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_answered_without_the_token(board, client, path):
    outside = client(board, signed_in=False)
    assert outside.get(path).status_code == 401
    assert outside.get(path, headers={"Cookie": "tbevents_board=wrong"}).status_code == 401
    assert outside.get(path, headers={"Cookie": b"tbevents_board=\xe9"}).status_code == 401
    assert outside.post("/api/report", json={"runs": [0], "tags": [0]}).status_code == 401
    assert "loss" not in outside.get(path).text


def test_the_token_is_exchanged_for_a_cookie_and_redirected_away(board, client):
    outside = client(board, signed_in=False)
    answer = outside.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert outside.get("/").status_code == 200
    kept = outside.get(f"/?x=1&token={TOKEN}", follow_redirects=False)
    assert kept.headers["location"] == "/?x=1"


@pytest.mark.parametrize("query", ["token=", "token=wrong", f"token={TOKEN}&token=wrong", f"token={TOKEN[:-1]}"])
def test_a_wrong_token_is_refused_also_with_the_cookie(board, client, query):
    answer = client(board).get(f"/?{query}", follow_redirects=False)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_redirect_leads_to_the_board_whatever_path_was_asked_for(board, client):
    outside = client(board, signed_in=False)
    for path in ("//evil.example/", "/api/events", "/\\evil.example"):
        answer = outside.request("GET", f"http://localhost:6007{path}?token={TOKEN}", follow_redirects=False)
        assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:6007", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_requests_for_other_hosts_are_refused(board, client, host):
    inside = client(board)
    answer = inside.get("/", headers={"Host": host})
    assert answer.status_code == 400
    name = host.partition(":")[0]
    assert answer.text == f"400: this board does not answer for the host {name!r}; name it with --allowed-host.\n"
    assert inside.get(f"/?token={TOKEN}", headers={"Host": host}, follow_redirects=False).status_code == 400


@pytest.mark.parametrize(
    "host", ["", "a:b", "localhost:1:2", "[::1", "[::1]x", "::1", "\x85<b>", "x" * 5000, ".proxy.example"]
)
def test_what_is_no_host_is_refused_and_not_repeated_in_full(board, client, host):
    hosts = ("localhost", "[::1]", "*.example.org")
    answer = client(board, hosts=hosts).get("/", headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.text) < 200
    assert answer.text.rstrip("\n").isprintable()


def test_all_names_of_a_domain_can_be_allowed(board, client):
    inside = client(board, hosts=("localhost", "*.example.org", "fd00::1"))
    for host in ("a.example.org", "A.B.example.org:80", "[fd00::1]:80"):
        assert inside.get("/", headers={"Host": host}).status_code == 200
    for host in ("example.org", "aexample.org", "a.example.org.evil"):
        assert inside.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:6007", "[::1]:6007"])
def test_requests_for_this_machine_pass(board, client, host):
    assert client(board).get("/", headers={"Host": host}).status_code == 200


def test_more_hosts_can_be_allowed(board, client):
    from tbevents.live_page import Address

    hosts = Address(allowed_hosts=("proxy.example", "*.in_side.example", "[fd00::1]", "10.0.0.1")).names()
    for host in ("proxy.example", "a.in_side.example", "[fd00::1]:80", "10.0.0.1:6007"):
        assert client(board, hosts=hosts).get("/", headers={"Host": host}).status_code == 200
    assert client(board, hosts=hosts).get("/", headers={"Host": "other.example"}).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    ["*", "a*", "*example", "", "http://foo", "http://foo:80", "foo:80", "foo/board", "foo ", "[::1]:80", "::1/x"],
)
def test_an_allowed_host_is_a_name(wrong):
    from tbevents.live_page import Address

    with pytest.raises(ValueError, match="must be a host name"):
        Address(allowed_hosts=(wrong,))


def test_without_a_token_everybody_on_loopback_is_let_in_and_only_there(board, client):
    from tbevents.live_page import Address

    assert client(board, token=None).get("/").status_code == 200
    for host in ("0.0.0.0", "::", "192.168.0.1", ""):
        with pytest.raises(ValueError, match="must be on the loopback address"):
            Address(host=host, token=False)
    for host in ("127.0.0.1", "localhost", "::1"):
        Address(host=host, token=False)


@pytest.mark.parametrize("path", ["/board/", "/"])
def test_a_proxy_may_leave_the_root_path_or_take_it_off(board, client, path):
    outside = client(board, signed_in=False, root_path="/board")
    answer = outside.get(f"{path}?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == "/board/"
    assert "Path=/board/" in answer.headers["set-cookie"]
    cookie = {"Cookie": f"tbevents_board={TOKEN}"}
    assert outside.get(path, headers=cookie).status_code == 200
    assert outside.get(f"{path}api/hparams", headers=cookie).status_code == 200
    assert outside.get(f"{path}api/hparams").status_code in (200, 401)  # by the path of the cookie


def test_the_bare_root_path_leads_to_the_page(board, client):
    inside = client(board, root_path="/board", signed_in=False)
    answer = inside.get("/board", headers={"Cookie": f"tbevents_board={TOKEN}"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/board/")


@pytest.mark.parametrize("path", PATHS[2:])
def test_every_response_has_the_security_headers_and_none_of_cors(board, client, path):
    for inside in (client(board), client(board, signed_in=False)):
        headers = inside.get(path, headers={"Origin": "http://evil.example"}).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert not [name for name in headers if name.startswith("access-control-")]
        assert "server" not in headers


def test_an_error_of_the_board_has_the_security_headers_and_says_nothing_of_itself(board, client, monkeypatch):
    def fail(*_args):
        raise RuntimeError("a secret of the board")

    inside = client(board)
    monkeypatch.setattr(board, "facts", fail)
    answer = inside.get("/api/hparams")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_runs_its_own_script_and_connects_to_its_own_server(board, client):
    import base64
    import hashlib
    import re

    answer = client(board).get("/")
    policy = answer.headers["content-security-policy"]
    (script,) = re.findall(r"<script>(.*)</script>\n</body>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert TOKEN not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_a_report_can_be_posted(board, client, method):
    for path in ("/", "/api/scalars", "/api/hparams"):
        assert client(board).request(method, path).status_code == 405


def test_a_form_of_another_site_cannot_post(board, client):
    answer = client(board).post("/api/report", data={"runs": "0"})
    assert answer.status_code == 415
