"""The graph, the variants and the numbers, against hand counts and brute force."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import pytest
from conftest import NIGHT_END, Event, a_process, write_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.discovery import directly_follows, kpis, rework, variants
from mining.store import Tables, derive

ORDERS: list[Event] = [
    ("1", "Order", "2024-01-01 09:00"),
    ("1", "Pick", "2024-01-01 11:00"),
    ("1", "Ship", "2024-01-02 11:00"),
    ("2", "Order", "2024-01-01 09:00"),
    ("2", "Pick", "2024-01-01 13:00"),
    ("2", "Pick", "2024-01-01 14:00"),
    ("2", "Ship", "2024-01-03 14:00"),
    ("3", "Order", "2024-01-05 09:00"),
]


def by_name(tables: Tables) -> dict[tuple[str, str], tuple[int, int, float]]:
    return {(f.source, f.target): (f.n, f.cases, f.total_s / 3600) for f in directly_follows(tables).flows}


def test_moves_cases_and_hours(mined: Callable[..., Tables]) -> None:
    tables = mined(ORDERS, ends=["Ship"])
    assert by_name(tables) == {
        ("Order", "Pick"): (2, 2, 6.0),
        ("Pick", "Pick"): (1, 1, 1.0),
        ("Pick", "Ship"): (2, 2, 72.0),
    }


def test_starts_ends_and_open_cases_add_up(mined: Callable[..., Tables]) -> None:
    graph = directly_follows(mined(ORDERS, ends=["Ship"]))
    assert (graph.cases, graph.finished, graph.open, graph.events) == (3, 2, 1, 8)
    found = {a.name: (a.events, a.cases, a.cases_repeating, a.starts, a.ends, a.open) for a in graph.activities}
    assert found == {"Order": (3, 3, 0, 3, 0, 1), "Pick": (3, 2, 1, 0, 0, 0), "Ship": (2, 2, 0, 0, 2, 0)}


def test_projection_looks_at_what_follows_without_the_hidden_steps(mined: Callable[..., Tables]) -> None:
    graph = directly_follows(mined(ORDERS, ends=["Ship"]), keep=["Order", "Ship"])
    [flow] = graph.flows
    assert (flow.source, flow.target, flow.n, flow.skipping) == ("Order", "Ship", 2, 2)
    assert flow.total_s / 3600 == 26 + 53
    assert (graph.events, graph.events_total, graph.activities_total) == (5, 8, 3)


def test_a_wait_of_always_the_same_minute_is_a_timer(mined: Callable[..., Tables]) -> None:
    log: list[Event] = []
    for day in range(1, 31):
        log += [(str(day), "Resolve", f"2024-01-{day:02} 09:00"), (str(day), "Close", f"2024-01-{day:02} 11:30")]
    [flow] = directly_follows(mined(log)).flows
    assert flow.timer_s == 2.5 * 3600
    assert directly_follows(mined(log[:58])).flows[0].timer_s is None  # 29 moves say nothing


def test_waits_above_the_99th_percentile_are_cut_for_the_average(mined: Callable[..., Tables]) -> None:
    log: list[Event] = [("x", "A", "2024-01-01 00:00"), ("x", "B", "2024-01-31 00:00")]
    for case in range(200):
        log += [(str(case), "A", "2024-01-01 00:00"), (str(case), "B", "2024-01-01 01:00")]
    [flow] = directly_follows(mined(log)).flows
    assert flow.winsorised_mean_s == 3600
    assert flow.mean_s == pytest.approx((200 * 3600 + 30 * 86400) / 201, abs=0.001)


def test_variants_with_shares_and_typical_times(mined: Callable[..., Tables]) -> None:
    first, *_others = variants(mined([*ORDERS, ("4", "Order", "2024-01-06 09:00")], ends=["Ship"]))
    assert (first.activities, first.cases, first.open, first.share, first.median_cycle_s) == (
        ("Order",),
        2,
        2,
        0.5,
        None,
    )


def test_rework_compares_cycle_times(mined: Callable[..., Tables]) -> None:
    [found] = rework(mined(ORDERS, ends=["Ship"]))
    assert (found.activity, found.cases, found.share, found.repeats) == ("Pick", 1, 0.5, 1)
    assert (found.median_cycle_s, found.median_cycle_without_s) == (53 * 3600, 26 * 3600)


def test_kpis(mined: Callable[..., Tables]) -> None:
    target = {"name": "Two days", "at_most": "2 days"}
    process = a_process(ends=["Ship"], targets=[target])
    found = kpis(mined(ORDERS, ends=["Ship"]), process, round(NIGHT_END.timestamp() * 1e6))
    assert (found.cases, found.finished, found.open, found.events) == (3, 2, 1, 8)
    assert found.median_cycle_s == median([26, 53]) * 3600
    assert (found.within_target, found.target_s) == (1, 2 * 86400)
    assert (found.finished_last_28_days, found.open_older_than_p90, found.cases_with_repeats) == (0, 1, 1)


times = st.integers(0, 50).map(lambda minute: f"2024-01-01 00:{minute:02}")
a_log = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["X", "Y, Z", "Ω"]), times), min_size=1, max_size=14)


def brute_force(
    log: Sequence[Event], keep: set[str]
) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], list[float]]]:
    ordered = sorted(log, key=lambda event: (event[0], event[2], event[1]))
    moves: Counter[tuple[str, str]] = Counter()
    waits: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _case, group in groupby(ordered, key=lambda event: event[0]):
        kept = [event for event in group if event[1] in keep]
        for (_c, a, before), (_d, b, after) in pairwise(kept):
            moves[a, b] += 1
            waits[a, b].append((datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds())
    return moves, waits


@settings(max_examples=40, deadline=None)
@given(log=a_log, keep=st.sets(st.sampled_from(["X", "Y, Z", "Ω"]), min_size=1))
def test_the_graph_of_any_projection_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, log: list[Event], keep: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("graph")
    derive(a_process(), [write_batch(folder / "b.parquet", log)], NIGHT_END, folder / "t")
    graph = directly_follows(Tables(folder / "t"), keep)
    moves, waits = brute_force(log, keep)
    assert {(f.source, f.target): f.n for f in graph.flows} == moves
    for flow in graph.flows:
        seen = waits[flow.source, flow.target]
        assert flow.total_s == sum(seen)
        assert flow.median_s == pytest.approx(median(seen))
    for activity in graph.activities:
        into = sum(n for (_a, b), n in moves.items() if b == activity.name)
        out = sum(n for (a, _b), n in moves.items() if a == activity.name)
        assert activity.events == into + activity.starts == out + activity.ends + activity.open


def test_renaming_and_shifting_change_nothing_else(tmp_path: Path) -> None:
    renamed = [(f"case {c}", f"<{a}>", t.replace("2024-01", "2023-03")) for c, a, t in ORDERS]
    graphs = []
    for name, log in (("plain", ORDERS), ("renamed", renamed)):
        derive(a_process(), [write_batch(tmp_path / f"{name}.parquet", log)], NIGHT_END, tmp_path / name)
        graphs.append(directly_follows(Tables(tmp_path / name)).flows)
    assert [(f.n, f.total_s, f.p90_s) for f in graphs[0]] == [(f.n, f.total_s, f.p90_s) for f in graphs[1]]
