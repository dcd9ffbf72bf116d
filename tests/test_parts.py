"""One part of the cases, by the measures of the whole: as if only its events had come; and the parts add up to the whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conftest import Event, a_process, write_batch

from mining.bottlenecks import bottlenecks
from mining.changed import changed
from mining.discovery import directly_follows, kpis, rework, variants
from mining.morning import morning
from mining.process import Process
from mining.store import Part, Tables, derive, values

BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)
REGIONS = ("export", "north", "south")


def a_log(seed: int) -> tuple[list[Event], dict[str, str]]:
    """Cases that wander, some of them open, over seven months; and the region of most."""
    dice = random.Random(seed)  # noqa: S311
    events: list[Event] = []
    regions = {}
    for number in range(600):
        case, at = f"c{number:03}", BEGIN + timedelta(hours=8.4 * number, minutes=dice.randint(0, 50))
        if number % 10:
            regions[case] = dice.choice(REGIONS)
        slow = 3 if regions.get(case) == "export" else 1
        for step in ["Order", *dice.choices(("Pick", "Pack", "Check"), k=dice.randint(1, 4)), "Ship"]:
            started = at + timedelta(minutes=dice.randint(0, 30))
            events.append((case, step, f"{started + timedelta(minutes=9):%Y-%m-%d %H:%M}", f"{started:%Y-%m-%d %H:%M}"))
            at = started + timedelta(hours=slow * dice.randint(1, 40))
    return [event for event in events if event[2] < f"{END:%Y-%m-%d}"], regions


def tables_of(folder: Path, events: list[Event], regions: dict[str, str], process: Process) -> Tables:
    derive(process, [write_batch(folder.with_suffix(".parquet"), events, {"region": regions})], END, folder)
    return Tables(folder)


def measured(tables: Tables, process: Process) -> Iterator[tuple[str, Any]]:
    """Everything that a page is made of."""
    graph = directly_follows(tables)
    ranked = bottlenecks(tables, graph)
    moved = changed(tables, process, END)
    yield "graph", graph
    yield "without a step", directly_follows(tables, ["Order", "Pick", "Ship"])
    yield "variants", variants(tables)
    yield "rework", rework(tables)
    yield "key figures", kpis(tables, process, tables.night_end_us)
    yield "bottlenecks", ranked
    yield "what changed", moved
    yield "morning", morning(tables, process, ranked, moved, None)


def test_a_part_is_measured_as_if_only_its_cases_had_come(tmp_path: Path) -> None:
    process = a_process(segments=("region",), ends=("Ship",), clock={"stops": ["Pack"]})
    events, regions = a_log(1)
    whole = tables_of(tmp_path / "whole", events, regions, process)
    assert [value.name for value in values(whole, 1)] == sorted(REGIONS, key=lambda r: -list(regions.values()).count(r))
    export = next(value for value in values(whole, 1) if value.name == "export")
    assert export.cases == list(regions.values()).count("export")
    ours = [event for event in events if regions.get(event[0]) == "export"]
    alone = tables_of(tmp_path / "alone", ours, regions, process)
    part = Part(tmp_path / "whole", export)
    for (name, of_part), (_, of_alone) in zip(measured(part, process), measured(alone, process), strict=True):
        assert of_part == of_alone, name


def test_parts_add_up_to_the_whole_where_it_is_learned_which_cases_are_over(tmp_path: Path) -> None:
    process = a_process(segments=("region",))
    events, _ = a_log(2)
    regions = {event[0]: random.Random(event[0]).choice(REGIONS) for event in events}  # noqa: S311
    whole = tables_of(tmp_path / "whole", events, regions, process)
    parts = [Part(tmp_path / "whole", value) for value in values(whole, 1)]
    every = kpis(whole, process, whole.night_end_us)
    each = [kpis(part, process, part.night_end_us) for part in parts]
    assert 0 < every.open < every.cases
    for figure in ("cases", "finished", "open", "events", "finished_last_28_days", "cases_with_repeats"):
        assert sum(getattr(of, figure) for of in each) == getattr(every, figure), figure
    moves = {(flow.source, flow.target): flow.n for flow in directly_follows(whole).flows}
    of_parts = [flow for part in parts for flow in directly_follows(part).flows]
    assert {pair: sum(f.n for f in of_parts if (f.source, f.target) == pair) for pair in moves} == moves
