"""How many exits a day should have brought, by flow: the hazards of a base period, applied to what waited on the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from mining.exposure import OLDEST, Exposure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WEEK = 7
BASE_DAYS = 56  # of the base: eight of each weekday
GAP_DAYS = 7  # between the base and the night: what may have just changed is not what is usual
LEAST_BASE = 28  # days, where days of an incident are left out
ROUNDS = 4  # of fitting ages and weekdays in turn: more change nothing
PRIOR_SLOPE = 1.0  # exits of each age at the pace of the flow, or a bin that nobody left would make a cliff
WEIGHTS = (0.5, 2.5)  # the least and the most that an exit may tell
PRIOR_EXITS = 2.0  # by so many is a hazard drawn towards a coarser one


@dataclass(frozen=True)
class Pace:
    """What is usual: hazard[stratum, flow, bin] in exits a second, times speed[weekday, flow].

    weight[flow, bin]: what an exit that does not come tells at that age; see `_tells`.
    """

    hazard: Floats
    speed: Floats
    weight: Floats

    @classmethod
    def of(cls, exposure: Exposure, days: Ints) -> Pace:
        """Fitted to the days of a base by iterative proportional fitting of ages and weekdays."""
        before = np.array([state for state, _next in exposure.flows], np.int64)
        weekday = (exposure.first_day.weekday() + days) % WEEK
        moves, lived = exposure.flow_exits[days], exposure.exposure[days]
        by_weekday = np.stack([lived[weekday == day].sum(axis=0) for day in range(WEEK)])[:, :, before]
        left = np.stack([moves[weekday == day].sum(axis=(0, 1, 3)) for day in range(WEEK)])
        seen = moves.sum(axis=0)
        speed = np.ones((WEEK, len(before)))
        for _ in range(ROUNDS):
            hazard = _hazard(seen, np.einsum("wgfb,wf->gfb", by_weekday, speed))
            expected = np.einsum("wgfb,gfb->wf", by_weekday, hazard)
            speed = (left + 1) / (expected + 1)
        lived = np.einsum("wgfb,wf->fb", by_weekday, speed)
        return cls(hazard, speed, _tells(seen.sum(axis=0), lived, exposure.ages))

    def expected(self, exposure: Exposure, day: int) -> Floats:
        """[flow, bin] exits that the day should have brought, given what waited on it and how long."""
        before = np.array([state for state, _next in exposure.flows], np.int64)
        usual = (self.hazard * exposure.exposure[day][:, before]).sum(axis=0)
        return np.asarray(usual * self.speed[(exposure.first_day.weekday() + day) % WEEK][:, None])


def _tells(exits: Floats, lived: Floats, ages: Floats) -> Floats:
    """[flow, bin] what an exit that does not come tells at that age, if stays take longer by a factor: one and the slope of the
    hazard, both as logarithms (the efficient score of accelerated failure; Kalbfleisch and Prentice, 2002, ch. 7).

    More in the young, of whom more and more go, than in the old, who are late whatever happens. Neighbouring ages are taken
    together. Of ages that hardly anyone reaches nobody knows the slope: there it is at most twice the square root of the share
    that comes later.
    """
    seen, spent = (gaussian_filter1d(each, 1.0, axis=1, mode="nearest") for each in (exits, lived))
    everything = np.maximum(exits.sum(axis=1, keepdims=True), 1e-9)
    pace = everything / np.maximum(lived.sum(axis=1, keepdims=True), 1e-9)
    middle = np.log(np.r_[ages[1] / 2, np.sqrt(ages[1:] * np.r_[ages[2:], OLDEST])])
    slope = np.gradient(np.log((seen + PRIOR_SLOPE) / (spent + PRIOR_SLOPE / pace)), middle, axis=1)
    later = (exits[:, ::-1].cumsum(axis=1)[:, ::-1] - exits / 2) / everything
    return np.asarray(np.minimum(np.clip(1 + slope, *WEIGHTS), 2 * np.sqrt(later)))


def _hazard(seen: Floats, lived: Floats) -> Floats:
    """[stratum, flow, bin] exits a second.

    Each cell is drawn towards the bin of all strata, and that towards the flow at any age: else one exit soon after a rare age
    was reached would make everybody late who ever gets as old.
    """
    by_bin, lived_by_bin = seen.sum(axis=0), lived.sum(axis=0)
    at_any_age = by_bin.sum(axis=1, keepdims=True) / np.maximum(lived_by_bin.sum(axis=1, keepdims=True), 1e-9)
    return _drawn(seen, lived, _drawn(by_bin, lived_by_bin, at_any_age))


def _drawn(seen: Floats, lived: Floats, towards: Floats) -> Floats:
    prior = np.divide(PRIOR_EXITS, towards, out=np.full(towards.shape, np.inf), where=towards > 0)
    return np.asarray((seen + PRIOR_EXITS * (towards > 0)) / (lived + prior))


def base_days(night: int, left_out: Flags) -> Ints:
    """The newest days that end a week before the night and belong to no incident; too few to be used if there are not enough.

    Args:
        left_out: by day, whether it belongs to an incident.
    """
    days = np.flatnonzero(~left_out[: max(night + 1 - GAP_DAYS, 0)])
    return days[-BASE_DAYS:] if len(days) >= LEAST_BASE else days[:0]
