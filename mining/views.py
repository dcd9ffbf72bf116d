"""The views of a night: its page for the cases with one value of a segment, by the same measures on the same code.

They have no alerts of their own: those are about the whole process, and are learned from its whole history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mining.discovery import directly_follows
from mining.maps import keep_scale
from mining.measuring import discover_part, locate
from mining.pages.beside import Engine
from mining.pages.views import FOLDER, Left, View, Views, keep_views
from mining.publication import Mined, findings_of, write_folder
from mining.store import Part, Tables, Value, values

MOST: Final = 6  # of a segment
MOST_IN_ALL: Final = 12
ENOUGH: Final = 50  # cases
LARGEST: Final = 10_000_000  # events of the log


def write_views(night: Mined, tables: Tables, engine: Engine) -> int:
    """Measure and draw the views, for `publish` to take along; how many."""
    chosen, left = _chosen(night, tables)
    views = Views(tuple(chosen), left)
    if not chosen:
        return 0
    (night.work / FOLDER).mkdir(exist_ok=True)
    keep_scale(night.settings, directly_follows(tables))
    for view, value in chosen.items():
        _write(night, tables, value, replace(views, current=view), engine)
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


def _write(night: Mined, whole: Tables, value: Value, views: Views, engine: Engine) -> None:
    view = views.current
    if view is None:
        raise AssertionError("a view is of a part")
    part = Part(whole.folder, value)
    found = discover_part(part, night.process, night.end)
    located = locate(part, night.process, found.graph)
    findings = replace(findings_of(night, found, located, None), segment={view.segment: view.value})
    write_folder(night, findings, found, night.work / FOLDER / view.folder, views, engine)
