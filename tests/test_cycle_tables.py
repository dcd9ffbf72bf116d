"""Cycle times of a period: by hand, against lifelines, and where averages of completed cases are wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import NelsonAalenFitter
from lives import DAY, UTC, lives

from mining.cycle_tables import CycleTable, cycle_tables
from mining.lifetimes import micros

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
NIGHT = MONDAY + timedelta(days=28)


def days(*limits: float) -> np.ndarray:
    return np.array([micros(MONDAY + timedelta(days=limit)) for limit in limits], np.int64)


def of(cases: list[tuple[float, float | None]], *limits: float, open_known: bool = True) -> list[CycleTable]:
    """Cases by the days since Monday on which they began, and of their cycle time."""
    made = [(MONDAY + timedelta(days=begin), None if cycle is None else cycle * DAY) for begin, cycle in cases]
    return cycle_tables(lives(made, NIGHT), days(*limits), open_known=open_known)


def test_a_case_counts_in_a_period_at_the_ages_that_it_had_there() -> None:
    # In the second week: one of age 8 to 10 that finishes at 10, one of age 0 to 3 that does, one open of age 1 to 8.
    first, second = of([(-1, 10.0), (8, 3.0), (6, None)], 0, 7, 14)
    assert (first.finished, first.quantile_s(0.5), first.finished_by(6 * DAY)) == (0, None, 0.0)
    assert second.finished == 2
    assert second.ages_us.tolist() == [3 * DAY * 1e6, 10 * DAY * 1e6]
    assert second.lost.tolist() == [0.5, 1.5]  # at 3 days two are at risk, at 10 days one
    assert second.finished_by(3 * DAY) == pytest.approx(1 - np.exp(-0.5))
    assert second.finished_by(2.9 * DAY) == 0.0
    assert second.quantile_s(0.5) == 10 * DAY
    assert second.quantile_s(0.9) is None


def test_a_case_that_ends_on_an_edge_belongs_to_what_begins_there() -> None:
    before, after = of([(0, 7.0), (7, 0.0)], 0, 7, 14)
    assert (before.finished, after.finished) == (0, 2)
    assert after.lost.tolist() == [1.0, 2.0]  # at age 0 the second alone is at risk, then the first alone


def test_where_ends_are_learned_only_finished_cases_count_each_from_its_beginning() -> None:
    [found] = of([(-1, 10.0), (8, 3.0), (6, None)], 7, 14, open_known=False)
    assert found.lost.tolist() == [0.5, 1.5]
    [found] = of([(8, 2.0), (8, 3.0), (6, None), (8, 30.0)], 7, 14, open_known=False)
    assert found.lost.tolist() == [0.5, 1.5]


def test_a_slow_down_is_seen_though_only_quick_cases_are_done() -> None:
    """From the third week on every case takes 20 days; of those only what began at once could have been seen."""
    cases: list[tuple[float, float | None]] = []
    for day in range(28):
        if day < 14:
            cases += [(float(day), 4.0)] * 10
        else:  # one in ten is still quick
            cases += [(float(day), 4.0 if day + 4 < 28 else None)] + [(float(day), None)] * 9
    calm, slow = of(cases, 4, 14, 28)
    assert calm.quantile_s(0.5) == 4 * DAY
    assert slow.quantile_s(0.5) is None  # though all cases that finished in it took four days
    assert slow.finished_by(4 * DAY) < 0.45


whole = st.integers(0, 30)


@given(st.lists(st.tuples(whole, st.none() | whole), min_size=1, max_size=40), whole, st.integers(1, 20))
def test_agrees_with_lifelines(cases: list[tuple[int, int | None]], since: int, lasting: int) -> None:
    until = since + lasting
    [found] = of([(float(begin), None if cycle is None else float(cycle)) for begin, cycle in cases], since, until)
    lived = [
        (max(since - begin, 0) - 0.001, min(begin + (99 if cycle is None else cycle), until) - begin, begin, cycle)
        for begin, cycle in cases
        if begin < until and (cycle is None or begin + cycle >= since)
    ]
    ended = [cycle is not None and begin + cycle < until for *_ages, begin, cycle in lived]
    assert found.finished == sum(ended)
    if found.finished:
        left = [0.0001 if age == 0 else age for _came, age, *_case in lived]  # lifelines asks for time lived
        oracle = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(
            left, ended, entry=[came for came, *_ages in lived]
        )
        told = oracle.cumulative_hazard_at_times(found.ages_us / (DAY * 1e6) + 0.0005).to_numpy()
        assert found.lost == pytest.approx(told)
