"""A second trouble beside an open one, and not its echo; longer work; quicker steps; and what grows slowly."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from test_regressions import CHANGED, QUIET, STAFFED, changed, exposures, opened, told

from benchmarks.worlds import STEPS, Change
from mining.exposure import Exposure
from mining.findings import Verdict
from mining.register.life import is_news
from mining.regressions import nights_played, risen
from mining.regressions.echoes import is_echo
from mining.regressions.evidence import Cause, Reason
from mining.regressions.finding import Found, seen_again
from mining.regressions.series import Kind, Series, Watched
from mining.regressions.work import score_of_work, slower_work, work_began

LONGER = replace(QUIET, days=CHANGED + 40)
BEHIND_A_MIX = changed(
    Change("mix", day=CHANGED, size=0.55), Change("slow", day=CHANGED + 12, size=1.6, step=3), world=LONGER
)
BASE, RECENT = np.arange(100, 156), np.arange(156, 170)


def test_a_slow_down_behind_a_mix_shift_is_told_too() -> None:
    [(first, mix), (second, slow)] = opened(BEHIND_A_MIX)
    assert mix.verdict == Verdict.MIX_SHIFT and first >= CHANGED
    assert (slow.verdict, slow.step) == (Verdict.SLOWER_STEP, STEPS[3]) and second >= CHANGED + 12
    assert {alert.alert for alert in told(BEHIND_A_MIX)[-1]} == {mix.alert, slow.alert}


def test_one_trouble_is_told_once_however_long_it_lasts() -> None:
    assert len(opened(changed(Change("slow", day=CHANGED, size=1.6, step=1), world=LONGER))) == 1


def a_step(number: int, reason: Reason = Reason.UNKNOWN, score: float = 9.0) -> Found:
    return Found(Series(Kind.STEP, number), score, CHANGED, Cause(reason, number))


def of(kind: Kind, number: int = 0, score: float = 9.0) -> Found:
    return Found(Series(kind, number), score, CHANGED)


MIX, REWORK, STRIKE = of(Kind.MIX), of(Kind.TURN, 3), of(Kind.STANDSTILL)


@pytest.mark.parametrize(
    ("told_already", "new", "echo"),
    [
        (MIX, a_step(4), False),
        (MIX, a_step(4, score=4.0), True),  # it stands out less than one that comes after another must
        (MIX, a_step(4, Reason.WORK, score=4.0), False),  # but slower work is nobody's echo
        (MIX, a_step(4, Reason.NOTHING), True),  # a longer queue is
        (a_step(2), a_step(4), False),
        (a_step(2), a_step(2), True),
        (a_step(2, Reason.WORK), a_step(5, Reason.WORK), True),  # the same people do both
        (REWORK, a_step(4), True),
        (REWORK, a_step(4, Reason.PEOPLE), False),
        (a_step(2), MIX, False),
        (a_step(2), of(Kind.MIX, score=4.0), True),
        (REWORK, of(Kind.TURN, 2), True),
        (a_step(2), STRIKE, False),
        (STRIKE, a_step(4, Reason.WORK), True),
        (STRIKE, STRIKE, True),
    ],
)
def test_what_comes_of_the_first_is_its_echo(told_already: Found, new: Found, echo: bool) -> None:
    exposure = replace(exposures(QUIET)[0], pool=(-1, -1, 0, 1, 2, 0, 3))
    assert is_echo(exposure, BASE, RECENT, told_already, new, alarm=3.5) is echo


# The work itself.

STEP = 4


def at_work(longer: tuple[float, float], since: int = 160, many: tuple[int, int] = (20, 20)) -> Exposure:
    """180 days on which a step takes e^3 seconds for segment A and e^5 for B, and from a day on by a factor longer."""
    rng = np.random.default_rng(5)
    exposure = exposures(QUIET)[0].until(180)
    work = np.zeros((180, 2, len(exposure.names), 3))
    for day in range(180):
        for stratum, usual in enumerate((3.0, 5.0)):
            late = day >= since
            logs = rng.normal(usual + late * np.log(longer[stratum]), 0.5, many[stratum] if late else 20)
            work[day, stratum, STEP] = len(logs), logs.sum(), (logs**2).sum()
    return replace(exposure, work=work)


@pytest.mark.parametrize(
    ("longer", "segment"), [((1.4, 1.4), {}), ((1.0, 1.4), {"segment": "B"}), ((1.5, 1.0), {"segment": "A"})]
)
def test_work_that_takes_longer_is_seen_where_it_does(longer: tuple[float, float], segment: dict[str, str]) -> None:
    exposure, base = at_work(longer), np.arange(100, 156)
    [(step, found)] = slower_work(exposure, base, 179).items()
    assert (step, found.segment) == (STEP, segment) and found.score > 6
    assert abs(work_began(exposure, base, 179, found) - 160) <= 2
    assert score_of_work(exposure, base, 179, found) == pytest.approx(found.score)
    assert score_of_work(exposure, np.arange(60, 116), 150, found) == 0.0


def test_work_that_suddenly_takes_longer_is_seen_in_a_week_though_it_is_rare() -> None:
    """Of two weeks, the first is as usual: it hides the second."""
    found = slower_work(at_work((1.8, 1.8), many=(2, 2)), np.arange(96, 152), 166)[STEP]
    assert found.segment == {} and found.score > 5
    assert slower_work(at_work((1.2, 1.2), many=(2, 2)), np.arange(96, 152), 166) == {}


SLOWER_DESK = changed(Change("slow", day=CHANGED, size=2.0, step=1), world=STAFFED)


def test_a_queue_gets_its_reason_when_it_shows() -> None:
    watched, step = Watched(exposures(SLOWER_DESK)[0]), 3
    watched.left_out[CHANGED - 20 :] = True
    longer = Found(Series(Kind.STEP, step), 4.0, CHANGED - 20, Cause(Reason.NOTHING, step))
    assert seen_again(watched, CHANGED + 1, longer, CHANGED - 20) is longer
    found = seen_again(watched, CHANGED + 10, longer, CHANGED - 20)
    assert found.cause == Cause(Reason.WORK, step) and abs(found.since - CHANGED) <= 2
    fewer = replace(longer, cause=Cause(Reason.PEOPLE, step))
    assert seen_again(watched, CHANGED + 10, fewer, CHANGED - 20) is fewer


def test_an_open_alert_says_so_when_its_reason_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    exposure, wall = exposures(SLOWER_DESK)
    queue = Found(Series(Kind.STEP, 3), 4.0, CHANGED - 2, Cause(Reason.NOTHING, 3))
    only_a_queue = {CHANGED + 2: [queue]}
    monkeypatch.setattr(
        sys.modules["mining.regressions.play"], "unusual", lambda _watched, night, *_: only_a_queue.get(night, [])
    )
    nights = nights_played(exposure, range(CHANGED + 2, exposure.days), "world", wall)
    alerts = [alert for night in nights for alert in night.alerts]
    verdicts, turned = [alert.verdict for alert in alerts], alerts[-1]
    assert verdicts == sorted(verdicts) and set(verdicts) == {Verdict.CONGESTION, Verdict.SLOWER_STEP}
    assert (turned.alert, turned.step) == (alerts[0].alert, STEPS[1])
    assert alerts[0].since <= turned.since and is_news(turned, alerts[0])


def test_no_work_takes_longer_where_only_more_of_the_long_work_comes() -> None:
    assert slower_work(at_work((1.0, 1.0)), np.arange(100, 156), 179) == {}
    assert slower_work(at_work((1.0, 1.0), many=(5, 60)), np.arange(100, 156), 179) == {}
    assert slower_work(at_work((1.0, 0.6)), np.arange(100, 156), 179) == {}
    assert slower_work(at_work((1.0, 0.6)), np.arange(100, 156), 179, sign=-1)[STEP].segment == {"segment": "B"}


# The quick side.


def test_a_quicker_step_is_recorded_and_no_alert() -> None:
    world = changed(Change("slow", day=CHANGED, size=0.6, step=2), world=LONGER)
    exposure, wall = exposures(world)
    nights = nights_played(exposure, range(exposure.days), "world", wall)
    assert not any(night.alerts for night in nights)
    first = next(number for number, night in enumerate(nights) if night.improvements)
    assert CHANGED <= first <= CHANGED + 28
    [found] = nights[-1].improvements
    assert (found.after, found.step, found.night) == (STEPS[1], STEPS[2], exposure.day(first).isoformat())
    assert found.interval.low < found.change < found.interval.high < 0
    assert found.change == pytest.approx(-0.4, abs=0.12)
    assert found.decomposition.duration_s < 0


def test_where_nothing_became_quicker_no_improvement_is_recorded() -> None:
    exposure, wall = exposures(QUIET)
    assert not any(night.improvements for night in nights_played(exposure, range(exposure.days), "world", wall))


# What grows slowly.


def test_what_grew_for_months_is_seen_against_a_quarter_ago() -> None:
    world = replace(QUIET, days=290, changes=(Change("slow", day=150, size=1.8, step=1, ramp=140),))
    exposure, wall = exposures(world)
    [found] = risen(exposure, 289, wall)
    assert (found.after, found.step) == (STEPS[0], STEPS[1])
    assert found.interval.low < found.change < found.interval.high
    assert (exposure.first_day.isoformat(), found.first) < (found.first, found.last)
    assert risen(exposure, 150, wall) == ()
    assert risen(exposure, 60, wall) == ()  # nothing is as old
    waiting = replace(exposure, exposure=32 * exposure.exposure)
    assert risen(waiting, 289) == ()  # a case would take longer than the log


def test_nothing_has_risen_where_nothing_changed() -> None:
    exposure, wall = exposures(QUIET)
    assert [risen(exposure, night, wall) for night in (140, 170, 205)] == [(), (), ()]
