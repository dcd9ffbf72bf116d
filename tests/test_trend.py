"""Weekly medians, their phases and signals: known answers, and the limits by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from lives import DAY, HOUR, UTC, lives

from mining.lifetimes import Lifetimes, mondays
from mining.trend import parts, stands_out, trend

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def weekly(hours: list[float], a_week: int = 5) -> Lifetimes:
    """So many cases finish in the middle of each week after so many hours; one begins it all."""
    ends = [(MONDAY + timedelta(weeks=week, days=2), spent) for week, spent in enumerate(hours) for _ in range(a_week)]
    cases = [(end - timedelta(hours=spent), spent * HOUR) for end, spent in ends]
    return lives([(MONDAY, None), *cases], MONDAY + timedelta(weeks=len(hours), days=1))


def test_weeks_have_typical_times_in_which_open_cases_count() -> None:
    cases: list[tuple[datetime, float | None]] = [(MONDAY, HOUR)] * 6
    cases += [(MONDAY + timedelta(days=7), hours * HOUR) for hours in (1, 2, 3, 4, 200)]
    cases += [(MONDAY + timedelta(days=14), None)] * 2  # open: at risk of finishing all the week
    cases += [(MONDAY + timedelta(days=14), hours * HOUR) for hours in (5, 6, 7, 8)]
    cases += [(MONDAY + timedelta(days=21), 5 * HOUR)]  # in the week that still runs
    found = trend(lives(cases, MONDAY + timedelta(days=22)))
    assert found is not None
    assert [(week.first, week.finished, week.typical_s) for week in found.weeks] == [
        ("2024-01-01", 6, HOUR),
        ("2024-01-08", 4, None),  # the case of 200 hours ended in the next: four are too few
        ("2024-01-15", 5, 8 * HOUR),  # of 6, 5, 4 and 3 at risk, 1 each: 1/6 + 1/5 + 1/4 + 1/3 is more than log 2
    ]


def test_a_step_parts_two_phases_with_their_own_limits() -> None:
    rng = np.random.default_rng(1)
    hours = [float(h) for h in np.r_[rng.normal(10, 1, 20), rng.normal(30, 3, 12)]]
    found = trend(weekly(hours))
    assert found is not None
    [before, after] = found.phases
    assert after.first == (MONDAY + timedelta(weeks=20)).date().isoformat()
    assert before.typical_s == pytest.approx(10 * HOUR, rel=0.1)
    assert after.typical_s == pytest.approx(30 * HOUR, rel=0.1)
    told = np.log10([week.typical_s for week in found.weeks if week.first >= after.first])
    reach = 2.66 * np.abs(np.diff(told)).mean()  # Wheeler's constant
    assert after.high_s == pytest.approx(10 ** (told.mean() + reach), rel=1e-3)
    assert after.low_s == pytest.approx(10 ** (told.mean() - reach), rel=1e-3)


def test_where_ends_are_learned_the_weeks_end_before_the_undecided_cases() -> None:
    """Twelve weeks of eight cases. Two silent ones are a quarter of a week: the week of three, and all after it, are left out."""
    known = weekly([10.0] * 12, a_week=8)
    cases = [
        (datetime.fromtimestamp(b / 1e6, UTC), None if c < 0 else c / 1e6)
        for b, c in zip(known.began_us, known.cycle_us, strict=True)
    ]
    for weeks_with_three, told in ((), 12), ((11,), 11), ((9, 10, 11), 9), ((4,), 12):
        silent = [
            (MONDAY + timedelta(weeks=week, days=3), None)
            for week in range(1, 12)
            for _ in range(3 if week in weeks_with_three else 2)
        ]
        found = trend(lives([*cases, *silent], known.night_end), ends_declared=False)
        assert found is not None and len(found.weeks) == told


@pytest.mark.parametrize(("until", "told"), [(None, 12), (7 * 10, 10), (7 * 10 + 6, 10)])
def test_where_the_data_end_the_weeks_end_too(until: int | None, told: int) -> None:
    end = None if until is None else (MONDAY + timedelta(days=until)).date()
    found = trend(weekly([10.0] * 12), until=end)
    assert found is not None and len(found.weeks) == told


def test_noise_alone_is_one_phase() -> None:
    rng = np.random.default_rng(7)
    steps = sum(len(parts(rng.normal(0, 0.2, 104))) > 1 for _ in range(200))
    assert steps <= 3


def test_a_small_step_is_no_phase_however_sure() -> None:
    tenth = np.log10(1.1)
    assert parts(np.r_[np.zeros(30), np.full(30, tenth)] + 0.001 * (np.arange(60) % 2)) == [(0, 60)]
    assert parts(np.r_[np.zeros(30), np.full(30, 4 * tenth)] + 0.001 * (np.arange(60) % 2)) == [(0, 30), (30, 60)]


def test_run_rules() -> None:
    def marks(*sigmas: float) -> list[str]:
        return stands_out(np.array(sigmas))

    assert marks(0, 3.1, 0) == ["", "limit", ""]
    assert marks(2.1, 0, -2.1) == ["", "", ""]  # two of three, but not on one side
    assert marks(2.1, 0, 2.1) == ["", "", "run"]
    assert marks(-1.1, -1.1, 0.5, -1.1, -1.1) == ["", "", "", "", "run"]
    assert marks(*[0.1] * 8) == [""] * 7 + ["run"]
    assert marks(*[0.1] * 7) == [""] * 7


def test_a_quiet_process_is_told_in_four_weeks_at_a_time() -> None:
    found = trend(weekly([10.0] * 40, a_week=2))
    assert found is not None
    assert found.days == 28
    assert {week.finished for week in found.weeks} == {8}


def test_nothing_to_tell() -> None:
    assert trend(lives([(MONDAY, None)], MONDAY + timedelta(days=90))) is None
    assert trend(lives([(MONDAY, DAY)] * 50, MONDAY + timedelta(days=3))) is None


def test_weeks_begin_on_local_mondays() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2024, 4, 2, tzinfo=berlin)
    assert [day.isoformat() for day in mondays(datetime(2024, 3, 10, tzinfo=berlin), night, berlin)] == [
        "2024-03-11",
        "2024-03-18",
        "2024-03-25",
        "2024-04-01",
    ]
