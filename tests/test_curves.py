"""The share finished by age, against lifelines, and where curves end."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lives import DAY, UTC, lives

from mining.curves import curves, share_finished

JANUARY = datetime(2024, 1, 10, tzinfo=UTC)
CASES = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_as_lifelines_says(cases: list[tuple[int, bool]]) -> None:
    ages, finished = (np.array(column) for column in zip(*cases, strict=True))
    fitted = KaplanMeierFitter().fit(ages, finished)
    at = np.arange(0, 32)
    expected = 1 - fitted.survival_function_at_times(at).to_numpy()
    assert share_finished(ages.astype(np.int64), finished.astype(bool), at.astype(float)) == pytest.approx(expected)


def test_open_cases_count_as_open() -> None:
    """Of 20 cases half are done after a day and half are open: 50 %, though all that are finished were quick."""
    found = curves(lives([(JANUARY, DAY)] * 10 + [(JANUARY, None)] * 10, JANUARY + timedelta(days=10)))
    assert found is not None
    [january] = found.months
    assert (january.month, january.cases, january.finished, january.shares[-1]) == ("2024-01", 20, 10, 0.5)


def test_a_month_in_which_all_are_finished_goes_to_the_end() -> None:
    found = curves(lives([(JANUARY, days * DAY) for days in range(1, 21)], JANUARY + timedelta(days=60)))
    assert found is not None
    [january] = found.months
    assert not january.running
    assert january.ages_s[-1] == pytest.approx(found.horizon_s)
    assert january.shares[-1] == pytest.approx(19 / 20)


def test_a_young_month_stops_where_its_cases_do() -> None:
    """Cases of the last days have not been seen for longer: no jump to 100 %."""
    old = [(JANUARY, days * DAY) for days in range(1, 41)]
    young = [(datetime(2024, 3, 1, tzinfo=UTC), 1 * DAY)] * 8 + [(datetime(2024, 3, 1, tzinfo=UTC), None)] * 8
    found = curves(lives([*old, *young], datetime(2024, 3, 6, tzinfo=UTC)))
    assert found is not None
    march = found.months[-1]
    assert march.running
    assert march.ages_s[-1] == pytest.approx(5 * DAY)
    assert march.shares[-1] == 0.5


def test_small_months_and_logs_without_an_end_have_no_curve() -> None:
    assert curves(lives([(JANUARY, DAY)] * 9, JANUARY + timedelta(days=9))) is None
    assert curves(lives([(JANUARY, None)] * 90, JANUARY + timedelta(days=9))) is None
