"""Exits and exposure against a slow count by hand, against lifelines, and against themselves a night earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from conftest import a_process
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from mining.calendar import wall_clock
from mining.exposure import AGES, OLDEST, Exposure, clock_of, window_start
from mining.period_tables import PeriodTable
from mining.visits import OPEN, Visits

UTC_ZONE = ZoneInfo("UTC")
HOUR = 3_600_000_000
START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def visits_of(rows: list[tuple[int, int, float, float]], night_hours: float) -> Visits:
    """rows: state, next, hours at which the visit was entered and left (if that is before the night's end)."""
    state, following, entered, left = (np.array(column) for column in zip(*rows, strict=True))
    open_ = left >= night_hours
    return Visits(
        state=state.astype(np.int64),
        next=np.where(open_, OPEN, following).astype(np.int64),
        entered_us=START + (entered * HOUR).astype(np.int64),
        left_us=START + (np.minimum(left, night_hours) * HOUR).astype(np.int64),
        stratum=np.arange(len(rows)) % 2,
        case=np.arange(len(rows)),
        first_us=START + (entered * HOUR).astype(np.int64),
        first_stratum=np.arange(len(rows)) % 2,
        names=("just begun", "A", "B", "C"),
        strata=({"kind": "x"}, {}),
        night_end_us=START + int(night_hours * HOUR),
    )


def random_visits(seed: int, days: int, night_days: int | None = None) -> Visits:
    rng = np.random.default_rng(seed)
    entered = np.sort(rng.uniform(0, days * 24, 400))
    entered[0] = 1.0
    left = entered + rng.lognormal(3, 1.2, 400)
    night = 24 * (night_days or days)
    states, nexts = rng.integers(1, 3, 400), rng.integers(2, 4, 400)
    rows = [row for row in zip(states.tolist(), nexts.tolist(), entered, left, strict=True) if row[2] < night]
    return visits_of(rows, night)


def by_hand(visits: Visits, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Exits and exposure of every day, state and bin, visit by visit."""
    exits, exposure = (np.zeros((days, 2, len(visits.names), len(AGES))) for _ in range(2))
    edges = [*AGES.tolist(), OLDEST]
    for i, state in enumerate(visits.state):
        begin, end = ((int(us) - START) / 1e6 for us in (visits.entered_us[i], visits.left_us[i]))
        stratum = int(visits.stratum[i])
        for day in range(days):
            for b in range(len(AGES)):
                low = max(begin + edges[b], day * 86400, begin)
                high = min(begin + edges[b + 1], (day + 1) * 86400, end)
                exposure[day, stratum, state, b] += max(0.0, high - low)
                ended = day * 86400 <= end < (day + 1) * 86400 and edges[b] < end - begin <= edges[b + 1]
                exits[day, stratum, state, b] += ended and visits.next[i] != OPEN
    return exits, exposure


@pytest.mark.parametrize("seed", range(3))
def test_every_second_and_every_exit_is_counted_where_it_happened(seed: int) -> None:
    visits = random_visits(seed, 20)
    found = Exposure.of(visits, wall_clock(), UTC_ZONE)
    exits, exposure = by_hand(visits, 20)
    np.testing.assert_allclose(found.exposure, exposure, atol=1e-3)
    np.testing.assert_array_equal(found.exits, exits)
    np.testing.assert_array_equal(found.flow_exits.sum(axis=2), found.exits.sum(axis=2))
    np.testing.assert_array_equal(found.moves.sum(axis=3), found.exits.sum(axis=3))
    assert found.open[-1].sum() == (visits.next == OPEN).sum()
    assert found.day(19) == date(2024, 1, 20) and found.days == 20


def test_rows_of_a_day_depend_only_on_what_was_known_at_its_end() -> None:
    whole = Exposure.of(random_visits(5, 40), wall_clock(), UTC_ZONE).until(25)
    then = Exposure.of(random_visits(5, 40, night_days=25), wall_clock(), UTC_ZONE)
    for name in ("exits", "exposure", "moves", "flow_exits", "arrivals", "open"):
        np.testing.assert_allclose(getattr(whole, name), getattr(then, name), atol=1e-3)


def test_time_before_the_first_completion_counts_on_the_day_that_tells_it() -> None:
    visits = visits_of([(0, 1, 20.0, 50.0), (1, 2, 20.0, 90.0)], 96)
    found = Exposure.of(visits, wall_clock(), UTC_ZONE)
    assert found.exposure[:, :, 0].sum(axis=(1, 2)).tolist() == [0, 0, 30 * 3600, 0]


def test_open_visits_keep_the_rates_of_the_last_week_honest() -> None:
    """The first trap: without open visits a log in which nothing changes seems to speed up."""
    rng = np.random.default_rng(1)
    entered = np.sort(rng.uniform(0, 120 * 24, 40_000))
    left = entered + rng.lognormal(3.5, 1.0, len(entered))
    rows = list(zip([1] * len(entered), [2] * len(entered), entered, left, strict=True))
    everything = Exposure.of(visits_of(rows, 120 * 24), wall_clock(), UTC_ZONE)
    closed = Exposure.of(visits_of([row for row in rows if row[3] < 120 * 24], 120 * 24), wall_clock(), UTC_ZONE)
    assert abs(ratio_of_last_week(everything) - 1) < 0.02
    assert ratio_of_last_week(closed) > 1.04


def ratio_of_last_week(exposure: Exposure) -> float:
    """Exits by those that the eight weeks before it make expect."""
    base, week = slice(-63, -7), slice(-7, None)
    exits, lived = exposure.exits[:, :, 1].sum(axis=1), exposure.exposure[:, :, 1].sum(axis=1)
    hazard = exits[base].sum(axis=0) / np.maximum(lived[base].sum(axis=0), 1)
    return float(exits[week].sum() / (hazard * lived[week]).sum())


def test_a_log_cut_by_its_closing_window_is_not_slow() -> None:
    """The second trap: what began long before the period counts from the period on, not as if it had begun in it."""
    rng = np.random.default_rng(2)
    entered = np.sort(rng.uniform(0, 300 * 24, 30_000))
    left = entered + rng.exponential(240, len(entered))
    kept = left > 200 * 24  # only what was closed in the window, or is open
    rows = list(zip([1] * kept.sum(), [2] * kept.sum(), entered[kept], left[kept], strict=True))
    found = Exposure.of(visits_of(rows, 300 * 24), wall_clock(), UTC_ZONE)
    period = slice(-60, None)
    exits, lived = (array[period, :, 1].sum(axis=(0, 1)) for array in (found.exits, found.exposure))
    assert PeriodTable.of(exits, lived, AGES, OLDEST).mean() == pytest.approx(240 * 3600, rel=0.05)


def test_exits_to_several_activities_compete_for_all_who_wait() -> None:
    """The third trap: whoever waits may still go anywhere, so that one flow's exits are set against all who wait."""
    rng = np.random.default_rng(3)
    entered = np.sort(rng.uniform(0, 100 * 24, 20_000))
    rows = list(
        zip(
            [1] * 20_000,
            rng.integers(2, 4, 20_000).tolist(),
            entered,
            entered + rng.exponential(50, 20_000),
            strict=True,
        )
    )
    found = Exposure.of(visits_of(rows, 100 * 24), wall_clock(), UTC_ZONE)
    lived = found.exposure[-28:, :, 1].sum()
    rates = [found.flow_exits[-28:, :, f].sum() / lived * 3600 for f in range(2)]
    assert found.flows == ((1, 2), (1, 3))
    assert rates == pytest.approx([1 / 100, 1 / 100], rel=0.05)


@pytest.mark.parametrize("shape", [0.8, 1.5])
def test_a_period_table_agrees_with_lifelines(shape: float) -> None:
    """Delayed entry at the period's beginning, censored at its end; fine bins, for Kaplan and Meier have none."""
    rng = np.random.default_rng(4)
    begun = rng.uniform(-400, 100, 30_000)
    ended = begun + 60 * rng.weibull(shape, len(begun))
    there = ended > 0
    entry, age = np.maximum(0.0, -begun[there]), np.minimum(ended, 100)[there] - begun[there]
    observed = ended[there] < 100
    ages = np.arange(0.0, 400.0, 0.5)
    upper = np.append(ages[1:], 400.0)
    lived = np.clip(np.minimum(age[:, None], upper) - np.maximum(entry[:, None], ages), 0, None).sum(axis=0)
    exits = np.histogram(age[observed], np.append(ages, 400.0))[0].astype(float)
    table = PeriodTable.of(exits, lived, ages, 400.0)
    oracle = KaplanMeierFitter().fit(age, observed, entry=entry)
    assert table.quantile(0.5) == pytest.approx(oracle.median_survival_time_, rel=0.01)
    assert table.quantile(0.9) == pytest.approx(oracle.percentile(0.1), rel=0.01)
    for at in (30.0, 120.0):
        assert table.restricted_mean(at) == pytest.approx(restricted_mean_survival_time(oracle, t=at), rel=0.01)


def test_a_period_table_of_a_constant_hazard_is_exponential() -> None:
    ages = np.array([0.0, 10.0, 100.0])
    table = PeriodTable.of(np.array([1.0, 2.0, 0.0]), np.array([100.0, 200.0, 0.0]), ages, 1e9)
    assert table.mean() == pytest.approx(100)
    assert table.quantile(0.5) == pytest.approx(100 * np.log(2))
    assert table.restricted_mean(100) == pytest.approx(100 * (1 - np.exp(-1)))


def test_who_never_leaves_has_no_median() -> None:
    table = PeriodTable.of(np.array([1.0, 0.0]), np.array([10.0, 10.0]), np.array([0.0, 1.0]), 5.0)
    assert table.quantile(0.5) == np.inf
    assert table.restricted_mean(5) == pytest.approx(10 * (1 - np.exp(-0.1)) + 4 * np.exp(-0.1))


def test_an_older_case_is_forgotten_not_late() -> None:
    visits = visits_of([(1, 2, 1.0, 1e9)], 24 * 400)
    found = Exposure.of(visits, wall_clock(), UTC_ZONE)
    assert found.exposure.sum() == pytest.approx(OLDEST)
    assert found.exposure[timedelta(seconds=OLDEST).days + 1 :].sum() == 0


def test_midnights_are_those_of_the_zone() -> None:
    visits = visits_of([(1, 2, 20.0, 30.0)], 48)
    berlin = Exposure.of(replace(visits, night_end_us=START + 47 * HOUR), wall_clock(), ZoneInfo("Europe/Berlin"))
    assert berlin.exposure.sum(axis=(1, 2, 3)).tolist() == [3 * 3600, 7 * 3600]


@pytest.mark.parametrize("seed", range(3))
def test_a_window_has_the_rows_of_its_days_as_the_whole_log_has_them(seed: int) -> None:
    visits, first = random_visits(seed, 40), date(2024, 1, 19)
    whole, window = (Exposure.of(visits, wall_clock(), UTC_ZONE, day) for day in (None, first))
    assert (window.first_day, window.days) == (first, whole.days - 18)
    for name in ("exits", "exposure", "moves", "arrivals", "open"):
        np.testing.assert_allclose(getattr(window, name), getattr(whole, name)[18:], err_msg=name)
    assert Exposure.of(visits, wall_clock(), UTC_ZONE, date(2023, 1, 1)).first_day == whole.first_day


def test_nights_of_a_half_year_look_at_the_same_days() -> None:
    nights = [date(2024, 1, 1) + timedelta(days=number) for number in range(800)]
    starts = [window_start(night) for night in nights]
    assert all(430 <= (night - start).days < 612 for night, start in zip(nights, starts, strict=True))
    assert len(set(starts)) <= 6
    assert starts == sorted(starts)


def test_who_works_on_a_saturday_off_had_been_waiting() -> None:
    """Outside the hours in the calendar the clock creeps: an exit without anybody who could leave would be beyond all bounds."""
    friday, saturday = 4 * 24 + 16, 5 * 24 + 10
    visits = visits_of([(1, 2, friday, saturday)] * 3 + [(1, 2, friday + 0.5, 200.0)], 6 * 24)
    process = a_process(calendar={"days": "mon-fri", "hours": "08:00-17:00"})
    exposure = Exposure.of(visits, clock_of(process, visits), UTC_ZONE)  # of Friday and Saturday
    assert exposure.worked[1]
    lived, exits = exposure.exposure[1, :, 1].sum(axis=0), exposure.exits[1, :, 1].sum(axis=0)
    assert exits.sum() == 3
    assert lived.sum() == pytest.approx(0.02 * 3600 * (3 * 10 + 24))
    assert (lived[exits > 0] > 0).all()
    assert exposure.exposure[0, :, 1].sum() == pytest.approx(3600 * (3 * 1 + 0.5), rel=0.2)
