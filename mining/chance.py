"""Is a difference between two cohorts more than chance: a rank test that knows that the cases of a week go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FALSE: Final = 0.05  # of what is told apart from chance, this share may be chance (Benjamini and Hochberg 1995)


@dataclass(frozen=True)
class Difference:
    """Of the recent cohort's mean from the other's."""

    size: float
    error: float  # standard error
    p: float  # how often chance alone gives as much


def of_ranks(values: Floats | Ints, recent: Flags, week: Ints) -> Difference:
    """Mann and Whitney's test: the mean ranks of both sides, ties at their mean rank."""
    return of_means(rankdata(values), recent, week)


def of_means(values: Floats, recent: Flags, week: Ints) -> Difference:
    """The difference of means of values that chance may have dealt to either side.

    Its error is that of such a deal (with ranks, Mann and Whitney's own), or how much the weeks of each side differ, where that
    is more: cases of one week share its holidays, its absences and its load. By Student's t: weeks are few. There must be
    values on both sides.
    """
    size = float(values[recent].mean() - values[~recent].mean())
    dealt = values.var(ddof=1) * (1 / recent.sum() + 1 / (~recent).sum()) if len(values) > 2 else np.inf
    weeks = sum(_of_weeks(values[side], week[side]) for side in (recent, ~recent))
    error = float(np.sqrt(max(dealt, weeks)))
    freedom = max(1, len(np.unique(week)) - 2)
    p = 2 * float(student.sf(abs(size) / error, freedom)) if error > 0 else 1.0
    return Difference(size, error, p)


def _of_weeks(values: Floats, week: Ints) -> float:
    """The variance of the mean, of whole weeks that could have been others (Rosner, Glynn and Lee 2003 for ranks)."""
    numbers, place = np.unique(week, return_inverse=True)
    if len(numbers) < 2:
        return 0.0
    strays = np.bincount(place, values - values.mean())
    return float((strays**2).sum() / len(values) ** 2 * len(numbers) / (len(numbers) - 1))
