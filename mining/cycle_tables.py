"""Cycle times of a period, from all cases that lived in it: also of those that are open, and of those that began before it.

Averages of what was completed lag behind: of a slow-down only the quick cases are done at first. Here the pace of finishing
at each age is the cases that finished at that age in the period, over those that reached it in the period (Nelson 1969,
Aalen 1978; left-truncated and right-censored, as a period life table is).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.lifetimes import SECOND, Flags, Ints, Lifetimes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CycleTable:
    """What the pace of one period would make of a case: how old it would be when it is finished.

    finished: cases that finished in the period. ages_us: at which they did, ascending. lost: the cumulative hazard at each.
    """

    finished: int
    ages_us: Ints
    lost: Floats

    def quantile_s(self, share: float) -> float | None:
        """The age, in seconds, by which this share is finished; None where the period does not tell."""
        place = int(np.searchsorted(self.lost, -np.log1p(-share) - 1e-12))
        return float(self.ages_us[place]) / SECOND if place < len(self.ages_us) else None

    def finished_by(self, age_s: float) -> float:
        """The share that is finished at this age."""
        place = int(np.searchsorted(self.ages_us, age_s * SECOND, side="right"))
        return float(-np.expm1(-self.lost[place - 1])) if place else 0.0


def cycle_tables(lives: Lifetimes, edges_us: Ints, *, open_known: bool) -> list[CycleTable]:
    """One table for each period between two of the edges (ascending; a period has its first moment, not its last).

    Args:
        open_known: whether it is known at once that a case is over. Where it is learned from silence, cases that are over still
            count as open, so that only the finished ones are looked at, and each as if it had been seen from its beginning.
    """
    periods = len(edges_us) - 1
    ends_us = np.where(lives.finished, lives.ended_us, np.iinfo(np.int64).max)
    last = np.searchsorted(edges_us, ends_us, side="right") - 1
    first = np.searchsorted(edges_us, lives.began_us, side="right") - 1 if open_known else last
    seen = (last >= 0) & (first < periods) & (lives.finished | open_known)
    first, last = np.maximum(first[seen], 0), np.minimum(last[seen], periods - 1)
    case = np.repeat(np.flatnonzero(seen), np.maximum(last - first + 1, 0))
    lengths = np.maximum(last - first + 1, 0)
    period = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(len(case))
    began_us, ends_us = lives.began_us[case], ends_us[case]
    until_us = edges_us[period + 1]
    came_us = np.maximum(edges_us[period] - began_us, 0) - 1 if open_known else np.full(len(case), -1)
    left_us, finished = np.minimum(ends_us, until_us) - began_us, ends_us < until_us
    return [_table(came_us[chosen], left_us[chosen], finished[chosen]) for chosen in _parts(period, periods)]


def _parts(period: Ints, periods: int) -> list[Ints]:
    """The places of each period."""
    order = np.argsort(period, kind="stable")
    return np.split(order, np.cumsum(np.bincount(period, minlength=periods))[:-1])


def _table(came_us: Ints, left_us: Ints, finished: Flags) -> CycleTable:
    """Of cases that were at risk of finishing at ages above `came_us`, up to `left_us`."""
    ages_us, ended = np.unique(left_us[finished], return_counts=True)
    at_risk = np.searchsorted(np.sort(came_us), ages_us) - np.searchsorted(np.sort(left_us), ages_us)
    return CycleTable(int(finished.sum()), ages_us, np.cumsum(ended / at_risk))
