"""What a site of many nights weighs, and what one more night costs its lists: `make bench-site`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import keep_to_threads
from benchmarks.page import UNTIL, night
from benchmarks.report import Asked, table, tell
from mining.demo.landing import build
from mining.home import Home
from mining.pages.index_page import write_site
from mining.process import Process
from mining.retention import thin

PROCESSES, NIGHTS = 20, 400
NOTES = f"""{PROCESSES} processes of {NIGHTS} nights each. All are the last night of the demo company's orders under other dates
and names (hard links, each counted as a file): two languages, maps at all settings, charts, sheet, downloads. *Thinned*: as a
process keeps its nights where it says nothing: 60 days daily, a year weekly, then monthly. Views are kept of the newest night
alone. *A night more*: the index, the lists and the feeds, written anew where a night of one process is added; *all lists* anew is
what nobody does but a move."""


@dataclass(frozen=True)
class Weight:
    """Of a folder."""

    nights: int
    files: int
    bytes: int

    @classmethod
    def of(cls, folder: Path) -> Weight:
        files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        return cls(len(list(folder.glob("*/*/findings.json"))), len(files), sum(files))


def dates() -> Iterator[date]:
    """Of the nights, the newest last."""
    return (UNTIL - timedelta(days=1 + back) for back in reversed(range(NIGHTS)))


def fill(mined: Path, home: Home, process: str) -> None:
    """Nights of a process, all alike; views of the newest alone, as every night leaves it."""
    own = [path for path in mined.rglob("*") if path.is_file()]
    older = [path for path in own if path.relative_to(mined).parts[0] != "views"]
    days = list(dates())
    for day in days:
        for file in own if day == days[-1] else older:
            place = home.night(process, day) / file.relative_to(mined)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, place)


def copies(process: Process) -> list[Process]:
    return [process.model_copy(update={"process": f"orders_{number:02}"}) for number in range(1, PROCESSES + 1)]


def took(root: Path, changed: str | None = None) -> float:
    begun = time.perf_counter()
    write_site(root, changed)
    return time.perf_counter() - begun


def main() -> None:
    asked = Asked.of(__doc__ or "", ())
    keep_to_threads()
    with TemporaryDirectory() as place:
        source, home = Path(place) / "source", Home(Path(place) / "home")
        build(source, UNTIL)
        os.environ |= {"AIRFLOW_CONN_SHOP": f"sqlite:///{source / 'shop.db'}", "HEADRACE_HOME": str(source)}
        one = night("orders", source)
        one.run()
        alike = copies(one.process)
        for process in alike:
            fill(one.target, home, process.process)
        head = ["", "nights", "files", "MB", "all lists, s", "a night more, s"]
        rows = [_row("all kept", home, alike)]
        for process in alike:
            thin(process, home)
        rows.append(_row("thinned", home, alike))
    tell("bench-site", "Site", [NOTES, table(head, rows)], asked)


def _row(name: str, home: Home, processes: list[Process]) -> list[object]:
    root = home.all_nights
    seconds = [took(root), took(root, processes[-1].process)]
    weight = Weight.of(root)
    return [name, weight.nights, weight.files, weight.bytes / 1e6, *seconds]


if __name__ == "__main__":
    main()
