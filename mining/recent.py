"""The last four weeks against the 12 before them: is a number of the page another one than it was, more than by chance?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.chance import of_means, of_ranks
from mining.lifetimes import SECOND, Flags, Ints, Lifetimes, micros
from mining.morning_findings import Delta, Recent

Floats = npt.NDArray[np.float64]

NOW, BEFORE = 4, 12  # weeks
ENOUGH: Final = 20  # finished cases on each side
SURE: Final = 0.01  # so rarely chance alone may make a change that is told
LARGE: Final = 0.25  # of a time, or of a count
OF_TARGET: Final = 0.02  # a change of a time is at least this part of the target
POINTS: Final = 0.05  # a change of a share
_WEEK_US: Final = 7 * 86_400 * SECOND


def recent(lives: Lifetimes, target_s: float | None, *, ends_declared: bool) -> Recent | None:
    """Compare; None where the log is younger than the 16 weeks, or too few cases finished in them.

    Args:
        target_s: the time that cases should take at most.
        ends_declared: whether a case is open or not is known at once; where it is learned from silence, the cases that fell
            silent lately still count as open, and neither their number nor that of the finished is compared.
    """
    end_us = micros(lives.night_end)
    week = NOW + BEFORE - 1 - (end_us - 1 - lives.ended_us) // _WEEK_US
    chosen = lives.finished & (week >= 0) & (week < NOW + BEFORE)
    week = week[chosen].astype(np.int64)
    now = week >= BEFORE
    if min(now.sum(), (~now).sum()) < ENOUGH or lives.began_us.min() > end_us - (NOW + BEFORE) * _WEEK_US:
        return None
    times = lives.cycle_us[chosen] / SECOND
    in_target = None if target_s is None else times <= target_s
    return Recent(
        first=(lives.night_end - timedelta(weeks=NOW)).date().isoformat(),
        last=(lives.night_end - timedelta(microseconds=1)).date().isoformat(),
        typical_s=_time(times, now, week, 0.5, target_s),
        p90_s=_time(times, now, week, 0.9, target_s),
        within_target=None if in_target is None else _share(in_target, now, week, more_is_good=True),
        open=_open(lives, end_us) if ends_declared else None,
        finished=_finished(week) if ends_declared else None,
        with_repeats=_share(lives.repeats[chosen], now, week, more_is_good=False),
    )


def _time(times: Floats, now: Flags, week: Ints, quantile: float, target_s: float | None) -> Delta:
    """The median is tested by ranks; another quantile by how many cases lie above that of the weeks before."""
    value, before = (float(np.quantile(times[side], quantile)) for side in (now, ~now))
    above = (times > before).astype(float)
    tested = of_ranks(times, now, week) if quantile == 0.5 else of_means(above, now, week)
    large = abs(value - before) >= max(LARGE * before, OF_TARGET * (target_s or 0))
    told = tested.p < SURE and large and (tested.size > 0) == (value > before)
    return Delta(round(value, 3), round(before, 3), bool(told), value < before if told else None)


def _share(flags: Flags, now: Flags, week: Ints, *, more_is_good: bool) -> Delta:
    value, before = float(flags[now].mean()), float(flags[~now].mean())
    told = abs(value - before) >= POINTS and of_means(flags.astype(float), now, week).p < SURE
    return Delta(round(value, 6), round(before, 6), bool(told), (value > before) == more_is_good if told else None)


def _finished(week: Ints) -> Delta:
    """By the counts of the weeks: more or fewer finished is no good or bad in itself."""
    counts = np.bincount(week, minlength=NOW + BEFORE).astype(float)
    numbers = np.arange(NOW + BEFORE)
    now = numbers >= BEFORE
    value, before = float(counts[now].sum()), float(counts[~now].mean() * NOW)
    told = abs(value - before) >= LARGE * before and of_means(counts, now, numbers).p < SURE
    return Delta(value, round(before, 1), bool(told))


def _open(lives: Lifetimes, end_us: int) -> Delta:
    """Open cases swing slowly, so no test of single weeks holds: now is beyond all 12 week's ends before, and far from them."""
    moments = [end_us - back * _WEEK_US for back in range(NOW + BEFORE)]
    ended = np.where(lives.finished, lives.ended_us, np.iinfo(np.int64).max)
    counts = [int(((lives.began_us < moment) & (ended >= moment)).sum()) for moment in moments]
    value, earlier = counts[0], np.array(counts[NOW:])
    before = float(earlier.mean())
    told = (value > earlier.max() or value < earlier.min()) and abs(value - before) >= LARGE * before
    return Delta(float(value), round(before, 1), bool(told), value < before if told else None)
