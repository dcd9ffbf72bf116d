"""Why cases wait longer for people: slower work, fewer people, more cases, or nothing that can be seen.

Queues wait longer now and then without any reason but chance, weeks on end. Where starts and people are known, a longer wait
is believed at once if the work itself takes longer or fewer people do it; the work of one step makes all steps wait that the same
people do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from mining.exposure import USUAL_WORK, Exposure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEK = 7
SURE = 3.3  # standard errors, if weeks differed as they do for certain; more, as few weeks have been seen
SLOWER = 1.07  # work that takes at least so much longer
FEWER = 0.94  # people: at most so many
MORE = 1.08  # cases that come to the step; it needs no proof, for it is a reason not to tell
LOAD = 0.04  # of the work of the pool that slower work must add, to make it late
LEAST_SPREAD = 0.02  # of the weeks of a base: less is luck
COVERED = 0.8  # of the completions have a known start, or nothing is known of the work
STANDING = 0.3  # days with fewer people than this share of the usual are holidays, not days with fewer people


class Reason(Enum):
    UNKNOWN = "starts or people are not known"
    WORK = "the work takes longer"
    PEOPLE = "fewer people do it"
    INFLOW = "more cases come"
    NOTHING = "neither work nor people nor cases explain it"
    LASTING = "the same, but it lasts longer than chance would"


@dataclass(frozen=True)
class Cause:
    """Why a step makes cases wait; `step` is the step at which it began: another one of the same people, perhaps."""

    reason: Reason
    step: int


def cause(exposure: Exposure, base: Ints, recent: Ints, step: int) -> Cause:
    """What of work, people and cases differs in the recent days from the base, before this step."""
    if exposure.pool[step] < 0 or not _covered(exposure, base, step):
        return Cause(Reason.UNKNOWN, step)
    mates = [mate for mate, pool in enumerate(exposure.pool) if pool == exposure.pool[step]]
    longer = {mate: _more_work(exposure, base, recent, mate) for mate in mates}
    if sum(longer.values()) > LOAD * sum(_work(exposure, base, mate) for mate in mates):
        return Cause(Reason.WORK, max(longer, key=lambda mate: longer[mate]))
    people = exposure.people[:, exposure.pool[step]]
    ratio, score = _ratio(exposure, people, base, recent)
    if ratio <= FEWER and score <= -SURE:
        return Cause(Reason.PEOPLE, step)
    if _ratio(exposure, inflow(exposure, base, step), base, recent)[0] >= MORE:
        return Cause(Reason.INFLOW, step)
    return Cause(Reason.NOTHING, step)


def inflow(exposure: Exposure, base: Ints, step: int) -> Floats:
    """By day: cases that came to where this step is done next, each by its usual chance of going there."""
    seen = exposure.moves[base].sum(axis=(0, 1))
    chance = seen[:, step] / np.maximum(seen.sum(axis=1), 1.0)
    return np.asarray(exposure.entered @ chance)


def _covered(exposure: Exposure, base: Ints, step: int) -> bool:
    completed = exposure.moves[base, :, :, step].sum()
    return bool(exposure.work[base, :, step, 0].sum() >= COVERED * completed > 0)


def _work(exposure: Exposure, base: Ints, step: int) -> float:
    """Seconds of work that one usual day brings, by the geometric mean."""
    many, logs, _squares = exposure.work[base, :, step].sum(axis=(0, 1))
    return float(many / len(base) * np.exp(logs / max(many, 1.0)))


def _more_work(exposure: Exposure, base: Ints, recent: Ints, step: int) -> float:
    """Seconds of work that one day brings more than usual, because the work takes longer; 0 where it does not."""
    many, logs, _squares = exposure.work[:, :, step].sum(axis=1).T
    usual = logs[base].sum() / max(many[base].sum(), 1.0)
    seen = logs[recent].sum() / max(many[recent].sum(), 1.0) - usual
    score = seen / _error(logs - usual * many, many, base, recent)
    longer = seen / (USUAL_WORK[1] - USUAL_WORK[0])  # what counts as its quantile does not grow
    if longer < np.log(SLOWER) or score < SURE:
        return 0.0
    return float(many[recent].mean() * (np.exp(usual + longer) - np.exp(usual)))


def _ratio(exposure: Exposure, daily: Floats, base: Ints, recent: Ints) -> tuple[float, float]:
    """(recent days by what their weekdays usually bring, standard errors from 1); days of rest do not count."""
    weekday = (exposure.first_day.weekday() + np.arange(len(daily))) % WEEK
    usual = np.array(
        [np.median(daily[base][weekday[base] == day]) if (weekday[base] == day).any() else 0.0 for day in range(WEEK)]
    )
    counts = np.where((usual[weekday] > 0) & (daily >= STANDING * usual[weekday]), 1.0, 0.0)
    share = np.divide(daily, usual[weekday], out=np.zeros(len(daily)), where=counts > 0)
    before, now = (float((share * counts)[days].sum() / max(counts[days].sum(), 1.0)) for days in (base, recent))
    if before <= 0 or not counts[recent].sum():
        return 1.0, 0.0
    error = _error((share - before) * counts, counts, base, recent)
    return now / before, (now - before) / error


def _error(surplus: Floats, many: Floats, base: Ints, recent: Ints) -> float:
    """Standard error of the difference of two means, times `_caution`, by how much a week differs from the next.

    Of all weeks up to the end of the base: what has changed once, long ago, hardly counts.
    """
    last = int(base.max()) + 1
    weeks = np.arange(last % WEEK, last, WEEK)
    sums, counts = (np.add.reduceat(array[:last], weeks) for array in (surplus, many))
    used = counts > 0
    means, sizes = sums[used] / counts[used], counts[used]
    each = 1 / (1 / sizes[1:] + 1 / sizes[:-1])
    variance = float((np.diff(means) ** 2 * each).mean()) if len(means) > 1 else np.inf
    least = LEAST_SPREAD**2 * float(sizes.mean())
    error = np.sqrt(max(variance, least) * (1 / max(many[recent].sum(), 1.0) + 1 / max(many[base].sum(), 1.0)))
    return float(error) * _caution(len(means) - 1)


@cache
def _caution(weeks: int) -> float:
    """How much further out Student's t is as sure as the normal curve; two differences in three are news of their own."""
    return float(t.isf(norm.sf(SURE), max(2 * weeks // 3, 2)) / SURE)
