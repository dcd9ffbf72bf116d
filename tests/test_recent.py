"""The last weeks against those before, and the sentence made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from alert_samples import an_alert
from lives import DAY, HOUR, UTC, lives

from mining.findings import Changed, PathChange
from mining.lifetimes import Lifetimes
from mining.morning_findings import Delta, Phase, Recent, Tone, Trend
from mining.recent import recent
from mining.verdict import headline

NIGHT = datetime(2024, 6, 3, tzinfo=UTC)
NIGHT_DAY = NIGHT.date()


def flowing(before: float, now: float, *, a_week: int = 20, a_week_now: int = 20, seed: int = 0) -> Lifetimes:
    """Cases of 20 weeks, each about `before` hours, those that end in the last four about `now`."""
    rng = np.random.default_rng(seed)
    cases: list[tuple[datetime, float | None]] = []
    for week in range(20):
        late = week >= 16
        for spent in rng.lognormal(np.log(now if late else before), 0.3, a_week_now if late else a_week):
            end = NIGHT - timedelta(weeks=20 - week) + timedelta(seconds=float(rng.uniform(1, 6.9 * DAY)))
            cases.append((end - timedelta(hours=float(spent)), float(spent) * HOUR))
    return lives(cases, NIGHT)


def test_a_change_is_told_with_both_numbers() -> None:
    found = recent(flowing(10, 20), None, ends_declared=True)
    assert found is not None and found.typical_s is not None
    assert (found.first, found.last) == ("2024-05-06", "2024-06-02")
    assert found.typical_s.now == pytest.approx(20 * HOUR, rel=0.1)
    assert found.typical_s.before == pytest.approx(10 * HOUR, rel=0.1)
    assert (found.typical_s.changed, found.typical_s.good) == (True, False)
    assert found.p90_s is not None and found.p90_s.changed
    assert found.finished == Delta(80.0, 80.0, changed=False)


def test_a_change_for_the_better_is_good() -> None:
    found = recent(flowing(20, 10), 15 * HOUR, ends_declared=True)
    assert found is not None and found.typical_s is not None and found.within_target is not None
    assert found.typical_s.good is True
    assert (found.within_target.changed, found.within_target.good) == (True, True)


def test_a_small_change_is_none_however_sure() -> None:
    found = recent(flowing(10, 12, a_week=200, a_week_now=200), None, ends_declared=True)
    assert found is not None and found.typical_s is not None
    assert not found.typical_s.changed


def test_a_change_that_is_a_trifle_of_the_target_is_none() -> None:
    found = recent(flowing(10, 20), 100 * 24 * HOUR, ends_declared=True)
    assert found is not None and found.typical_s is not None
    assert not found.typical_s.changed


def test_chance_alone_is_hardly_ever_told() -> None:
    told = [recent(flowing(10, 10, a_week=8, a_week_now=8, seed=seed), None, ends_declared=True) for seed in range(60)]
    assert sum(one.typical_s.changed for one in told if one and one.typical_s) <= 1


def test_fewer_finished_is_told_and_neither_good_nor_bad() -> None:
    found = recent(flowing(10, 10, a_week=40, a_week_now=10), None, ends_declared=True)
    assert found is not None
    assert found.finished == Delta(40.0, 160.0, changed=True, good=None)


def test_open_cases_are_compared_only_where_ends_are_declared() -> None:
    known = flowing(10, 10)
    waiting = 200
    begins = [(NIGHT - timedelta(days=2), None)] * waiting
    closed = list(zip(known.began_us, known.cycle_us, strict=True))
    cases = [(datetime.fromtimestamp(b / 1e6, UTC), c / 1e6) for b, c in closed]
    found = recent(lives([*cases, *begins], NIGHT), None, ends_declared=True)
    assert found is not None and found.open is not None
    assert (found.open.now, found.open.changed, found.open.good) == (waiting, True, False)
    learned = recent(lives([*cases, *begins], NIGHT), None, ends_declared=False)
    assert learned is not None and learned.open is None and learned.finished is None


def test_a_young_or_a_quiet_log_is_not_compared() -> None:
    young = [(NIGHT - timedelta(weeks=week), HOUR) for week in range(1, 15) for _ in range(20)]
    assert recent(lives(young, NIGHT), None, ends_declared=True) is None
    assert recent(flowing(10, 10, a_week=4, a_week_now=4), None, ends_declared=True) is None


def some(typical: Delta | None) -> Recent:
    return Recent("2024-05-06", "2024-06-02", typical, None, None, None, None, None)


def phases(first: str) -> Trend:
    return Trend(7, (), (Phase("2024-01-01", "2024-04-29", HOUR, 0.5, 2), Phase(first, "2024-05-27", DAY, 0.5, 2)))


STEADY = some(Delta(10.0, 11.0, changed=False))
PATH = PathChange("Pick", "Ship", 50, 50, 1.0, 1.0, HOUR, DAY, True, False, False, 500.0)


def test_the_headline_is_steady_unless_the_change_was_told() -> None:
    found = headline(NIGHT_DAY, STEADY, None, (), None)
    assert found is not None
    assert (found.tone, found.typical_s, found.before_s) == (Tone.STEADY, 10.0, None)
    slower = headline(NIGHT_DAY, some(Delta(20.0, 10.0, changed=True, good=False)), None, (), None)
    assert slower is not None
    assert (slower.tone, slower.typical_s, slower.before_s, slower.since) == (Tone.SLOWER, 20.0, 10.0, None)


@pytest.mark.parametrize(("first", "tone"), [("2024-04-08", Tone.SLOWER), ("2024-04-01", Tone.STEADY)])
def test_a_new_phase_is_news_for_eight_weeks(first: str, tone: Tone) -> None:
    found = headline(NIGHT_DAY, some(Delta(DAY, DAY, changed=False)), phases(first), (), None)
    assert found is not None and found.tone is tone
    if tone is Tone.SLOWER:
        assert (found.typical_s, found.before_s, found.since) == (DAY, HOUR, first)


@pytest.mark.parametrize(("hours", "tone"), [(4.8, Tone.STEADY), (5.0, Tone.SLOWER)])
def test_a_phase_that_is_over_again_is_no_news(hours: float, tone: Tone) -> None:
    """From 1 h to 24 h: the last weeks are nearer to the phase before up to the root of their product, 4.9 h."""
    found = headline(NIGHT_DAY, some(Delta(hours * HOUR, DAY, changed=False)), phases("2024-04-08"), (), None)
    assert found is not None and found.tone is tone


def test_steady_is_not_said_of_two_very_different_times() -> None:
    alike = headline(NIGHT_DAY, some(Delta(10.0, 12.0, changed=False)), None, (), None)
    unlike = headline(NIGHT_DAY, some(Delta(10.0, 20.0, changed=False)), None, (), None)
    assert alike is not None and unlike is not None
    assert (alike.tone, alike.before_s) == (Tone.STEADY, None)
    assert (unlike.tone, unlike.before_s) == (Tone.STEADY, 20.0)


def test_no_change_is_told_while_many_may_be_over_without_its_being_known() -> None:
    known = flowing(10, 20)
    cases = [
        (datetime.fromtimestamp(b / 1e6, UTC), c / 1e6) for b, c in zip(known.began_us, known.cycle_us, strict=True)
    ]
    for silent, told in ((20, True), (21, False)):  # of the 80 that finished in the last four weeks: a quarter
        found = recent(lives([*cases, *[(NIGHT - timedelta(days=9), None)] * silent], NIGHT), None, ends_declared=False)
        assert found is not None and found.typical_s is not None and found.typical_s.changed is told


def cause(recent: Recent, **told: Any) -> tuple[str | None, str | None]:
    found = headline(NIGHT_DAY, recent, None, told.get("alerts", ()), told.get("changed"))
    assert found is not None
    return found.after, found.step


def test_the_cause_is_the_worst_alert_else_the_largest_change_of_a_path() -> None:
    slower = some(Delta(20.0, 10.0, changed=True, good=False))
    changed = Changed(paths=(replace(PATH, target="Close", impact_s=1.0), PATH))
    alert = replace(an_alert(), step="Ship", after="Check", change=0.4, share_of_cycle_time=0.2)
    assert cause(slower, changed=changed) == ("Pick", "Ship")
    assert cause(slower, changed=changed, alerts=(alert,)) == ("Check", "Ship")
    assert cause(slower) == (None, None)
    assert cause(STEADY, changed=changed, alerts=(alert,)) == (None, None)  # nothing to explain


def test_without_anything_to_compare_there_is_no_headline() -> None:
    assert headline(date(2024, 6, 3), None, Trend(7, (), ()), (), None) is None


def test_a_slow_down_counts_before_its_cases_are_done() -> None:
    """Of the cases of the last weeks only the quick ones could finish: among the finished, nothing has changed."""
    cases: list[tuple[datetime, float | None]] = []
    for day in range(140):
        began = NIGHT - timedelta(days=140 - day, hours=-1)
        for place in range(10):
            cycle = 40 * HOUR * (1 + place / 10) if day < 110 or place < 2 else None
            cases.append((began, cycle if cycle and began + timedelta(seconds=cycle) < NIGHT else None))
    found = recent(lives(cases, NIGHT), None, ends_declared=True)
    assert found is not None and found.typical_s is None  # half of them will take longer than anybody has waited
    shown = recent(lives(cases, NIGHT), 72 * HOUR, ends_declared=True)
    assert shown is not None and shown.within_target is not None
    assert (shown.within_target.changed, shown.within_target.good) == (True, False)
    learned = recent(lives(cases, NIGHT), 72 * HOUR, ends_declared=False)
    assert learned is not None and learned.within_target is not None and not learned.within_target.changed
