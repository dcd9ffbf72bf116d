"""Batches -> steps and cases: order, sameness, open cases, clocks."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from conftest import NIGHT_END, Event, a_process, write_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mining.errors import StoreError
from mining.sources import Input, Pull
from mining.store import Batches, Tables, derive, slices, tallies

TICKETS: list[Event] = [
    ("a", "Open", "2024-01-01 09:00"),
    ("a", "Work", "2024-01-01 10:00"),
    ("a", "Resolve", "2024-01-01 12:00"),
    ("a", "Close", "2024-01-06 12:00"),
    ("b", "Open", "2024-01-02 09:00"),
    ("b", "Work", "2024-01-02 11:00"),
]


def cases(tables: Tables) -> dict[str, dict[str, Any]]:
    return {row["case_id"]: row for row in tables.rows(tables.cases)}


def hours(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 3_600_000_000


def test_each_step_knows_what_came_before_and_how_long_it_waited(mined: Callable[..., Tables]) -> None:
    tables = mined([("a", "Open", "2024-01-01 09:00"), ("a", "Work", "2024-01-01 12:00", "2024-01-01 10:00")])
    first, second = tables.rows(tables.steps.order_by("position"))
    assert (first["position"], first["after"], first["wait_us"]) == (1, None, None)
    assert (tables.names[second["after"]], hours(second["wait_us"]), hours(second["processing_us"])) == ("Open", 1, 2)
    assert hours(second["sojourn_us"]) == 3


def test_work_that_starts_before_the_step_before_ended_has_not_waited(mined: Callable[..., Tables]) -> None:
    tables = mined([("a", "Open", "2024-01-01 09:00"), ("a", "Work", "2024-01-01 10:00", "2024-01-01 08:00")])
    assert tables.rows(tables.steps)[1]["wait_us"] == 0


def test_a_case_is_finished_by_its_end_and_open_without(mined: Callable[..., Tables]) -> None:
    found = cases(mined(TICKETS, ends=["Close"]))
    assert (found["a"]["stop"], hours(found["a"]["cycle_us"])) == (4, 5 * 24 + 3)
    assert (found["b"]["stop"], found["b"]["cycle_us"]) == (None, None)


def test_the_clock_stops_at_the_goal(mined: Callable[..., Tables]) -> None:
    found = cases(mined(TICKETS, ends=["Close"], clock={"stops": ["Resolve"]}))
    assert (found["a"]["stop"], hours(found["a"]["cycle_us"])) == (3, 3)


def test_paperwork_after_the_goal_does_not_start_the_clock_again(mined: Callable[..., Tables]) -> None:
    order = [("o", "Order", "2024-01-01 09:00"), ("o", "Deliver", "2024-01-02 09:00"), ("o", "Pay", "2024-01-09 09:00")]
    found = cases(mined(order, ends=["Close"], clock={"stops": ["Deliver"]}))
    assert (found["o"]["stop"], hours(found["o"]["cycle_us"])) == (2, 24)


def test_work_done_again_after_the_goal_reopens_the_case(mined: Callable[..., Tables]) -> None:
    again = [*TICKETS[:3], ("a", "Work", "2024-01-03 09:00")]
    assert cases(mined(again, ends=["Close"], clock={"stops": ["Resolve"]}))["a"]["stop"] is None
    resolved = [*again, ("a", "Resolve", "2024-01-03 11:00"), ("a", "Resolve", "2024-01-03 12:00")]
    found = cases(mined(resolved, ends=["Close"], clock={"stops": ["Resolve"]}))["a"]
    assert (found["stop"], hours(found["cycle_us"])) == (5, 50)


def test_an_end_that_is_followed_by_more_work_is_no_end(mined: Callable[..., Tables]) -> None:
    reopened = [*TICKETS[:4], ("a", "Work", "2024-01-07 12:00")]
    assert cases(mined(reopened, ends=["Close"]))["a"]["stop"] is None


def test_a_repeated_end_stops_the_clock_the_first_time(mined: Callable[..., Tables]) -> None:
    twice = [*TICKETS[:4], ("a", "Close", "2024-01-09 12:00")]
    assert cases(mined(twice, ends=["Close"]))["a"]["stop"] == 4


def test_without_declared_ends_silence_finishes_a_case(mined: Callable[..., Tables]) -> None:
    events: list[Event] = []
    for number in range(40):
        events += [
            (f"c{number:02}", "Ask", f"2024-01-02 {number % 24:02}:00"),
            (f"c{number:02}", "Answer", "2024-01-03 09:00"),
        ]
    events += [("young", "Ask", "2024-01-31 23:30")]
    found = cases(mined(events))
    assert found["young"]["stop"] is None
    assert {row["stop"] for name, row in found.items() if name != "young"} == {2}


def test_a_night_does_not_see_what_happened_after_it(mined: Callable[..., Tables]) -> None:
    tables = mined(TICKETS, ends=["Close"], night_end=datetime(2024, 1, 2, tzinfo=UTC))
    assert list(cases(tables)) == ["a"]
    assert cases(tables)["a"]["events"] == 3


def test_an_event_exactly_at_midnight_belongs_to_the_next_night(mined: Callable[..., Tables]) -> None:
    tables = mined([("a", "Open", "2024-01-01 09:00"), ("a", "Work", "2024-02-01 00:00")])
    assert cases(tables)["a"]["events"] == 1


def test_equal_times_are_ordered_by_the_declared_column_then_by_content(mined: Callable[..., Tables]) -> None:
    at = "2024-01-01 09:00"
    ordered = mined([("a", "Alpha", at, None, 2), ("a", "Beta", at, None, 1)])
    assert [ordered.names[row["activity"]] for row in ordered.rows(ordered.steps)] == ["Beta", "Alpha"]
    plain = mined([("a", "Beta", at), ("a", "Alpha", at)])
    assert [plain.names[row["activity"]] for row in plain.rows(plain.steps)] == ["Alpha", "Beta"]


def dump(folder: Path) -> dict[str, list[str]]:
    """Everything that measures read, with names instead of codes."""
    tables = Tables(folder)
    activity, resource, segment = tables.names, tables.names_of("resource"), tables.names_of("segment_1")
    case_ids = {row["case"]: row["case_id"] for row in tables.rows(tables.cases)}
    paths = {
        row["variant"]: tuple(activity[code] for code in row["activities"]) for row in tables.rows(tables.variants)
    }
    codes = {
        "case": case_ids,
        "variant": paths,
        "activity": activity,
        "after": activity,
        "last_activity": activity,
        "resource": resource,
        "segment_1": segment,
    }
    names = ("steps", "sample", "cases", "waits", "stays", "weeks", "work", "recent")
    return {
        name: sorted(
            repr({key: codes[key].get(value) if key in codes else value for key, value in sorted(row.items())})
            for row in tables.rows(getattr(tables, name))
        )
        for name in names
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_does_not_matter(tmp_path: Path, seed: int) -> None:
    shuffled = random.Random(seed).sample(TICKETS, len(TICKETS))  # noqa: S311
    for name, events in (("plain", TICKETS), ("shuffled", shuffled)):
        derive(a_process(), [write_batch(tmp_path / f"{name}.parquet", events)], NIGHT_END, tmp_path / name)
    assert dump(tmp_path / "plain") == dump(tmp_path / "shuffled")


events_of_a_log = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from(["X", "Y"]), st.sampled_from(["2024-01-01 09:00", "2024-01-01 10:00"])
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=events_of_a_log, data=st.data())
def test_any_split_with_overlaps_equals_the_log_at_once(
    tmp_path_factory: pytest.TempPathFactory, log: list[Event], data: st.DataObject
) -> None:
    """Equal rows: each batch that covers a row brings all its copies, as an overlapping export does."""
    folder = tmp_path_factory.mktemp("split")
    distinct = sorted(set(log))
    parts = [set(data.draw(st.lists(st.sampled_from(distinct)))) for _ in range(2)]
    rest = set(distinct) - parts[0] - parts[1]
    batches = [
        write_batch(folder / f"{number}.parquet", [event for event in log if event in part])
        for number, part in enumerate([*parts, rest])
        if part
    ]
    derive(a_process(), [write_batch(folder / "whole.parquet", log)], NIGHT_END, folder / "once")
    derive(a_process(), batches, NIGHT_END, folder / "split")
    assert dump(folder / "once") == dump(folder / "split")


def test_the_newest_batch_has_the_word_on_segments(tmp_path: Path) -> None:
    event = [("a", "Open", "2024-01-01 09:00")]
    old = write_batch(tmp_path / "1.parquet", event, {"region": {"a": "south"}})
    new = write_batch(tmp_path / "2.parquet", event, {"region": {"a": "north"}})
    derive(a_process(segments=["region"]), [old, new], NIGHT_END, tmp_path / "t")
    tables = Tables(tmp_path / "t")
    regions = tables.names_of("segment_1")
    assert [(row["events"], regions[row["segment_1"]]) for row in tables.rows(tables.cases)] == [(1, "north")]


@settings(max_examples=25, deadline=None)
@given(log=events_of_a_log)
def test_variants_equal_brute_force(tmp_path_factory: pytest.TempPathFactory, log: list[Event]) -> None:
    folder = tmp_path_factory.mktemp("variants")
    derive(a_process(), [write_batch(folder / "b.parquet", log)], NIGHT_END, folder / "t")
    tables = Tables(folder / "t")
    ordered = sorted(log, key=lambda event: (event[0], event[2], event[1]))
    expected = sorted(tuple(e[1] for e in group) for _case, group in groupby(ordered, key=lambda event: event[0]))
    paths = {row["variant"]: row["activities"] for row in tables.rows(tables.variants)}
    found = [tuple(tables.names[code] for code in paths[row["variant"]]) for row in tables.rows(tables.cases)]
    assert sorted(found) == expected


@pytest.mark.parametrize("year", [1969, 2022])
def test_the_newest_moves_equal_brute_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    """Thirty of each pair are kept, from slices of few events over weeks; once before 1970."""
    monkeypatch.setattr(slices, "SLICE", 20)
    monkeypatch.setattr(tallies, "_SPARE", 30)
    rng, begin = random.Random(year), datetime(year, 11, 20, tzinfo=UTC)  # noqa: S311
    log, expected = [], defaultdict(list)
    for case in range(120):
        moments = sorted(begin + timedelta(minutes=rng.randrange(40 * 24 * 60)) for _ in range(rng.randint(1, 6)))
        steps = rng.choices("XYZ", weights=[8, 8, 1], k=len(moments))
        log += [(f"{case}", *row) for row in zip(steps, (f"{at:%Y-%m-%d %H:%M}" for at in moments), strict=True)]
        stop = len(steps) - len("".join(steps)) + len("".join(steps).rstrip("Z")) + 1
        for place in range(1, min(stop, len(steps))):
            expected[steps[place - 1], steps[place]].append((moments[place], moments[place - 1]))
    derive(a_process(ends=["Z"]), [write_batch(tmp_path / "b.parquet", log)], NIGHT_END, tmp_path / "t")
    tables = Tables(tmp_path / "t")
    found = defaultdict(list)
    for row in tables.rows(tables.recent):
        pair = (tables.names[row["after"]], tables.names[row["activity"]])
        found[pair].append(tuple(datetime.fromtimestamp(row[us] / 1e6, UTC) for us in ("left_us", "entered_us")))
    assert {pair: sorted(moves) for pair, moves in found.items()} == {
        pair: sorted(moves)[-30:] for pair, moves in expected.items()
    }


def a_pull(path: Path, sha256: str, rows: int) -> Pull:
    return Pull(path, rows, (Input("f.csv", sha256, rows),), None)


def test_a_pull_is_kept_once(tmp_path: Path) -> None:
    rows = write_batch(tmp_path / "good.parquet", TICKETS)
    batches = Batches(tmp_path / "batches")
    for _ in range(2):
        batches.add(rows, a_pull(rows, "0a", 7), night=date(2024, 1, 7), set_aside=1, checks=(), loaded_at=NIGHT_END)
    [batch] = batches.all()
    assert (batch.rows, batch.set_aside, batch.night) == (6, 1, "2024-01-07")
    assert batch.bytes == batches.path(batch.load_id).stat().st_size
    first, last = (datetime(2024, 1, day, hour, tzinfo=UTC) for day, hour in ((1, 9), (6, 12)))
    assert (batch.first_us, batch.last_us) == (first.timestamp() * 1e6, last.timestamp() * 1e6)
    assert batches.inputs_loaded() == {"0a"}


def test_an_unfinished_write_does_not_count_and_a_missing_file_is_told(tmp_path: Path) -> None:
    rows = write_batch(tmp_path / "good.parquet", TICKETS)
    batches = Batches(tmp_path / "batches")
    batch = batches.add(
        rows, a_pull(rows, "0a", 6), night=date(2024, 1, 7), set_aside=0, checks=(), loaded_at=NIGHT_END
    )
    (tmp_path / "batches" / "0123.parquet").write_bytes(b"half")
    assert batches.paths() == [batches.path(batch.load_id)]
    batches.path(batch.load_id).unlink()
    with pytest.raises(StoreError, match="this batch is missing"):
        batches.all()


def test_a_batch_of_an_older_headrace_is_read_without_size_and_times(tmp_path: Path) -> None:
    rows = write_batch(tmp_path / "good.parquet", TICKETS)
    batches = Batches(tmp_path / "batches")
    kept = batches.add(rows, a_pull(rows, "0a", 6), night=date(2024, 1, 7), set_aside=0, checks=(), loaded_at=NIGHT_END)
    sidecar = batches.sidecar(kept.load_id)
    older = {k: v for k, v in json.loads(sidecar.read_text()).items() if k not in ("bytes", "first_us", "last_us")}
    sidecar.write_text(json.dumps(older))
    [batch] = batches.all()
    assert (batch.bytes, batch.first_us, batch.last_us) == (None, None, None)
    assert batches.damage(batch) is None
