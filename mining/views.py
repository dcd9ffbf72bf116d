"""The views of a night: its page for the cases with one value of a segment, by the same measures on the same code.

They have no alerts of their own: those are about the whole process, and are learned from its whole history.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from mining.beside import Beside, ready
from mining.discovery import directly_follows
from mining.maps import keep_scale
from mining.measured import Discovered, Located
from mining.pages.engine import Engine, start
from mining.pages.views import FOLDER, Left, View, Views, keep_views
from mining.publication import Mined, findings_of, write_folder
from mining.store import Part, Tables, Value, values

MOST: Final = 6  # of a segment
MOST_IN_ALL: Final = 12
ENOUGH: Final = 50  # cases
LARGEST: Final = 10_000_000  # events of the log


def write_views(night: Mined, tables: Tables, engine: Engine, measure: Beside) -> int:
    """Measure and draw the views, for `publish` to take along; how many. While one is drawn, the next is measured beside."""
    chosen, left = _chosen(night, tables)
    views = Views(tuple(chosen), left)
    if not chosen:
        return 0
    measure(ready, "mining.measuring")
    start(engine)
    (night.work / FOLDER).mkdir(exist_ok=True)
    keep_scale(night.settings, directly_follows(tables))
    measured = {view: measure(_measured, night, tables.folder, value) for view, value in chosen.items()}
    for view, done in measured.items():
        found, located = done.result()
        findings = replace(findings_of(night, found, located, None), segment={view.segment: view.value})
        site = night.work / FOLDER / view.folder
        write_folder(night, findings, found, site, replace(views, current=view), engine)
    keep_views(views, night.work)
    return len(chosen)


def _chosen(night: Mined, tables: Tables) -> tuple[dict[View, Value], tuple[Left, ...]]:
    """The largest values of each segment, in its order, and how many others there are."""
    if tables.state.events > LARGEST:
        return {}, ()
    chosen: dict[View, Value] = {}
    left = []
    for number, segment in enumerate(night.process.segments, 1):
        there = values(tables, number)
        large = [value for value in there if value.cases >= ENOUGH][: min(MOST, MOST_IN_ALL - len(chosen))]
        if len(there) < 2 or not large:
            continue
        chosen |= {View(segment, value.name, value.cases): value for value in large}
        left.append(Left(segment, len(there) - len(large)))
    return chosen, tuple(left)


def _measured(night: Mined, whole: Path, value: Value) -> tuple[Discovered, Located]:
    from mining.measuring import discover_part, locate  # noqa: PLC0415 - only where it is measured: brings SciPy

    part = Part(whole, value)
    found = discover_part(part, night.process, night.end)
    return found, locate(part, night.process, found.graph)
