"""Two periods side by side: a base and the recent days; and each week of the base, which tell how much weeks differ anyway."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import t as student

from mining.exposure import Exposure
from mining.findings import Interval
from mining.semi_markov import Counts, Estimate, Floats, Ints, estimate, hazards
from mining.shapley import Split, split
from mining.visits import BEGUN

WEEK = 7
LEVEL = 0.9  # of intervals
WIDER = 1.2  # without it, intervals held the truth in 83 % of 270 worlds
BASE, RECENT, WEEKS = 0, 1, slice(2, None)  # periods of the counts


@dataclass(frozen=True)
class Comparison:
    """What the recent days show against the base; `base` and `recent` are rows of `exposure`, the base two weeks at least."""

    exposure: Exposure
    base: Ints
    recent: Ints
    wall: Exposure | None = None  # the same rows, lived by the wall clock: then all seconds are the wall clock's
    noise: bool = (
        True  # whether the weeks of the base are looked at too; without them there is no error, but it is quick
    )

    @cached_property
    def counts(self) -> Counts:
        return counts_of(self.exposure, self.base, self.recent, _pace(self.exposure, self.wall, self.base), self.noise)

    @cached_property
    def hazards(self) -> Floats:
        return hazards(self.counts)

    @cached_property
    def estimate(self) -> Estimate:
        return estimate(self.counts, self.hazards)

    @cached_property
    def split(self) -> Split:
        return split(self.estimate)

    def error(self, by_period: Floats) -> Floats:
        """Standard error of a difference (axis 0: periods) of recent days from the base: from how much the base's weeks differ.

        What resampling whole weeks gives on average, without its luck: days go together, weeks hardly do.
        """
        weeks = by_period[WEEKS]
        each = 1 / max(len(self.recent) / WEEK, 0.5) + 1 / len(weeks)
        return np.asarray(weeks.std(axis=0, ddof=1) * np.sqrt(each))

    def score(self, by_period: Floats) -> Floats:
        """The recent difference in standard errors; 0 where nothing is known of the noise."""
        error = self.error(by_period)
        return np.asarray(by_period[RECENT] / np.where(error > 0, error, np.inf))

    def interval(self, by_period: Floats) -> Interval:
        """Of the recent difference, by Student's t: weeks are few; and wider, as weeks that follow each other are alike."""
        seen = float(by_period[RECENT])
        margin = WIDER * float(student.ppf((1 + LEVEL) / 2, len(by_period[WEEKS]) - 1) * self.error(by_period))
        return Interval(seen - margin, seen + margin, LEVEL)


def counts_of(exposure: Exposure, base: Ints, recent: Ints, pace: Floats, weekly: bool = True) -> Counts:
    """Base, recent days, and each week of the base: rows of days are added up.

    The days of the base are weighted such that they hold as many Mondays, Tuesdays, … as the recent ones, in share.
    """
    weight = np.zeros((2, exposure.days))
    weight[0, base] = _weekday_weights(exposure, base, recent)
    weight[1, recent] = 1
    weeks = np.zeros((len(base) // WEEK if weekly else 0, exposure.days))
    for week, days in zip(weeks, np.array_split(np.sort(base), max(len(weeks), 1)), strict=False):
        week[days] = 1
    weight = np.concatenate([weight, weeks])
    first, last = int(min(base.min(), recent.min())), int(max(base.max(), recent.max())) + 1
    weight = weight[:, first:last]

    def total(rows: Floats) -> Floats:
        return np.asarray(np.tensordot(weight, rows[first:last], axes=1))

    state, next_ = (np.array(codes, np.int64) for codes in zip(*exposure.flows, strict=True))
    starts, goes_on = _begins(total(exposure.arrivals), total(exposure.moves), total(entered(exposure)))
    return Counts(
        starts=starts,
        moves=total(exposure.flow_exits),
        exposure=total(exposure.exposure),
        goes_on=goes_on,
        state=state,
        next=next_,
        ages=exposure.ages,
        pace=pace,
    )


def entered(exposure: Exposure) -> Floats:
    """[day, state] visits begun."""
    return exposure.entered


def _begins(arrivals: Floats, moves: Floats, entered: Floats) -> tuple[Floats, Floats]:
    """([period, stratum, state] where cases begin; [period, state] share of those that come to a state and stay there).

    Who was seen to begin did so in `BEGUN`; for the others, visits that no move led to are beginnings, in all strata alike.
    """
    came = moves.sum(axis=(1, 2))
    unled = np.maximum(entered - came, 0)
    unled[:, BEGUN] = 0
    seen = moves[:, :, BEGUN].sum(axis=2)
    others = (
        np.maximum(arrivals - seen, 0)[:, :, None] * (unled / np.maximum(unled.sum(axis=1), 1e-9)[:, None])[:, None]
    )
    others[:, :, BEGUN] += seen
    goes_on: Floats = np.where(came > 0, np.minimum(entered / np.maximum(came, 1e-9), 1), 0)
    return np.asarray(others), goes_on


def _weekday_weights(exposure: Exposure, base: Ints, recent: Ints) -> Floats:
    weekday = (exposure.first_day.weekday() + np.arange(exposure.days)) % WEEK
    usual, now = (np.bincount(weekday[days], minlength=WEEK) / len(days) for days in (base, recent))
    return np.asarray((now / np.maximum(usual, 1e-9))[weekday[base]])


def _pace(exposure: Exposure, wall: Exposure | None, base: Ints) -> Floats:
    """[state] seconds of the wall clock that one second of the state's clock lasts for those who wait there."""
    if wall is None:
        return np.ones(len(exposure.names))
    lived, waited = (some.lived[base].sum(axis=0) for some in (exposure, wall))
    return np.asarray(np.where(lived > 0, waited / np.maximum(lived, 1e-9), 1.0))
