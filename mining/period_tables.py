"""Sojourns of a period, from its exits and exposure by age: honest about open visits, whatever was cut off on either side.

The estimate of demography's period life tables: the hazard of each age is exits by time lived at that age in the period, so
a visit that began before the period counts from then on (left truncation), and one that is still open counts for as long as
it has lasted (right censoring). All times are seconds of the clock in which exposure was counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PeriodTable:
    """A survival curve with a constant hazard in each bin of age; bins are the last axis, all other axes are kept.

    hazard: exits by second. survival: the share still waiting at the beginning of each bin, and at the end of the last one.
    """

    ages: Floats  # at which bins begin, and at which the last one ends
    hazard: Floats
    survival: Floats

    @classmethod
    def of(cls, exits: Floats, exposure: Floats, ages: Floats, oldest: float) -> PeriodTable:
        """Bins in which nobody lived have the hazard of the bin before.

        Args:
            exits, exposure: counts and seconds, bins last.
            ages: at which bins begin. oldest: at which the last one ends.
        """
        edges = np.append(ages, oldest)
        hazard = _carried(np.divide(exits, exposure, out=np.full(exits.shape, np.nan), where=exposure > 0))
        lost = np.cumsum(hazard * np.diff(edges), axis=-1)
        survival = np.exp(-np.concatenate([np.zeros((*lost.shape[:-1], 1)), lost], axis=-1))
        return cls(edges, hazard, survival)

    def mean(self) -> Floats:
        """The mean sojourn, restricted to the oldest age."""
        return self.restricted_mean(float(self.ages[-1]))

    def restricted_mean(self, age: float) -> Floats:
        """The mean of the sojourns, those that last longer counted as `age` (RMST)."""
        width = np.clip(age - self.ages[:-1], 0.0, np.diff(self.ages))
        lived = np.where(
            self.hazard > 0, -np.expm1(-self.hazard * width) / np.where(self.hazard > 0, self.hazard, 1), width
        )
        return np.asarray((self.survival[..., :-1] * lived).sum(axis=-1))

    def quantile(self, share: float) -> Floats:
        """The age by which this share has left; infinite where the oldest age comes first."""
        wanted = -np.log1p(-share)
        with np.errstate(divide="ignore"):
            lost = -np.log(self.survival)
        at = np.clip((lost <= wanted).sum(axis=-1) - 1, 0, self.hazard.shape[-1] - 1)[..., None]
        before, rate = (np.take_along_axis(array, at, axis=-1)[..., 0] for array in (lost, self.hazard))
        rest = np.divide(wanted - before, rate, out=np.full(rate.shape, np.inf), where=rate > 0)
        found = self.ages[at[..., 0]] + rest
        return np.where(lost[..., -1] >= wanted, found, np.inf)


def _carried(hazard: Floats) -> Floats:
    """Each missing value (NaN) replaced by the last one before it; 0 where there is none."""
    place = np.where(np.isnan(hazard), -1, np.arange(hazard.shape[-1]))
    last = np.maximum.accumulate(place, axis=-1)
    return np.where(last >= 0, np.take_along_axis(hazard, np.maximum(last, 0), axis=-1), 0.0)
