"""Why it got slower: the algebra is exact, the estimate agrees with what was planted, and the cause is named, not its echo."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.worlds import APPROVE, Change, Truth, World
from benchmarks.worlds.visits import PROCESS, visits
from mining.calendar import wall_clock
from mining.comparison import RECENT, Comparison
from mining.drivers import Explanation, explain, shifts
from mining.exposure import AGES, Exposure, clock_of
from mining.findings import Verdict
from mining.load import load_of
from mining.semi_markov import Counts, Estimate, competing, estimate, hazards
from mining.shapley import shapley, split, turns

DAYS, CHANGED = 260, 239
BASE, RECENT_DAYS = np.arange(CHANGED - 63, CHANGED - 7), np.arange(DAYS - 14, DAYS)
QUIET = World(seed=2, days=DAYS, noise=0.05, rework=0.1)
CHECK_CODE, APPROVE_CODE, SHIP_CODE = 2, 3, 5  # 0 is just begun, 1 is Receive


@cache
def seen(world: World) -> tuple[Exposure, Exposure]:
    stays, zone = visits(world.log()), ZoneInfo("UTC")
    return Exposure.of(stays, clock_of(PROCESS, stays), zone), Exposure.of(stays, wall_clock(), zone)


def planted(*changes: Change, world: World = QUIET, **asked: object) -> Explanation:
    exposure, wall = seen(replace(world, changes=changes))
    return explain(exposure, BASE, RECENT_DAYS, wall, **asked)  # type: ignore[arg-type]


# The algebra.

FACTORS = arrays(float, (2, 3, 4), elements=st.floats(0, 1e6, allow_subnormal=False))


@given(FACTORS, FACTORS, FACTORS)
def test_shapley_values_sum_to_the_change(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    parts = shapley((a[0], a[1]), (b[0], b[1]), (c[0], c[1]))
    change = a[1] * b[1] * c[1] - a[0] * b[0] * c[0]
    largest = max(float((a * b * c).max()), a.max() * b.max() * c.max(), 1.0)
    assert np.allclose(sum(parts), change, atol=1e-9 * largest)


def test_shapley_is_the_mean_over_all_orders() -> None:
    before, now = (2.0, 3.0, 5.0), (3.0, 7.0, 4.0)
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    expected = np.zeros(3)
    for order in orders:
        factors = list(before)
        for which in order:
            old = np.prod(factors)
            factors[which] = now[which]
            expected[which] += (np.prod(factors) - old) / len(orders)
    assert np.allclose(shapley(*((np.array(x), np.array(y)) for x, y in zip(before, now, strict=True))), expected)


@given(
    arrays(float, (2, 3), elements=st.floats(0.01, 1)),
    arrays(float, (2, 3, 5), elements=st.floats(0, 5)),
    arrays(float, (2, 3, 5), elements=st.floats(0, 1e6)),
)
def test_a_split_has_no_rest(mix: np.ndarray, visits_: np.ndarray, sojourn: np.ndarray) -> None:
    shares = mix / mix.sum(axis=1, keepdims=True)
    told = Estimate(shares, visits_, sojourn, visits_)
    assert np.allclose(split(told).total, told.mean - told.mean[0], rtol=1e-9, atol=1e-3)


def test_more_cases_of_one_kind_are_its_own_effect_and_not_that_of_the_others() -> None:
    told = Estimate(
        np.array([[0.75, 0.25], [0.5, 0.5]]), np.ones((2, 2, 1)), np.array([[[10.0], [20.0]]] * 2), np.ones((2, 2, 1))
    )
    # B takes 20 against 13.75 on average of the two periods: a quarter more of them is 1.5625; a quarter less of A 0.9375
    assert np.allclose(split(told).mix[1], [0.9375, 1.5625])
    assert split(told).total[1] == 2.5


# The estimate.


def counted(moves: np.ndarray, exposure: np.ndarray, **other: object) -> Counts:
    """Two equal periods of A -> B -> end, with B back to A; one stratum."""
    usual = {
        "starts": np.tile([[[1000.0, 0.0, 0.0]]], (2, 1, 1)),
        "goes_on": np.tile([1.0, 1.0, 0.0], (2, 1)),
        "state": np.array([0, 1, 1]),
        "next": np.array([1, 0, 2]),
        "ages": np.array([0.0, 10.0, 20.0]),
        "pace": np.ones(3),
    } | other
    return Counts(moves=np.stack([moves] * 2)[:, None], exposure=np.stack([exposure] * 2)[:, None], **usual)  # type: ignore[arg-type]


def test_a_loop_by_hand() -> None:
    # constant hazards: A 0.05 a second; B 0.02 back to A and 0.08 to the end. So B goes back one time in five.
    lived = np.array([[1e6, 1e6, 1e6], [1e6, 1e6, 1e6], [0, 0, 0]])
    moves = np.array([[5e4] * 3, [2e4] * 3, [8e4] * 3])
    told = estimate(counts := counted(moves, lived), hazards(counts))
    assert told.chance[0, 0] == pytest.approx([1, 0.2, 0.8], rel=1e-3)
    assert told.visits[0, 0] == pytest.approx([1.25, 0.25, 1.0], rel=1e-3)
    assert told.sojourn[0, 0] == pytest.approx([20, 10, 10], rel=1e-3)
    assert told.mean[0] == pytest.approx(1.25 * (20 + 10), rel=1e-3)


SPARSE = st.sampled_from([0.0, 0.0, 1.0, 7.0, 500.0])


@settings(deadline=None)
@given(
    arrays(float, (3, 2, 3, 3), elements=SPARSE),
    arrays(float, (3, 2, 3, 3), elements=SPARSE),
    arrays(float, (3, 2, 3), elements=SPARSE),
)
def test_whatever_was_never_seen_has_numbers_that_add_up(
    moves: np.ndarray, lived: np.ndarray, starts: np.ndarray
) -> None:
    """Cells without moves, without time lived, strata without cases: the parts are finite and sum to the change."""
    starts[0, 0, 0] += 1  # but one case there is
    empty = counted(np.zeros((3, 3)), np.zeros((3, 3)))
    counts = replace(empty, moves=moves, exposure=lived * 3600, starts=starts, goes_on=np.tile([1.0, 1.0, 0.0], (3, 1)))
    told = estimate(counts, hazards(counts))
    parts = split(told)
    assert np.isfinite(told.mean).all() and (told.mean >= 0).all() and (told.chance <= 1 + 1e-9).all()
    assert np.allclose(parts.total, told.mean - told.mean[0], rtol=1e-9, atol=1e-6 * max(told.mean.max(), 1))
    assert np.isfinite(turns(told, counts)).all()


def test_the_mean_of_a_simulated_process() -> None:
    random = np.random.default_rng(3)
    total = 0.0
    cases = 100_000
    at = np.zeros(cases, int)
    time = np.zeros(cases)
    hazard = np.array([[0.01, 0.2, 0.05], [0.03, 0.02, 0.02], [0.0, 0.1, 0.3]])  # A>B, B>A, B>end; by age
    state, ages = np.array([0, 1, 1]), np.array([0.0, 10.0, 20.0])
    running = np.arange(cases)
    while len(running):
        age = np.full(len(running), 0.0)
        moved = np.full(len(running), -1)
        for step, (low, high) in enumerate([(0, 10), (10, 20), (20, np.inf)]):
            here = np.flatnonzero(moved < 0)
            rates = np.where(state[None] == at[running[here], None], hazard[:, step], 0)
            wait = random.exponential(1 / rates.sum(axis=1))
            goes = low + wait < high
            chosen = (random.random((len(here), 1)) * rates.sum(axis=1, keepdims=True) > np.cumsum(rates, axis=1)).sum(
                axis=1
            )
            age[here] = np.where(goes, low + wait, high)
            moved[here[goes]] = chosen[goes]
        time[running] += age
        at[running] = np.array([1, 0, 2])[moved]
        running = running[at[running] < 2]
    total = time.mean()
    chance, sojourn = competing(hazard, state, ages)
    onward = np.array([[0, chance[0]], [chance[1], 0]])
    visits_ = np.linalg.solve(np.eye(2) - onward.T, [1, 0])[state] * chance
    assert (visits_ * sojourn).sum() == pytest.approx(total, rel=0.01)


STAYS = np.exp(np.random.default_rng(4).standard_normal(5_000))  # days


def lived_through(stays: np.ndarray, cases: float) -> tuple[np.ndarray, np.ndarray]:
    """(exits, seconds) by bin of age of so many cases, if they stay as these on average do: no luck in it."""
    seconds = stays[:, None] * 86_400
    ends = np.histogram(seconds, [*AGES, np.inf])[0]
    return cases / len(stays) * ends, cases * np.clip(seconds - AGES, 0, np.diff(AGES, append=np.inf)).mean(axis=0)


@pytest.mark.parametrize("cases", [40, 120, 1000])
@pytest.mark.parametrize("times", [0.5, 1.0, 1.3, 2.0])
def test_few_cases_do_not_make_a_change_smaller(cases: float, times: float) -> None:
    """The other period is no prior of how long stays are, nor the other stratum: neither draws a change towards none."""
    strata = ((0.75, 1.0), (0.25, 1.8))  # share of the cases, and how long they stay
    periods = ((3 * cases, 1.0), (cases, times))
    cells = [[lived_through(STAYS * long * slower, many * share) for share, long in strata] for many, slower in periods]
    counts = Counts(
        starts=np.array([[[many * share, 0.0] for share, _long in strata] for many, _slower in periods]),
        moves=np.array([[[exits] for exits, _lived in row] for row in cells]),
        exposure=np.array([[[lived, 0 * lived] for _exits, lived in row] for row in cells]),
        goes_on=np.tile([1.0, 0.0], (2, 1)),
        state=np.array([0]),
        next=np.array([1]),
        ages=AGES,
        pace=np.ones(2),
    )
    told = estimate(counts, hazards(counts))
    assert told.mean[1] / told.mean[0] == pytest.approx(times, rel=0.02)


def test_the_turn_that_is_taken_more_often_has_the_whole_effect() -> None:
    lived = np.array([[3e6] * 3, [3e6] * 3, [0] * 3])
    counts = counted(np.array([[5e4] * 3, [2e4] * 3, [8e4] * 3]), lived)
    counts.moves[1, 0, 1:] = [[4e4] * 3, [6e4] * 3]  # B goes back two times in five
    told = estimate(counts, hazards(counts))
    gained = turns(told, counts)[0]
    assert gained.argmax() == 1
    assert gained.sum() == pytest.approx(split(told).totals[1, 1], rel=0.03)


# What is planted in worlds of delays.

SCENARIOS: dict[str, tuple[Change, ...]] = {
    "mix": (Change("mix", CHANGED, 0.45),),
    "slower": (Change("slow", CHANGED, 1.3, step=APPROVE),),
    "rework": (Change("rework", CHANGED, 0.25),),
    "all": (Change("mix", CHANGED, 0.45), Change("slow", CHANGED, 1.3, step=APPROVE), Change("rework", CHANGED, 0.25)),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_parts_are_the_truth_within_a_tenth(name: str) -> None:
    """Mean of four worlds, as each has its own luck; no part of the wrong sign where there is one to tell."""
    told, truths = [], []
    for seed in range(4):
        world = replace(QUIET, seed=seed, changes=SCENARIOS[name])
        exposure, wall = seen(world)
        told.append(split_of(explain(exposure, BASE, RECENT_DAYS, wall)))
        truths.append(split_of(world.truth()))
    estimated, true = np.mean(told, axis=0), np.mean(truths, axis=0)
    assert np.abs(estimated - true).max() < max(0.1 * true[:3].sum(), 0.015)
    assert (np.array(told)[:, :3][np.array(truths)[:, :3] > 0.01] > 0).all()


def split_of(told: Explanation | Truth) -> list[float]:
    """Mix, visits, duration, of the mean before."""
    if isinstance(told, Truth):
        return [told.mix / told.without, told.visits / told.without, told.duration / told.without]
    parts = told.decomposition
    return [parts.mix_s / parts.before_s, parts.visits_s / parts.before_s, parts.duration_s / parts.before_s]


def test_verdicts_steps_and_segments() -> None:
    slower = planted(*SCENARIOS["slower"])
    assert (slower.verdict, slower.after, slower.step, slower.segment) == (Verdict.SLOWER_STEP, "Check", "Approve", {})
    assert slower.interval.low < slower.change < slower.interval.high
    assert slower.change == pytest.approx(0.3, abs=0.1)
    mix = planted(*SCENARIOS["mix"])
    assert (mix.verdict, mix.step, mix.segment) == (Verdict.MIX_SHIFT, None, {"segment": "B"})
    rework = planted(*SCENARIOS["rework"])
    assert (rework.verdict, rework.after, rework.step) == (Verdict.MORE_REWORK, None, "Approve")
    only_b = planted(Change("slow", CHANGED, 2.0, step=3, segment="B"))
    assert (only_b.verdict, only_b.step, only_b.segment) == (Verdict.SLOWER_STEP, "Ship", {"segment": "B"})


def test_the_parts_add_up_and_the_largest_comes_first() -> None:
    found = planted(*SCENARIOS["all"])
    parts = found.decomposition
    assert sum(part.seconds for part in found.parts) == pytest.approx(parts.now_s - parts.before_s)
    assert parts.mix_s + parts.visits_s + parts.duration_s == pytest.approx(parts.now_s - parts.before_s)
    assert [abs(part.seconds) for part in found.parts] == sorted(
        (abs(part.seconds) for part in found.parts), reverse=True
    )
    assert {part.factor for part in found.parts} == {"mix", "visits", "duration"}


def test_what_was_not_planted_has_no_sure_direction() -> None:
    assert planted(*SCENARIOS["mix"]).decomposition.unsure == ("visits", "duration")
    assert planted(*SCENARIOS["rework"]).decomposition.unsure == ("mix", "duration")
    assert planted(*SCENARIOS["all"]).decomposition.unsure == ()


def test_what_was_seen_is_what_is_explained() -> None:
    found = planted(*SCENARIOS["all"], step=APPROVE_CODE)
    assert (found.verdict, found.step) == (Verdict.SLOWER_STEP, "Approve")
    assert planted(*SCENARIOS["all"], known=Verdict.MORE_REWORK).step == "Approve"
    assert planted(*SCENARIOS["all"], known=Verdict.MIX_SHIFT).segment == {"segment": "B"}


def test_an_improvement_is_told_with_its_sign() -> None:
    found = planted(Change("slow", CHANGED, 0.7, step=APPROVE), sign=-1)
    assert (found.verdict, found.step) == (Verdict.SLOWER_STEP, "Approve")
    assert found.change == pytest.approx(-0.3, abs=0.1) and found.decomposition.duration_s < 0


def test_nothing_moves_in_a_strike() -> None:
    exposure, wall = seen(replace(QUIET, changes=(Change("strike", DAYS - 3, until=DAYS),)))
    assert explain(exposure, BASE, np.arange(DAYS - 3, DAYS), wall).verdict is Verdict.ABSENCE
    exposure, wall = seen(QUIET)
    assert explain(exposure, BASE, np.arange(DAYS - 3, DAYS), wall).verdict is not Verdict.ABSENCE


def test_open_cases_do_not_make_the_last_week_look_faster() -> None:
    """The mean cycle time of the newest week against the base, in eight worlds in which nothing changed."""
    ratios = []
    for seed in range(8):
        exposure, _wall = seen(replace(QUIET, seed=seed, days=DAYS, noise=0.02))
        told = Comparison(exposure, BASE, np.arange(DAYS - 7, DAYS)).estimate
        ratios.append(told.mean[RECENT] / told.mean[0])
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)


def test_shifts_see_mix_and_ways_alone() -> None:
    for name, large, small in (("mix", "mix", "visits"), ("rework", "visits", "mix")):
        exposure, wall = seen(replace(QUIET, changes=SCENARIOS[name]))
        found = shifts(exposure, BASE, RECENT_DAYS, wall)
        assert getattr(found, large) > 0.05 and getattr(found, f"{large}_score") > 4
        assert abs(getattr(found, small)) < 0.04 and getattr(found, f"{small}_score") < 4


# Queues.

DESKS = World(seed=1, days=DAYS, queues=True, noise=0.05, rework=0.1)


def test_a_desk_is_told_from_a_delay() -> None:
    for world, gammas in ((DESKS, (0.5, 1)), (QUIET, (0, 0.3))):
        load = load_of(Comparison(seen(world)[0], BASE, RECENT_DAYS), APPROVE_CODE)
        assert gammas[0] <= load.gamma <= gammas[1]


def told_of_desks(change: Change) -> list[Verdict]:
    return [planted(change, world=replace(DESKS, seed=seed)).verdict for seed in (1, 2, 4)]


def test_more_orders_are_congestion_and_fewer_people_are_not() -> None:
    """In most worlds: in some the weeks of the change are slow ones by themselves, or the other way round."""
    assert told_of_desks(Change("surge", CHANGED, 1.25)).count(Verdict.CONGESTION) >= 2
    fewer = told_of_desks(Change("capacity", CHANGED, 0.7, step=APPROVE))
    assert fewer.count(Verdict.SLOWER_STEP) >= 2


def test_at_a_desk_what_is_known_counts() -> None:
    slower = (Change("slow", CHANGED, 1.3, step=3),)
    found = planted(*slower, world=DESKS, step=SHIP_CODE, known=Verdict.SLOWER_STEP)
    assert (found.verdict, found.after, found.step) == (Verdict.SLOWER_STEP, "Pick", "Ship")
    assert planted(*slower, world=DESKS, step=SHIP_CODE, known=Verdict.CONGESTION).verdict is Verdict.CONGESTION


def test_a_desk_that_gets_more_because_cases_come_back_is_not_merely_congested() -> None:
    found = planted(Change("rework", CHANGED, 0.3), world=DESKS, step=CHECK_CODE, known=Verdict.CONGESTION)
    assert (found.verdict, found.step) == (Verdict.MORE_REWORK, "Approve")
