"""The documentation's settings for Sphinx. `nox -s site` builds it, with every warning an error, and without network.

Sphinx with furo, since both are kept up by many people and fetch nothing: no web fonts, no inventories. Docstrings are
read from the imported package, so that what is public is what `__all__` says.
"""

from __future__ import annotations

import os.path
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tbevents  # noqa: E402  # the checkout's, not an installed one

(REPOSITORY,) = re.findall(r'^Repository = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
# While the address is a placeholder, no page offers to be edited there. Links to files of the repository are derived
# from it, so that they become right with it.
HAS_ADDRESS = "/OWNER/" not in REPOSITORY

project = "tbevents"
author = "the tbevents authors"
project_copyright = author
release = version = tbevents.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["images/*.py"]
default_role = "py:obj"  # `Run` in a docstring is a link where there is such a name

html_theme = "furo"
html_title = f"tbevents {release}"
html_static_path = ["static"]
html_favicon = "../tbevents/tools/report/assets/icon.svg"
html_css_files = ["focus.css"]
html_copy_source = html_show_sphinx = False
html_theme_options = (
    {"source_repository": f"{REPOSITORY}/", "source_branch": "main", "source_directory": "docs/"} if HAS_ADDRESS else {}
)
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 4  # as on the repository's pages

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "inherited-members": True, "undoc-members": False}
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_mock_imports = ["keras"]  # too heavy to install for one docstring
python_use_unqualified_type_names = True

# Pages that stand elsewhere in the repository, where people look for them. Their files here have one sentence.
OUTSIDE = {
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "benchmarks": "benchmarks/README.md",
    "messages": "proto/README.md",
    "security": "SECURITY.md",
}
PLACES = {source: f"{name}.md" for name, source in OUTSIDE.items()}

# The target of a Markdown link that is neither an address nor a place on the same page.
RELATIVE_TARGET = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)#\s]+)")


def relinked(markdown: str, folder: str, page: str) -> str:
    """Returns a page, written in this folder of the repository, with links that lead to pages or to the repository."""

    def led(link: re.Match[str]) -> str:
        target = os.path.normpath(os.path.join(folder, link[1])).replace(os.sep, "/")
        if not (ROOT / target).exists():
            raise ValueError(f"{page}: a link leads to {target}, which does not exist")
        target = f"docs/{PLACES[target]}" if target in PLACES else target
        if target.startswith("docs/"):
            return os.path.relpath(target, Path("docs", page).parent).replace(os.sep, "/")
        return f"{REPOSITORY}/blob/main/{target}"

    return RELATIVE_TARGET.sub(led, markdown)


def read_source(_app: object, page: str, content: list[str]) -> None:
    """Puts in the pages that stand elsewhere, and leads the links that leave this folder to where they lead now.

    `git clone` gets the address of the repository.
    """
    if page in OUTSIDE:
        source = Path(OUTSIDE[page])
        content[0] = relinked((ROOT / source).read_text(encoding="utf-8"), source.parent.as_posix(), page)
    else:
        content[0] = relinked(content[0], Path("docs", page).parent.as_posix(), page)
    content[0] = content[0].replace("git clone ADDRESS ", f"git clone {REPOSITORY} ")


def without_private_arguments(_app: object, what: str, *others: Any) -> tuple[str, None] | None:
    """Leaves out how a class is made if users cannot make it: an argument is private."""
    *_, signature, _ = others
    return ("", None) if what == "class" and re.search(r"\b_[a-z]+:", signature or "") else None


def setup(app: object) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", read_source)  # type: ignore[attr-defined]
    app.connect("autodoc-process-signature", without_private_arguments)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True}
