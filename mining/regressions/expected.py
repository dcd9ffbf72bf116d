"""How many exits a day should have brought, by flow: the hazards of a base period, applied to what waited on the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.exposure import Exposure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WEEK = 7
BASE_DAYS = 56  # of the base: eight of each weekday
GAP_DAYS = 7  # between the base and the night: what may have just changed is not what is usual
LEAST_BASE = 28  # days, where days of an incident are left out
ROUNDS = 4  # of fitting ages and weekdays in turn: more change nothing
PRIOR_EXITS = 2.0  # by so many is a hazard drawn towards a coarser one


@dataclass(frozen=True)
class Pace:
    """What is usual: hazard[stratum, flow, bin] in exits a second, times speed[weekday, flow].

    weight[flow, bin]: what an exit that does not come tells at that age. The square root of the share that usually comes later:
    work that takes longer by a factor is seen more in the young than in the old, who are late whatever happens.
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
        return cls(hazard, speed, np.sqrt(_later(seen.sum(axis=0))))

    def expected(self, exposure: Exposure, day: int) -> Floats:
        """[flow, bin] exits that the day should have brought, given what waited on it and how long."""
        before = np.array([state for state, _next in exposure.flows], np.int64)
        usual = (self.hazard * exposure.exposure[day][:, before]).sum(axis=0)
        return np.asarray(usual * self.speed[(exposure.first_day.weekday() + day) % WEEK][:, None])


def _later(exits: Floats) -> Floats:
    """[flow, bin] share of the exits of the flow that come at a later age, from the middle of the bin on."""
    from_here = exits[:, ::-1].cumsum(axis=1)[:, ::-1] - exits / 2
    everything = exits.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(from_here, everything, out=np.ones(exits.shape), where=everything > 0))


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
