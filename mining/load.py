"""Slower work told from more work: what waits for a step, and what is done of it.

Where nobody waits for people, twice as many cases mean twice as many exits; at a desk that is busy all the time, no more at
all. `gamma` says how much of additional load is not worked off: 0 in a pure delay, 1 at a saturated desk. At a desk, cases
stay longer because more of them come, or because less is done than on days of the base on which as much was waiting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.comparison import BASE, WEEK, Comparison, entered
from mining.semi_markov import Floats, Ints

Flags = npt.NDArray[np.bool_]

LEAST = 3.0  # usual exits of a weekday that tells anything
CERTAIN = 2.0  # standard errors from which gamma is not taken for 0
STANDING = 0.4  # of a weekday's usual moves, at all steps: with fewer, a day is a holiday and tells nothing
LIKE = 14  # days of the base that are most like a day in what waits
DESK = 0.5  # gamma from which people are what is waited for
SHORT = 2.0  # standard errors by which less must be done than usual


@dataclass(frozen=True)
class Load:
    """A step's recent days against its base; ratios as logarithms."""

    gamma: float  # of additional load, the share that is not worked off
    waiting: float  # cases that wait or come
    coming: float  # cases that come
    done: float  # exits, of those on days of the base with as much waiting
    done_score: float  # in standard errors

    @property
    def congested(self) -> bool:
        """Whether cases wait for people who do no less than they did when as much was waiting, or less only by what more came."""
        less_done = self.done_score <= -SHORT and -self.done > self.coming
        return self.gamma >= DESK and not less_done


def load_of(seen: Comparison, step: int) -> Load:
    """What the flows into a step show."""
    days = np.concatenate([seen.base, seen.recent])
    old = np.arange(len(days)) < len(seen.base)
    exits, expected = _exits(seen, step, days)
    present, coming = _waiting(seen, step, days)
    weekday = (seen.exposure.first_day.weekday() + days) % WEEK
    weight = _usual(exits, weekday, old)
    every = seen.exposure.moves[days].sum(axis=(1, 2, 3))
    weight[(weight < LEAST) | (every < STANDING * _usual(every, weekday, old))] = 0.0
    done, pace, load, came = (
        _less_weekday(np.log(some), weight, weekday, old)
        for some in (exits + 0.5, (exits + 0.5) / (expected + 0.5), present + coming, coming)
    )
    rest = done - _as_usual(done, load, weight, old)
    return Load(
        gamma=_gamma(pace, load, weight * old),
        waiting=_mean(load, weight * ~old),
        coming=_mean(came, weight * ~old),
        done=_mean(rest, weight * ~old),
        done_score=_score(rest, weight, old),
    )


def _usual(values: Floats, weekday: Ints, old: Flags) -> Floats:
    """[day] mean of the same weekday in the base."""
    days, sums = (np.bincount(weekday[old], some, WEEK) for some in (None, values[old]))
    return np.asarray((sums / np.maximum(days, 1))[weekday])


def _exits(seen: Comparison, step: int, days: Ints) -> tuple[Floats, Floats]:
    """[day] exits, and those expected by the ages of what waits."""
    flows = np.flatnonzero(seen.counts.next == step)
    lived = seen.exposure.exposure[days][:, :, seen.counts.state[flows]]
    exits = seen.exposure.flow_exits[days][:, :, flows].sum(axis=(1, 2, 3))
    return exits, np.tensordot(lived, seen.hazards[BASE][:, flows], axes=3)


def _waiting(seen: Comparison, step: int, days: Ints) -> tuple[Floats, Floats]:
    """[day] cases that wait for the step when the day begins, and that come in its course."""
    into = seen.counts.next == step
    chance = (seen.estimate.mix[BASE][:, None] * seen.estimate.chance[BASE]).sum(axis=0)
    time = chance * (seen.estimate.mix[BASE][:, None] * seen.estimate.sojourn[BASE]).sum(axis=0)
    states = len(seen.exposure.names)
    to_step, of_step, of_all = (
        np.bincount(seen.counts.state, some, states) for some in (chance * into, time * into, time)
    )
    yesterday = seen.exposure.open[np.maximum(days - 1, 0)]
    return yesterday @ (of_step / np.maximum(of_all, 1e-9)) + 0.5, entered(seen.exposure)[days] @ to_step + 0.5


def _less_weekday(values: Floats, weight: Floats, weekday: Ints, old: Flags) -> Floats:
    """Against the mean of the same weekday in the base, by weight."""
    total, sums = (np.bincount(weekday, some * old, WEEK) for some in (weight, weight * values))
    return np.asarray(values - (sums / np.maximum(total, 1e-9))[weekday])


def _as_usual(done: Floats, load: Floats, weight: Floats, old: Flags) -> Floats:
    """[day] what was done on the days of the base, in other weeks, on which most nearly as much waited."""
    week = np.arange(len(done)) // WEEK
    known = np.flatnonzero(old & (weight > 0))
    if len(known) < 2 * LIKE:
        return np.zeros(len(done))
    far = np.abs(load[:, None] - load[known]) + np.where(week[:, None] == week[known], np.inf, 0)
    like = known[np.argsort(far, axis=1, kind="stable")[:, :LIKE]]
    return np.asarray(done[like].mean(axis=1))


def _gamma(pace: Floats, load: Floats, weight: Floats) -> float:
    """By weighted least squares; 0 unless it is beyond chance."""
    known = max(float((weight * load**2).sum()), 1e-9)
    gamma = -float((weight * load * pace).sum()) / known
    rest = (weight * (pace + gamma * load) ** 2).sum() / max(np.count_nonzero(weight) - 1 - WEEK, 1)
    return float(np.clip(gamma, 0, 1)) if gamma > CERTAIN * np.sqrt(rest / known) else 0.0


def _mean(values: Floats, weight: Floats) -> float:
    return float((values * weight).sum() / max(weight.sum(), 1e-9))


def _score(values: Floats, weight: Floats, old: Flags) -> float:
    """The recent mean in standard errors, by how much weeks of the base differ."""
    weeks = np.arange(len(values)) // WEEK
    told = [weight * old * (weeks == week) for week in np.unique(weeks[old])]
    means = [_mean(values, its) for its in told if its.any()]
    if len(means) < 3:
        return 0.0
    each = 1 / max((~old).sum() / WEEK, 0.5) + 1 / len(means)
    return _mean(values, weight * ~old) / max(float(np.std(means, ddof=1) * np.sqrt(each)), 1e-9)
