"""How others would watch the same nights: four recipes on the durations of what is completed, each as people use it.

A recipe looks at one series of durations, as known on each night, and says how many times its limit is reached: from 1 on it
alarms. Times are of the wall clock. Every recipe watches the cycle time of finished cases, or every step beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ruptures
from scipy.stats import mannwhitneyu

from mining.visits import OPEN, Visits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CYCLE_TIME = ""  # the name of the series of cycle times; the others are called as the step that ended them
PAST_DAYS = 56
FEWEST = 20  # days, or durations, below which a recipe says nothing


@dataclass(frozen=True)
class Durations:
    """What was completed by the day on which it was, in order: a later night knows more of it and nothing else."""

    seconds: Floats
    first: Ints  # of each day: the index of its first duration; one more at the end
    until: Floats  # of each day: the sum of all durations of the days before it; one more at the end

    @classmethod
    def of(cls, day: Ints, seconds: Floats, days: int) -> Durations:
        order = np.argsort(day, kind="stable")
        first = np.searchsorted(day[order], np.arange(days + 1))
        return cls(seconds[order], first, np.append(0.0, np.cumsum(seconds[order]))[first])

    def between(self, start: int, end: int) -> Floats:
        """Those completed on the days from `start` to before `end`."""
        return self.seconds[self.first[max(start, 0)] : self.first[max(end, 0)]]

    def daily_means(self, start: int, end: int) -> Floats:
        """Of the days on which something was completed."""
        days = slice(max(start, 0), end + 1)
        many, sums = np.diff(self.first[days]), np.diff(self.until[days])
        return np.asarray(sums[many > 0] / many[many > 0])

    def mean(self, start: int, end: int) -> float | None:
        """Of those completed on the days from `start` to before `end`; None of fewer than 20."""
        start, end = max(start, 0), max(end, 0)
        many = int(self.first[end] - self.first[start])
        return float(self.until[end] - self.until[start]) / many if many >= FEWEST else None


Recipe = Callable[[Durations, int], float]


def series(visits: Visits, edges: Ints) -> dict[str, Durations]:
    """The cycle times of finished cases, and the stays before each step, by the business day of their end."""
    days = len(edges) - 1

    def durations(mine: npt.NDArray[np.bool_], since_us: Ints) -> Durations:
        day = np.searchsorted(edges, visits.left_us[mine], side="right") - 1
        return Durations.of(day, (visits.left_us[mine] - since_us[mine]) / 1e6, days)

    last = np.append(visits.case[1:] != visits.case[:-1], True)
    found = {CYCLE_TIME: durations(last & (visits.next != OPEN), visits.first_us[visits.case])}
    for code in np.unique(visits.next[visits.next != OPEN]):
        found[visits.names[code]] = durations(visits.next == code, visits.entered_us)
    return found


def three_sigma(durations: Durations, night: int) -> float:
    """Shewhart's chart: the day's mean above the mean of the daily means of the 56 days before by three standard deviations."""
    past, today = durations.daily_means(night - PAST_DAYS, night), durations.daily_means(night, night + 1)
    if len(past) < FEWEST or not len(today):
        return 0.0
    return float((today[0] - past.mean()) / max(3 * past.std(ddof=1), 1e-9))


def week_over_four(durations: Durations, night: int) -> float:
    """The mean of the last seven days above that of the four weeks before by 20 %."""
    return _growth(durations, night, 28) / 0.2


def mann_whitney(durations: Durations, night: int) -> float:
    """The last 7 days larger than the 56 before, p < 0.001 one-sided, and their mean by 10 %."""
    growth = _growth(durations, night, PAST_DAYS)
    if growth < 0.1:
        return growth / 0.1
    new, old = durations.between(night - 6, night + 1), durations.between(night - 6 - PAST_DAYS, night - 6)
    return growth / 0.1 if mannwhitneyu(new, old, alternative="greater").pvalue < 0.001 else 0.0


def change_point(durations: Durations, night: int) -> float:
    """ruptures: the daily means of 90 days cut at the best places (least squares, BIC); the last cut is at most four weeks
    old, and the mean after it above that before by 10 %.
    """
    means = durations.daily_means(night - 89, night + 1)
    if len(means) < 2 * FEWEST:
        return 0.0
    steady = np.diff(means).std() / np.sqrt(2)  # the noise alone: a step in the level hardly widens differences
    found = ruptures.KernelCPD(kernel="linear", min_size=5).fit(means / max(steady, 1e-9))
    cuts = [0, *(int(cut) for cut in found.predict(pen=3 * np.log(len(means))))]
    if len(cuts) < 3 or len(means) - cuts[-2] > 28:
        return 0.0
    return float(means[cuts[-2] :].mean() / means[cuts[-3] : cuts[-2]].mean() - 1) / 0.1


def _growth(durations: Durations, night: int, past_days: int) -> float:
    """Of the mean of the last seven days over that of the days before."""
    new, old = durations.mean(night - 6, night + 1), durations.mean(night - 6 - past_days, night - 6)
    return new / max(old, 1e-9) - 1 if new is not None and old is not None else 0.0


RECIPES: Mapping[str, Recipe] = {
    "3-sigma chart": three_sigma,
    "week over four weeks": week_over_four,
    "Mann-Whitney": mann_whitney,
    "change points (ruptures)": change_point,
}
