"""The last four weeks against the 12 before them: is a number of the page another one than it was, more than by chance?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from mining.chance import Difference, of_means
from mining.cycle_tables import CycleTable, cycle_tables
from mining.lifetimes import SECOND, Flags, Ints, Lifetimes, micros
from mining.morning_findings import Delta, Recent

NOW, BEFORE = 4, 12  # weeks
ENOUGH: Final = 20  # finished cases on each side
SURE: Final = 0.01  # so rarely chance alone may make a change that is told
LARGE: Final = 0.25  # of a time, or of a count
OF_TARGET: Final = 0.02  # a change of a time is at least this part of the target
POINTS: Final = 0.05  # a change of a share
UNDECIDED: Final = 0.25  # of those finished lately, as many others may be over without its being known
_WEEK_US: Final = 7 * 86_400 * SECOND


def recent(lives: Lifetimes, target_s: float | None, *, ends_declared: bool) -> Recent | None:
    """Compare; None where the log is younger than the 16 weeks, or too few cases finished in them.

    Times are period estimates, in which open cases count (`mining.cycle_tables`).

    Args:
        target_s: the time that cases should take at most.
        ends_declared: whether a case is open or not is known at once; where it is learned from silence, the cases that fell
            silent lately still count as open: then times are of the finished cases alone, and neither their number nor that
            of the open ones is compared. Where many are undecided so, no change is told: those known to be over already are
            the ones that end with the shortest silence, a choice and no sample.
    """
    end_us = micros(lives.night_end)
    week = NOW + BEFORE - 1 - (end_us - 1 - lives.ended_us) // _WEEK_US
    chosen = lives.finished & (week >= 0) & (week < NOW + BEFORE)
    week = week[chosen].astype(np.int64)
    now = week >= BEFORE
    if min(now.sum(), (~now).sum()) < ENOUGH or lives.began_us.min() > end_us - (NOW + BEFORE) * _WEEK_US:
        return None
    undecided = 0 if ends_declared else int((~lives.finished).sum())
    pace = Pace.of(lives, end_us, open_known=ends_declared, decided=undecided <= UNDECIDED * now.sum())
    return Recent(
        first=(lives.night_end - timedelta(weeks=NOW)).date().isoformat(),
        last=(lives.night_end - timedelta(microseconds=1)).date().isoformat(),
        typical_s=_time(pace, 0.5, target_s),
        p90_s=_time(pace, 0.9, target_s),
        within_target=None if target_s is None else _within(pace, target_s),
        open=_open(lives, end_us) if ends_declared else None,
        finished=_finished(week) if ends_declared else None,
        with_repeats=_share(lives.repeats[chosen], now, week, decided=pace.decided),
    )


@dataclass(frozen=True)
class Pace:
    """How fast cases were finished: in the last weeks, in those before, and in each of all.

    decided: whether it is known of nearly all cases if they are over.
    """

    now: CycleTable
    before: CycleTable
    weeks: tuple[CycleTable, ...]
    decided: bool

    @classmethod
    def of(cls, lives: Lifetimes, end_us: int, *, open_known: bool, decided: bool) -> Pace:
        edges_us = end_us - _WEEK_US * np.arange(NOW + BEFORE, -1, -1)
        before, now = cycle_tables(lives, edges_us[[0, BEFORE, NOW + BEFORE]], open_known=open_known)
        return cls(now, before, tuple(cycle_tables(lives, edges_us, open_known=open_known)), decided)

    def finished_by(self, age_s: float) -> Difference:
        """Whether the share that is finished by an age is another one, by how it varies from week to week."""
        shares = np.array([week.finished_by(age_s) for week in self.weeks])
        number = np.arange(len(shares))
        return of_means(shares, number >= BEFORE, number)


def _time(pace: Pace, quantile: float, target_s: float | None) -> Delta | None:
    """Tested by the share of cases that are finished by the age at which this share of them was before."""
    value, before = pace.now.quantile_s(quantile), pace.before.quantile_s(quantile)
    if value is None or before is None:
        return None
    tested = pace.finished_by(before)
    large = abs(value - before) >= max(LARGE * before, OF_TARGET * (target_s or 0))
    told = pace.decided and tested.p < SURE and large and (tested.size < 0) == (value > before)
    return Delta(round(value, 3), round(before, 3), bool(told), value < before if told else None)


def _within(pace: Pace, target_s: float) -> Delta:
    value, before = pace.now.finished_by(target_s), pace.before.finished_by(target_s)
    told = pace.decided and abs(value - before) >= POINTS and pace.finished_by(target_s).p < SURE
    return Delta(round(value, 6), round(before, 6), bool(told), value > before if told else None)


def _share(flags: Flags, now: Flags, week: Ints, *, decided: bool) -> Delta:
    """Of what had better be rare."""
    value, before = float(flags[now].mean()), float(flags[~now].mean())
    told = decided and abs(value - before) >= POINTS and of_means(flags.astype(float), now, week).p < SURE
    return Delta(round(value, 6), round(before, 6), bool(told), value < before if told else None)


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
