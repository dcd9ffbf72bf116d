"""The detector on own worlds with a known truth, and its parts on numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from benchmarks.worlds import STEPS, Change, World
from benchmarks.worlds.visits import PROCESS, visits
from mining.calendar import day_edges, wall_clock
from mining.comparison import Comparison
from mining.crews import crews
from mining.exposure import AGES, OLDEST, Exposure, clock_of
from mining.findings import Alert, Turn, Verdict
from mining.regressions import play
from mining.regressions.evidence import Reason, cause
from mining.regressions.expected import BASE_DAYS, GAP_DAYS, Floats, Pace, base_days
from mining.regressions.play import Nights
from mining.regressions.scores import ALARM, alarm_from, alone, spread
from mining.regressions.series import Matter, Watched, how_many
from mining.visits import OPEN, Visits

CHANGED = 182  # a Monday
QUIET = World(seed=11, days=CHANGED + 24, noise=0.05)


@cache
def exposures(world: World) -> tuple[Exposure, Exposure]:
    """By the working clock and by the wall clock."""
    seen = visits(world.log())
    return tuple(Exposure.of(seen, clock, PROCESS.zone) for clock in (clock_of(PROCESS, seen), wall_clock()))  # type: ignore[return-value]


@cache
def told(world: World) -> tuple[tuple[Alert, ...], ...]:
    """What every night of a world tells."""
    exposure, wall = exposures(world)
    return play(exposure, range(exposure.days), "world", wall)


def changed(*changes: Change, world: World = QUIET) -> World:
    return replace(world, changes=changes)


def opened(world: World) -> list[tuple[int, Alert]]:
    return [
        (night, alert) for night, alerts in enumerate(told(world)) for alert in alerts if alert.event == Turn.OPENED
    ]


SLOW = changed(Change("slow", day=CHANGED, size=1.5, step=2))


def test_a_slower_step_is_told_with_its_name_its_day_and_its_size() -> None:
    [(night, alert)] = opened(SLOW)
    assert CHANGED <= night <= CHANGED + 10
    assert (alert.verdict, alert.step, alert.after) == (Verdict.SLOWER_STEP, STEPS[2], STEPS[1])
    assert alert.interval.low < alert.change < alert.interval.high
    exposure = exposures(SLOW)[0]
    assert alert.night == exposure.day(night).isoformat()
    assert abs((exposure.day(CHANGED) - date.fromisoformat(alert.since)).days) <= 3
    [last] = told(SLOW)[-1]
    assert (last.alert, last.event) == (alert.alert, Turn.UPDATED)
    assert last.change == pytest.approx(0.5, abs=0.15)


def test_a_night_tells_the_same_in_any_range_and_without_the_future() -> None:
    exposure, wall = exposures(SLOW)
    night = opened(SLOW)[0][0]
    assert play(exposure, range(night - 3, night + 4), "world", wall) == told(SLOW)[night - 3 : night + 4]
    assert play(exposure.until(night + 1), range(night, night + 3), "world", wall.until(night + 1)) == (
        told(SLOW)[night],
        (),
        (),
    )


def test_where_nothing_changes_nothing_is_told() -> None:
    assert opened(QUIET) == []


def test_faster_is_no_alarm() -> None:
    assert opened(changed(Change("slow", day=CHANGED, size=0.6, step=2))) == []


def test_more_cases_of_a_slower_kind_are_a_mix_shift() -> None:
    [(night, alert)] = opened(changed(Change("mix", day=CHANGED, size=0.55)))
    assert CHANGED <= night <= CHANGED + 21
    assert (alert.verdict, alert.segment) == (Verdict.MIX_SHIFT, {"segment": "B"})


def test_cases_that_are_sent_back_more_often_are_more_rework() -> None:
    world = replace(QUIET, rework=0.05)
    [(night, alert)] = opened(changed(Change("rework", day=CHANGED, size=0.25), world=world))
    assert CHANGED <= night <= CHANGED + 14
    assert alert.verdict == Verdict.MORE_REWORK


def test_a_strike_is_an_absence_and_is_over_when_it_is_over() -> None:
    world = changed(Change("strike", day=CHANGED, until=CHANGED + 4))
    [(night, alert)] = opened(world)
    assert CHANGED + 2 <= night <= CHANGED + 4 and alert.verdict == Verdict.ABSENCE
    assert told(world)[-1] == ()
    [end] = [one for alerts in told(world) for one in alerts if one.event == Turn.RESOLVED]
    assert end.alert == alert.alert


def test_expected_exits_of_the_base_are_those_that_were_seen() -> None:
    """Proportional fitting keeps the sums by flow and weekday."""
    exposure = exposures(QUIET)[0]
    days = np.arange(60, 116)
    pace = Pace.of(exposure, days)
    expected = np.array([pace.expected(exposure, int(day)).sum(axis=1) for day in days])
    seen = exposure.flow_exits[days].sum(axis=(1, 3))
    np.testing.assert_allclose(expected.sum(axis=0), seen.sum(axis=0), rtol=0.02)
    weekday = (exposure.first_day.weekday() + days) % 7
    for day in range(7):
        np.testing.assert_allclose(
            expected[weekday == day].sum(axis=0), seen[weekday == day].sum(axis=0), rtol=0.08, atol=3
        )


def test_one_exit_at_a_rare_age_makes_nobody_late() -> None:
    """It came soon after the age was reached; who gets there later and stays is not expected to leave every few minutes."""
    exposure = exposures(QUIET)[0]
    days, flow = np.arange(60, 116), 2
    state = exposure.flows[flow][0]
    lived, exits = exposure.exposure.copy(), exposure.flow_exits.copy()
    lived[:, :, state, -1] = 0
    exits[:, :, flow, -1] = 0
    lived[80, 0, state, -1], exits[80, 0, flow, -1] = 100.0, 1.0
    lived[150, 0, state, -1] = 86_400.0
    rare = replace(exposure, exposure=lived, flow_exits=exits)
    lived[150, 0, state, -1], without = 0.0, Pace.of(rare, days).expected(rare, 150)[flow].sum()
    lived[150, 0, state, -1] = 86_400.0
    assert Pace.of(rare, days).expected(rare, 150)[flow].sum() - without < 10


def test_the_base_ends_a_week_ago_and_holds_no_day_of_an_incident() -> None:
    left_out = np.zeros(200, bool)
    left_out[150:170] = True
    days = base_days(180, left_out)
    assert len(days) == BASE_DAYS and days[-1] == 180 - GAP_DAYS and not left_out[days].any()
    assert len(base_days(30, left_out)) == 0


def test_the_spread_is_the_series_own_without_newest_nights_and_incidents() -> None:
    rng = np.random.default_rng(1)
    past = rng.normal(0, 3.0, (400, 1))
    past[-20:] = 100.0
    past[200:230] = 100.0
    unlike = np.zeros(400, bool)
    unlike[200:230] = True
    assert spread(past, unlike, 1.0, 3)[0] == pytest.approx(3.0, rel=0.2)
    assert spread(past / 30, unlike, 1.0, 3)[0] == pytest.approx(1.0, rel=0.1)
    assert spread(past[:30], unlike[:30], 1.0, 3)[0] == np.inf


def moving_sums(rng: np.random.Generator, series: int, window: int = 14, nights: int = 400) -> Floats:
    """Scores of a window that moves by a night: normal, with a spread of 1."""
    days = rng.normal(0, 1 / np.sqrt(window), (nights + window, series)).cumsum(axis=0)
    return np.asarray(days[window:] - days[:-window])


def test_series_that_vary_alike_share_their_spread_and_others_keep_their_own() -> None:
    """A history of 300 nights holds some twenty windows of 14: of so few, nobody knows a spread within a fifth."""
    rng, none = np.random.default_rng(2), np.zeros(400, bool)
    alone_, together = [], []
    for _ in range(60):
        past = 3 * moving_sums(rng, 5)
        together.append(spread(past, none, 1.0, 14) / 3)
        alone_.append(np.concatenate([spread(past[:, [column]], none, 1.0, 14) for column in range(5)]) / 3)
    assert np.std(together) < 0.65 * np.std(alone_)
    assert np.mean(together) == pytest.approx(1.0, abs=0.05)
    past = moving_sums(rng, 5) * [2, 2, 2, 2, 20]
    own, one = spread(past, none, 1.0, 14), spread(past[:, [4]], none, 1.0, 14)
    assert own[4] == pytest.approx(one[0], rel=0.15) and (own[:4] < 3).all()


@pytest.mark.parametrize(("size", "set_aside"), [(1.3, False), (3.0, True)])
def test_the_days_of_a_small_spell_that_passes_are_days_like_others(size: float, set_aside: bool) -> None:
    """Else each of them would make the next one look more unusual; what was no chance stays out of what is usual."""
    spell = Change("slow", day=CHANGED, size=size, step=2, until=CHANGED + 14)
    exposure, wall = exposures(replace(QUIET, days=CHANGED + 50, changes=(spell,)))
    machine = Nights(Watched(exposure, wall), "world", ALARM)
    told = [one.event for night in range(exposure.days) for one in machine.play(night).alerts if one.step == STEPS[2]]
    assert told.count(Turn.OPENED) == told.count(Turn.RESOLVED) == 1
    assert machine.watched.unlike[CHANGED : CHANGED + 10].any() == set_aside
    assert machine.watched.left_out[CHANGED : CHANGED + 10].any() == set_aside


STAFFED = World(seed=3, days=CHANGED + 14, queues=True, noise=0.05)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change("slow", day=CHANGED, size=1.5, step=1), Reason.WORK),
        (Change("capacity", day=CHANGED, size=0.7, step=1), Reason.PEOPLE),
        (Change("surge", day=CHANGED, size=1.3), Reason.INFLOW),
        (Change("surge", day=CHANGED, size=1.0), Reason.NOTHING),
    ],
)
def test_why_people_make_cases_wait(change: Change, reason: Reason) -> None:
    exposure = exposures(changed(change, world=STAFFED))[0]
    step = exposure.names.index(STEPS[1])
    found = cause(exposure, np.arange(CHANGED - 56, CHANGED), np.arange(CHANGED, CHANGED + 14), step)
    assert (found.reason, found.step) == (reason, step)


def test_nothing_is_known_of_work_without_starts() -> None:
    found = cause(exposures(QUIET)[0], np.arange(100, 156), np.arange(160, 174), 2)
    assert found.reason is Reason.UNKNOWN


def test_steps_of_the_same_people_are_a_pool() -> None:
    done = [(1, 7), (1, 8), (2, 7), (2, 8), (2, 9), (3, 5), (4, 0)]  # step, person; nobody is known to do step 4
    hour = 3_600_000_000
    count = len(done)
    seen = Visits(
        state=np.zeros(count, np.int64),
        next=np.array([step for step, _ in done]),
        entered_us=np.arange(count) * hour,
        left_us=np.arange(count) * hour + hour,
        stratum=np.zeros(count, np.int64),
        case=np.arange(count),
        first_us=np.arange(count) * hour,
        first_stratum=np.zeros(count, np.int64),
        names=("just begun", "a", "b", "c", "d"),
        strata=({},),
        night_end_us=48 * hour,
        who=np.array([person for _, person in done]),
    )
    pool, people = crews(seen, day_edges(PROCESS.zone, date(1970, 1, 1), 2))
    assert pool == (-1, 0, 0, 1, -1)
    assert people.tolist() == [[3, 1], [0, 0]]


def test_fewer_false_alerts_need_a_higher_score() -> None:
    assert alarm_from(1.0) == ALARM
    rates = (100, 2.5, 0.5, 0.25, 0.001)
    assert [alarm_from(rate) for rate in rates] == pytest.approx([2.5, 2.5, 3.2, 3.5, 4.5])


def test_of_many_series_each_must_be_surer() -> None:
    assert alarm_from(1.0, 3) == alarm_from(1.0, 5) == ALARM
    assert alarm_from(1.0, 20) == alarm_from(0.25) == 3.5
    assert alarm_from(0.5, 10) == alarm_from(0.25)


def test_what_all_steps_share_is_half_taken_off_and_one_step_alone_tells_nothing_of_the_others() -> None:
    due = np.full(5, 100.0)
    surplus, variance = alone(np.full(5, 20.0), due, due, due)
    np.testing.assert_allclose(surplus, 10.0)  # all are late by a fifth
    np.testing.assert_allclose(variance, 100 + 0.25 * np.pi / 2 * 100**2 / 400)
    for late in (60.0, -60.0):  # one of them, or quick
        surplus, _variance = alone(np.array([0.0, late, 0.0, 0.0, 0.0]), due, due, due)
        assert surplus.tolist() == [0.0, late, 0.0, 0.0, 0.0]


def test_of_few_steps_or_of_steps_with_few_exits_nobody_knows_what_is_shared() -> None:
    due, surplus = np.array([100.0, 100.0, 100.0, 2.0]), np.full(4, 20.0)
    for same in (3, 4):
        assert alone(surplus[:same], due[:same], due[:same], due[:same])[0].tolist() == surplus[:same].tolist()


def weights(exits: Floats, lived: Floats) -> Floats:
    """What an exit tells at each age, of a flow with so many exits, and so much time lived, in each bin of every day."""
    exposure, flow = exposures(QUIET)[0], 2
    many = np.zeros_like(exposure.flow_exits)
    many[:, :, flow] = exits
    long = np.broadcast_to(lived, exposure.exposure.shape)
    return Pace.of(replace(exposure, flow_exits=many, exposure=long), np.arange(60, 116)).weight[flow]


@pytest.mark.parametrize("shape", [0.7, 1.0, 1.4])
def test_what_an_exit_tells_is_one_and_the_slope_of_the_hazard(shape: float) -> None:
    """Of Weibull's stays it is their shape, at every age that many reach; of the last ones, hardly anything is told."""
    edges = np.append(AGES, OLDEST) / 3e5
    survival = np.exp(-(edges**shape))
    exits = 100 * -np.diff(survival)
    lived = [100 * 3e5 * quad(lambda age: np.exp(-(age**shape)), *bin_)[0] for bin_ in pairwise(edges)]
    weight = weights(exits, np.array(lived))
    reached = survival[1:] > 0.6
    np.testing.assert_allclose(weight[reached][4:], shape, rtol=0.05)
    last = survival[:-1] < 1e-3
    assert (weight[last] < 0.1).all()


def test_of_stays_that_nobody_has_ended_no_age_tells_anything() -> None:
    assert not weights(np.zeros(len(AGES)), np.ones(len(AGES))).any()


def test_three_days_without_work_are_an_absence_unless_such_days_are_common() -> None:
    exposure, friday = exposures(QUIET)[0], CHANGED - 3

    def stands_still(*days: int) -> bool:
        moved = exposure.flow_exits.copy()
        moved[list(days)] = 0.0
        return Watched(replace(exposure, flow_exits=moved)).stands_still(friday)

    often = [friday - ago for ago in (10, 18, 29, 37)]  # working days of the base, each another weekday
    assert not stands_still(friday - 1, friday)
    assert stands_still(friday - 2, friday - 1, friday)
    assert not stands_still(friday - 2, friday - 1, friday, *often)
    assert stands_still(*range(friday - 4, friday + 1), *often)


def test_series_are_the_steps_that_take_time_and_the_further_ways_out_of_a_state() -> None:
    straight, loops = exposures(QUIET)[0], exposures(replace(QUIET, rework=0.1))[0]
    assert (how_many(straight), how_many(loops)) == (5, 6)
    assert how_many(straight.until(100)) == how_many(straight)


def test_who_waits_for_another_step_does_not_make_one_late() -> None:
    """Half of the cases go on to a step whose queue has just grown; the others go where they always went, as fast as ever."""
    rng, hour = np.random.default_rng(4), 3_600_000_000
    entered = np.sort(rng.uniform(0, 60 * 24, 3000))
    queue = rng.random(3000) < 0.5
    waits = rng.lognormal(np.log(5), 0.5, 3000) * np.where(queue & (entered > 46 * 24), 12, 1)
    left = entered + waits
    start, night = 1_704_067_200_000_000, 60 * 24
    seen = Visits(
        state=np.ones(3000, np.int64),
        next=np.where(left >= night, OPEN, np.where(queue, 3, 2)),
        entered_us=start + (entered * hour).astype(np.int64),
        left_us=start + (np.minimum(left, night) * hour).astype(np.int64),
        stratum=np.zeros(3000, np.int64),
        case=np.arange(3000),
        first_us=start + (entered * hour).astype(np.int64),
        first_stratum=np.zeros(3000, np.int64),
        names=("just begun", "Take", "Ask", "Queue"),
        strata=({},),
        night_end_us=start + night * hour,
    )
    exposure = Exposure.of(seen, wall_clock(), PROCESS.zone)
    matter = Matter.of(Comparison(exposure, np.arange(44), np.arange(47, 60), noise=False))
    assert matter.effect[2] > 0.1, "it looks late"
    assert matter.slower(0.02, 0.1).tolist() == [False, False, False, True]
