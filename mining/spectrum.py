"""The performance spectrum of one hand-over: every passage from when it came to when it left.

Steep lines are quick; lines that cross were overtaken; lines that end together left in a batch (Denisov, Fahland and van der
Aalst, Unbiased, fine-grained description of processes performance from event data, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import ibis
import numpy as np
from ibis import _

from mining.findings import Bottleneck
from mining.lifetimes import SECOND, Ints, Lifetimes, edges_us, mondays
from mining.morning_findings import Passage, PassageWeek, Spectrum
from mining.store import Tables
from mining.store.tallies import RECENT

WEEKS: Final = 12
LINES: Final = 240
FEWEST: Final = 10


def spectrum(tables: Tables, lives: Lifetimes, bottlenecks: Sequence[Bottleneck]) -> Spectrum | None:
    """Of the worst bottleneck, the moves completed in the last 12 weeks; None where there is none, or it hardly happens.

    The moves are those of the newest 5,000; where there are more than 240 in these weeks, every so many-th is drawn.
    """
    worst = next((bottleneck for bottleneck in bottlenecks if bottleneck.rank == 1), None)
    if worst is None:
        return None
    code = {name: number for number, name in tables.names.items()}
    of_pair = tables.recent.filter(_.after == code[worst.after], _.activity == code[worst.step])
    newest = of_pair.order_by(ibis.desc("left_us"), ibis.desc("entered_us"), ibis.desc("case")).limit(RECENT)
    since = edges_us([(lives.night_end - timedelta(weeks=WEEKS)).date()], lives.zone)[0]
    rows = tables.rows(newest.filter(_.left_us >= int(since)).order_by("entered_us", "left_us", "case"))
    if len(rows) < FEWEST:
        return None
    entered = np.array([row["entered_us"] for row in rows], np.int64)
    left = np.array([row["left_us"] for row in rows], np.int64)
    drawn = range(0, len(rows), -(-len(rows) // LINES))
    typical, p90 = (round(float(np.quantile(left - entered, part)) / SECOND, 3) for part in (0.5, 0.9))
    return Spectrum(
        after=worst.after,
        step=worst.step,
        typical_s=typical,
        p90_s=p90,
        moves=len(rows),
        weeks=_weeks(entered, left, lives),
        passages=tuple(Passage(_iso(int(entered[n])), _iso(int(left[n]))) for n in drawn),
    )


def _weeks(entered: Ints, left: Ints, lives: Lifetimes) -> tuple[PassageWeek, ...]:
    """By the week of leaving; the one that still runs too."""
    limits = mondays(lives.night_end - timedelta(weeks=WEEKS), lives.night_end + timedelta(weeks=1), lives.zone)
    number = np.searchsorted(edges_us(limits, lives.zone), left, side="right") - 1
    return tuple(
        _week(day, (left - entered)[number == place]) for place, day in enumerate(limits) if (number == place).any()
    )


def _week(day: date, stays: Ints) -> PassageWeek:
    return PassageWeek(day.isoformat(), len(stays), round(float(np.median(stays)) / SECOND, 3))


def _iso(moment_us: int) -> str:
    return datetime.fromtimestamp(moment_us / SECOND, UTC).isoformat(timespec="seconds")
