"""The views of a night: its page once more for the cases with one value of a segment, each in a folder below it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

from pydantic import TypeAdapter

from mining import durable

FOLDER = "views"
_SWITCHER = re.compile(r'<nav class="views".*?</nav>\n', re.DOTALL)  # names are escaped: none can end it


@dataclass(frozen=True)
class View:
    """One of them."""

    segment: str
    value: str
    cases: int

    @property
    def folder(self) -> str:
        """Its name among the views of its night: plain letters, and never that of another one."""
        said = f"{self.segment}-{self.value}"
        plain = re.sub("[^a-z0-9]+", "-", said.lower()).strip("-")[:60]
        return plain if plain == said else f"{plain}-{sha1(said.encode(), usedforsecurity=False).hexdigest()[:6]}"


@dataclass(frozen=True)
class Left:
    """Values of a segment that have no view: they are too small, or too many."""

    segment: str
    values: int


@dataclass(frozen=True)
class Views:
    """What a page leads to, and where in it the reader is."""

    all: tuple[View, ...] = ()  # by segment, most cases first
    left: tuple[Left, ...] = ()
    current: View | None = None  # None: the whole

    @property
    def groups(self) -> list[tuple[str, list[View], int]]:
        """Each segment with its views, and how many of its values have none."""
        left = {of.segment: of.values for of in self.left}
        names = dict.fromkeys(view.segment for view in self.all)
        return [(name, [view for view in self.all if view.segment == name], left.get(name, 0)) for name in names]

    @property
    def root(self) -> str:
        """From the page to the night's folder."""
        return "../../" if self.current else ""


_VIEWS = TypeAdapter(Views)


def keep_views(views: Views, work: Path) -> None:
    """Leave them for `take_views`."""
    (work / "views.json").write_bytes(_VIEWS.dump_json(views))


def take_views(work: Path, site: Path) -> Views:
    """Move what was written of views to work/views into the night's folder; none where this night has none."""
    if not (work / "views.json").exists():
        return Views()
    if not (site / FOLDER).exists():
        (work / FOLDER).rename(site / FOLDER)
    return _VIEWS.validate_json((work / "views.json").read_bytes())


def drop_views(night: Path) -> bool:
    """Take the views away from a published night: first the way to them, then they themselves; whether there were any."""
    if not (night / FOLDER).is_dir():
        return False
    for page in sorted(night.glob("index*.html")):
        html = page.read_text(encoding="utf-8")
        durable.write(page, _SWITCHER.sub("", html).encode())
    shutil.rmtree(night / FOLDER)
    return True
