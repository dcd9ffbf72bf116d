"""Can alerts be trusted? A few years of the accuracy benchmark; and its own arithmetic, on known answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import OURS, alarms, parts, watch_once, watch_ours
from benchmarks.best_possible import BASE_DAYS, SEEN_DAYS, Known, Nights
from benchmarks.plain_score import limits_reached, ways_on
from benchmarks.rivals import CYCLE_TIME, RECIPES, Durations, series
from benchmarks.score_card import beside, rate_ratios
from benchmarks.scores import Card, Incident, cards, score
from benchmarks.trials import Planted, WorldTrial, null_trials, other_trials, slower_trials
from benchmarks.worlds import STEPS, Change, Truth, World
from benchmarks.worlds.visits import PROCESS, visits
from benchmarks.worlds.world import SPREAD
from mining.calendar import day_edges, wall_clock
from mining.exposure import Exposure
from mining.findings import Decomposition, Interval

DAYS = 120


def durations(change: float = 1.0, day: int = 100, each: int = 30) -> Durations:
    """Lognormal hours, so many a day, longer by a factor from a day on."""
    days = np.repeat(np.arange(DAYS), each)
    hours = np.exp(np.random.default_rng(1).normal(0, 0.5, len(days))) * np.where(days >= day, change, 1.0)
    return Durations.of(days, hours * 3600, DAYS)


# The other methods


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_recipe_is_quiet_on_noise_and_alarms_on_twice_the_time(name: str) -> None:
    quiet, slower = ([RECIPES[name](durations(change), night) for night in range(90, 110)] for change in (1.0, 2.0))
    assert max(quiet) < 1
    assert max(slower[:10]) < 1
    assert max(slower[10:]) >= 1


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_recipe_knows_only_what_had_been_completed(name: str) -> None:
    whole = durations(2.0)
    known = whole.first[105]
    then = Durations.of(np.repeat(np.arange(105), 30), whole.seconds[:known], 105)
    assert RECIPES[name](then, 104) == RECIPES[name](whole, 104)


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_recipe_says_nothing_of_a_few_durations(name: str) -> None:
    few = Durations.of(np.array([90, 91, 105]), np.array([1.0, 2.0, 900.0]), DAYS)
    assert [RECIPES[name](few, night) for night in range(DAYS)] == [0.0] * DAYS


def test_daily_means_are_those_of_the_days_with_any() -> None:
    some = Durations.of(np.array([5, 2, 2, 9]), np.array([7.0, 1.0, 3.0, 100.0]), 12)
    assert some.daily_means(0, 9).tolist() == [2.0, 7.0]
    assert some.daily_means(3, 5).tolist() == []
    assert some.daily_means(9, 12).tolist() == [100.0]


def test_series_are_the_cycle_times_and_the_stays_before_each_step() -> None:
    trial = next(null_trials(1))
    visits = trial.visits
    found = series(visits, day_edges(trial.process.zone, trial.first_day, trial.nights.stop))
    assert set(found) == {CYCLE_TIME, "Check", "Approve", "Pick", "Ship", "Invoice"}
    finished = visits.next == visits.names.index("Invoice")
    assert len(found[CYCLE_TIME].seconds) == finished.sum()
    spent = visits.left_us[finished] - visits.first_us[visits.case[finished]]
    assert found[CYCLE_TIME].seconds.sum() == pytest.approx(spent.sum() / 1e6)


def test_alarms_less_than_a_fortnight_apart_are_one() -> None:
    reached = np.zeros((45, 2))
    reached[[10, 23, 38], 1] = 1.0, 2.0, 1.5
    found = tuple(alarms(reached, ["A", "B"], range(50, 95)))
    assert [(one.opened, one.resolved, one.step) for one in found] == [(60, 87, "B"), (88, None, "B")]
    assert tuple(alarms(reached[:, :1], ["A"], range(50, 95))) == ()


SLOWER = World(seed=3, days=220, noise=0.05, changes=(Change("slow", 200, 2.0, step=2),))


def test_the_plain_score_tells_a_slower_step_soon_and_knows_only_its_past() -> None:
    exposure = Exposure.of(visits(SLOWER.log()), wall_clock(), PROCESS.zone)
    reached, names = limits_reached(exposure), ways_on(exposure)
    assert names[1:-1] == list(STEPS)
    told = np.argwhere(reached[190:] >= 1)
    assert told[0, 0] in range(11, 18)
    assert {names[state] for _night, state in told} == {"Pick"}
    assert not reached[:70].any()
    np.testing.assert_array_equal(limits_reached(exposure.until(210)), reached[:210])


# Scores

CHANGE = Planted(200, frozenset({"slower_step"}), frozenset({"Pick"}), effect=0.1)
NIGHTS = range(100, 250)


def told(opened: int, resolved: int | None = None, verdict: str = "slower_step", step: str | None = "Pick") -> Incident:
    return Incident(opened, resolved, verdict, step)


def test_without_a_change_every_alert_is_false_and_congestion_stands_apart() -> None:
    found = score("x", "g", [told(90, 95), told(110, 120), told(130, 133, "congestion"), told(240)], None, NIGHTS)
    assert (found.days, found.false, found.congestion, found.alarmed) == (150, 2, 1, 10 + 3 + 10)
    assert not found.changed


def test_the_first_alert_after_the_change_tells_it() -> None:
    found = score("x", "g", [told(150, 160), told(209), told(203, None, "mix_shift", "Ship")], CHANGE, NIGHTS)
    assert (found.days, found.false, found.alarmed, found.delay) == (100, 1, 10, 3)
    assert not found.right_step
    assert not found.right_verdict
    right = score("x", "g", [told(228)], CHANGE, NIGHTS)
    assert (right.delay, right.right_step, right.right_verdict, right.due) == (28, True, True, True)


def test_what_was_last_told_counts_as_put_right_whenever_it_opened() -> None:
    queue, slower = (150, "congestion", "Pick"), (225, "slower_step", "Pick")
    for tellings, right in [
        ((queue, slower), True),
        ((queue, slower, (227, "congestion", "Pick")), False),
        ((queue, (225, "slower_step", "Ship")), False),
        (((199, "slower_step", "Pick"),), False),  # before the change
        ((queue, (229, "slower_step", "Pick")), False),  # too late
    ]:
        found = score("x", "g", [replace(told(150), tellings=tellings)], CHANGE, NIGHTS)
        assert (found.put_right, found.delay) == (right, None)
    assert Card((found, replace(found, put_right=True))).put_right == 0.5


@pytest.mark.parametrize("incident", [told(199), told(229)], ids=["was on before", "too late"])
def test_what_was_on_before_or_comes_late_does_not_tell_it(incident: Incident) -> None:
    assert score("x", "g", [incident], CHANGE, NIGHTS).delay is None


def test_a_passing_change_must_not_stay_open() -> None:
    spike = replace(CHANGE, until=203)
    assert score("x", "g", [told(201)], spike, NIGHTS).stays
    assert score("x", "g", [told(201, 225)], spike, NIGHTS).stays
    assert not score("x", "g", [told(201, 224)], spike, NIGHTS).stays


def test_a_card_adds_up() -> None:
    trials = [[told(201)], [told(210, None, "congestion")], [], [told(120), told(228, None, "slower_step", "Ship")]]
    card = cards([score("x", "g", one, CHANGE, NIGHTS) for one in trials])["g"]
    assert [card.recall(nights) for nights in (7, 14, 28)] == [0.25, 0.5, 0.75]
    assert card.delay == 10
    assert card.share("right_step") == pytest.approx(2 / 3)
    assert card.false_a_year == pytest.approx(365 / 400)


def test_the_split_is_held_against_the_truth() -> None:
    truth = Truth(without=5.0, now=6.0, mix=0.0, visits=0.25, duration=0.75)
    split = Decomposition(100.0, 119.0, -1.0, 5.0, 15.0, Interval(0, 30), 100)
    incident = replace(told(201), decomposition=split)
    card = cards([score("x", "g", [incident], replace(CHANGE, truth=truth), NIGHTS)])["g"]
    assert card.split_error == pytest.approx((1 + 0 + 0) / 3)
    assert card.told_by_true is not None and card.told_by_true[0] == pytest.approx((15 / 100) / (0.75 / 5))
    assert card.wrong_signs == 0
    against = replace(incident, decomposition=replace(split, duration_s=-3.0))
    card = cards([score("x", "g", [one], replace(CHANGE, truth=truth), NIGHTS) for one in (incident, against)])["g"]
    assert (card.wrong_signs, card.sure_signs) == (1, (2, 1))
    unsure = replace(against, decomposition=replace(split, duration_s=-3.0, unsure=("mix", "duration")))
    card = cards([score("x", "g", [one], replace(CHANGE, truth=truth), NIGHTS) for one in (incident, unsure)])["g"]
    assert (card.wrong_signs, card.sure_signs) == (1, (1, 0))
    pairs = [(15 / 100, 0.75 / 5), (-3 / 100, 0.75 / 5)]
    ratio = (15 / 100 - 3 / 100) / (2 * 0.75 / 5)
    error = np.sqrt(2 * sum((told - ratio * true) ** 2 for told, true in pairs)) / (2 * 0.75 / 5)
    assert card.told_by_true == pytest.approx((ratio, error))


def test_the_rate_ratio_has_an_error_by_how_much_years_differ_and_contenders_stand_side_by_side() -> None:
    null = [replace(score("x", "L", [], None, NIGHTS), last_week=(seen, 100.0)) for seen in (99.0, 103.0)]
    assert re.search(r"\| L \| +1.010 \| +0.020 \|", rate_ratios(null))
    scores = [
        score(name, "L +30%", one, CHANGE, NIGHTS) for name, one in (("x", [told(205)]), ("y", [told(211)]), ("z", []))
    ]
    scores += [score(name, "L", [told(120)] * (name == "y"), None, NIGHTS) for name in "xyz"]
    text = beside(scores, ("x", "y"))
    assert re.search(r"\| L \+30% +\|.*\| +100/100/100 \| +0/100/100 \|", text)
    assert re.search(r"\| L +\|.*\| +0.00 \| +2.43 \|", text)


def test_a_run_goes_on_with_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = next(null_trials(1))
    scores = [replace(score(OURS, "L", [told(201)], CHANGE, NIGHTS), split=((0.1, 0.2),), last_week=(9.0, 8.0))]
    monkeypatch.setattr("benchmarks.accuracy.watch", lambda _trial: scores)
    assert watch_once(trial, tmp_path) == scores
    monkeypatch.setattr("benchmarks.accuracy.watch", lambda _trial: [])
    assert watch_once(trial, tmp_path) == scores
    assert watch_once(next(null_trials(2)), None) == []
    assert [file.suffix for file in tmp_path.iterdir()] == [".json"]


def test_trials_are_what_they_say() -> None:
    null, slower, other = list(null_trials(8)), list(slower_trials(2)), list(other_trials(1))
    assert [trial.group for trial in null] == ["L", "quiet", "13 a day", "Q"] * 2
    assert len({trial.world.seed for trial in null}) == 8
    assert all(trial.planted is None and len(trial.nights) == 365 for trial in null)
    assert len(slower) == 2 * 4 * 5
    assert all(trial.world.changes[0].day in trial.nights for trial in [*slower, *other])
    change = slower[0].planted
    assert change is not None and change.steps == {"Check"} and change.truth is not None and change.truth.duration > 0


def test_the_score_card_of_a_detector_that_tells_all_and_of_one_that_tells_nothing() -> None:
    right = told(205, 230)
    trials = {
        "null": [("L", None)],
        "slower": [(f"L +{size}%", CHANGE) for size in (30, 50, 100)],
        "other": [("mix", CHANGE)],
    }
    scores = {
        sort: [score(OURS, group, [right] if change else [], change, NIGHTS) for group, change in some]
        + [score("3-sigma", group, [told(150, 160)], change, NIGHTS) for group, change in some]
        for sort, some in trials.items()
    }
    scores["null"] = [replace(one, last_week=(99.0, 100.0)) for one in scores["null"]]
    text = "\n".join(parts(scores | {"files": []}, []))
    assert re.search(r"\| L \| +0.41 \| +0.00 \| +0.00 \|", text)  # 150 nights, nothing told
    assert re.search(r"\| L \| +0.990 \| +\|", text)
    assert re.search(r"\| L \+30% +\| +1 \| +10% \| +100% \| +100% \| +100% \| +5 \| +100% \| +100% \|", text)
    assert re.search(r"\| Headrace +\| +0.00 \| +0% \| +100/100/100 \| +100/100/100 \| +100/100/100 \|", text)
    assert re.search(r"\| 3-sigma +\| +2.43 \| +7% \| +0/0/0 \|", text)
    assert "not tried" in text
    files = [score(name, "orders-slow", [right], CHANGE, NIGHTS) for name in (OURS, "3-sigma")]
    text = "\n".join(parts(scores | {"files": files}, [next(iter(slower_trials(1)))]))
    assert re.search(r"\| orders-slow \|.*\| +5 \|.*\| +yes \|", text)
    assert "not tried" not in text


def test_the_best_possible_score_is_that_of_a_normal_mean_where_days_are_independent() -> None:
    known = Known(noise=0.0, orders=54)
    weekday = np.arange(SEEN_DAYS) % 7  # ends on a Sunday
    information = 1 / (known.error(weekday)[2, -7:])
    asked = known.filters(6, 7)[2, 2]
    usual = SPREAD[2] ** 2 / 54 / BASE_DAYS  # error of the base
    variance = 1 / information.sum() + usual
    assert asked[-7:].sum() == pytest.approx(1 / np.sqrt(variance), rel=0.02)
    np.testing.assert_allclose(asked[-7:] / asked[-7:].sum(), information / information.sum(), rtol=0.02)


def test_the_best_possible_alarm_brings_one_alert_a_year_and_tells_more_of_larger_changes() -> None:
    noisy = Nights.of(Known(noise=0.12, orders=54), (7,))
    assert noisy.scores.std() == pytest.approx(0.95, abs=0.06), "a little below 1: the base is drawn without its error"
    nights = Nights.of(Known(noise=0.05, orders=54), (3, 7, 14))
    alarm = nights.alarm()
    small, large = nights.told(1.2, alarm), nights.told(1.5, alarm)
    assert 3 < alarm < 3.6
    assert (np.diff(small) > 0).all() and (large > small).all() and large[2] > 0.99


# Trust: a few years of the benchmark, with limits that only a detector that has become worse goes beyond


@pytest.fixture(scope="module")
def quiet_years() -> Card:
    years = [trial for trial in null_trials(5) if not trial.world.queues]
    return Card(tuple(watch_ours(trial) for trial in years))


def told_of(group: str, trials: Iterator[WorldTrial]) -> Card:
    return Card(tuple(watch_ours(trial) for trial in trials if trial.group == group))


def test_nobody_is_woken_more_than_once_a_year_for_nothing(quiet_years: Card) -> None:
    assert quiet_years.years == 4
    assert quiet_years.false_a_year <= 1


def test_open_cases_are_not_forgotten(quiet_years: Card) -> None:
    seen, expected = (sum(one.last_week[n] for one in quiet_years.scores) for n in (0, 1))
    assert seen / expected == pytest.approx(1, abs=0.04)


def test_half_as_long_again_is_told_in_a_quiet_process_with_the_step_and_the_amount() -> None:
    card = told_of("quiet +50%", slower_trials(4))
    assert card.recall(28) >= 0.75
    assert (card.share("right_step") or 0) >= 0.75
    assert (card.share("right_verdict") or 0) >= 0.75
    assert card.split_error is not None
    assert card.split_error < 4
    assert card.wrong_signs == 0


def test_more_slow_cases_are_a_mix_shift_and_a_strike_passes() -> None:
    mix = told_of("mix: B 25 to 50 %", other_trials(2))
    assert all(one.right_verdict for one in mix.found)
    strike = told_of("three days' strike", other_trials(2))
    assert not any(one.stays for one in strike.scores)
