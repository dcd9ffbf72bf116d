"""A page in the place of one that is not there: what is the matter, and the way back."""

from __future__ import annotations

from mining.languages.editions import list_page
from mining.pages.rendering import page_text


def said(heading: str, text: str, root: str, *, way_back: bool = True) -> str:
    """The page; `root` leads from its address to the site's folder, "" or "../" for each step up."""
    home = f"{root}{list_page()}" if way_back else ""
    return page_text("said.html", editions={}, heading=heading, text=text, root=root, home=home)
