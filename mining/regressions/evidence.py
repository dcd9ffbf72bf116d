"""Why cases wait longer for people: slower work, fewer people, more cases, or nothing that can be seen.

Queues wait longer now and then without any reason but chance, weeks on end. Where starts and people are known, a longer wait
is believed at once if the work itself takes longer or fewer people do it; the work of one step makes all steps wait that the same
people do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from mining.exposure import Exposure
from mining.regressions.work import SLOWER, SURE, UNCLIPPED, WEEK, surplus_of, weekly_error

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEWER = 0.94  # people: at most so many
MORE = 1.08  # cases that come to the step; it needs no proof, for it is a reason not to tell
LOAD = 0.04  # of the work of the pool that slower work must add, to make it late
COVERED = 0.8  # of the completions have a known start, or nothing is known of the work
STANDING = 0.3  # days with fewer people than this share of the usual are holidays, not days with fewer people


class Reason(Enum):
    UNKNOWN = "starts or people are not known"
    WORK = "the work takes longer"
    PEOPLE = "fewer people do it"
    INFLOW = "more cases come"
    NOTHING = "neither work nor people nor cases explain it"
    LASTING = "the same, but it lasts longer than chance would, and only this step of these people waits"


@dataclass(frozen=True)
class Cause:
    """Why a step makes cases wait; `step` is the step at which it began: another one of the same people, perhaps."""

    reason: Reason
    step: int


def cause(exposure: Exposure, base: Ints, recent: Ints, step: int, sure: float = SURE) -> Cause:
    """What of work, people and cases differs in the recent days from the base, before this step.

    Work is looked at in the last week too: what is sudden would be thinned by older days. People and cases are counted over a
    week at least. `recent`: days that follow each other. `sure`: standard errors that work and people must differ by.
    """
    if exposure.pool[step] < 0 or not _covered(exposure, base, step):
        return Cause(Reason.UNKNOWN, step)
    for days in (recent, recent[-WEEK:]):
        slower = _slower_mate(exposure, base, days, step, sure)
        if slower is not None:
            return Cause(Reason.WORK, slower)
    recent = np.arange(min(recent[0], recent[-1] + 1 - WEEK), recent[-1] + 1)
    people = exposure.people[:, exposure.pool[step]]
    ratio, score = _ratio(exposure, people, base, recent)
    if ratio <= FEWER and score <= -sure:
        return Cause(Reason.PEOPLE, step)
    if changed_inflow(exposure, base, recent, step) >= MORE:
        return Cause(Reason.INFLOW, step)
    return Cause(Reason.NOTHING, step)


def changed_inflow(exposure: Exposure, base: Ints, recent: Ints, step: int) -> float:
    """What comes to the step in the recent days, by what usually comes."""
    return _ratio(exposure, inflow(exposure, base, step), base, recent)[0]


def inflow(exposure: Exposure, base: Ints, step: int) -> Floats:
    """By day: cases that came to where this step is done next, each by its usual chance of going there."""
    seen = exposure.moves[base].sum(axis=(0, 1))
    chance = seen[:, step] / np.maximum(seen.sum(axis=1), 1.0)
    return np.asarray(exposure.entered @ chance)


def _covered(exposure: Exposure, base: Ints, step: int) -> bool:
    completed = exposure.moves[base, :, :, step].sum()
    return bool(exposure.work[base, :, step, 0].sum() >= COVERED * completed > 0)


def _slower_mate(exposure: Exposure, base: Ints, recent: Ints, step: int, sure: float) -> int | None:
    """Of the steps of these people, the one whose work takes longer by most; None if it adds too little to all of it."""
    mates = [mate for mate, pool in enumerate(exposure.pool) if pool == exposure.pool[step]]
    longer = {mate: _more_work(exposure, base, recent, mate, sure) for mate in mates}
    if sum(longer.values()) <= LOAD * sum(_work(exposure, base, mate) for mate in mates):
        return None
    return max(longer, key=lambda mate: longer[mate])


def _work(exposure: Exposure, base: Ints, step: int) -> float:
    """Seconds of work that one usual day brings, by the geometric mean."""
    many, logs, _squares = exposure.work[base, :, step].sum(axis=(0, 1))
    return float(many / len(base) * np.exp(logs / max(many, 1.0)))


def _more_work(exposure: Exposure, base: Ints, recent: Ints, step: int, sure: float) -> float:
    """Seconds of work that one day brings more than usual, because the work takes longer; 0 where it does not."""
    by_stratum, pieces, _spread = surplus_of(exposure, base, np.array([step]))
    surplus, many = by_stratum.sum(axis=(1, 2)), pieces.sum(axis=(1, 2))
    longer = surplus[recent].sum() / max(many[recent].sum(), 1.0)
    score = longer / float(weekly_error(surplus, many, base, recent))
    if longer / UNCLIPPED < np.log(SLOWER) or score < sure:
        return 0.0
    usual = _work(exposure, base, step) / max(many[base].mean(), 1e-9)
    return float(many[recent].mean() * usual * np.expm1(longer / UNCLIPPED))


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
    error = float(weekly_error((share - before) * counts, counts, base, recent))
    return now / before, (now - before) / error
