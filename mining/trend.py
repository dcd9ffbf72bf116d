"""Is it getting better or worse: typical times by week, their phases, and the weeks that stand out.

A control chart of single values (XmR: Wheeler, Understanding Variation, 1993) on the logarithm of the weekly medians; phases by
binary segmentation (Vostrikova 1981); run rules of Western Electric (1956).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.cycle_tables import CycleTable, cycle_tables
from mining.lifetimes import SECOND, Ints, Lifetimes, edges_us, mondays
from mining.morning_findings import Phase, Trend, Week

Floats = npt.NDArray[np.float64]

WEEKS: Final = 104  # shown
ENOUGH: Final = 5  # cases, for a median of a week
SHORTEST: Final = 6  # weeks of a phase
SURE: Final = (
    4.5  # standard errors between two phases: of white noise of 100 weeks, 1 in 1,000 has such a step somewhere
)
UNDECIDED: Final = 0.25  # of those finished in a week, as many others may be over without its being known
LARGE: Final = 1.25  # a smaller step is no phase of its own
RANGES_IN_SIGMA: Final = 1.128  # mean moving ranges in one standard deviation, of normal values


def trend(lives: Lifetimes, *, ends_declared: bool = True, until: date | None = None) -> Trend | None:
    """The typical time of each week, open cases counted; None where fewer than two weeks can be told.

    It begins when 9 of 10 cases have had the time to finish (after a quarter of the log at the latest): before that only quick
    ones could have. The week that still runs is left out.

    Args:
        ends_declared: whether it is known at once that a case is over; else times are of the finished cases alone, up to the
            week after which too many are undecided.
        until: the day on which the data end before the night does; only whole weeks before it are shown.
    """
    if not lives.finished.any():
        return None
    for days in (7, 28):
        limits = mondays(_begin(lives), lives.night_end, lives.zone, days)
        limits = [day for day in limits if until is None or day <= until][-WEEKS - 1 :]
        if len(limits) < 2:
            continue
        tables = cycle_tables(lives, edges_us(limits, lives.zone), open_known=ends_declared)
        weeks = [_week(day, table) for day, table in zip(limits[:-1], tables, strict=True)]
        weeks = weeks if ends_declared else _decided(weeks, lives, edges_us(limits, lives.zone))
        told = [week for week in weeks if week.typical_s is not None]
        if len(told) >= 2 and 2 * len(told) >= len(weeks):
            return _with_phases(days, weeks)
    return None


def _begin(lives: Lifetimes) -> datetime:
    first = datetime.fromtimestamp(int(lives.began_us.min()) / SECOND, lives.zone)
    warming = timedelta(seconds=lives.quantile_s(0.9) or 0)
    return first + min(warming, (lives.night_end - first) / 4)


def _decided(weeks: list[Week], lives: Lifetimes, limits_us: Ints) -> list[Week]:
    """Up to the last week in which few fell silent of whom it is not known if they are over.

    Those that are known to be over already are the ones that end with the shortest silence: a choice and no sample.
    """
    fell_silent = np.histogram(lives.last_us[~lives.finished], limits_us)[0]
    known = [silent <= UNDECIDED * week.finished for week, silent in zip(weeks, fell_silent, strict=True)]
    return weeks[: max((number + 1 for number, sure in enumerate(known) if sure), default=0)]


def _week(day: date, table: CycleTable) -> Week:
    typical = table.quantile_s(0.5) if table.finished >= ENOUGH else None
    return Week(day.isoformat(), table.finished, None if typical is None else round(max(1.0, typical), 3))


def _with_phases(days: int, weeks: list[Week]) -> Trend:
    told = [number for number, week in enumerate(weeks) if week.typical_s is not None]
    levels = np.log10(np.array([weeks[number].typical_s for number in told], float))
    phases: list[Phase] = []
    signals: dict[int, str] = {}
    for begin, end in parts(levels):
        middle, sigma = float(levels[begin:end].mean()), _sigma(levels[begin:end])
        low, typical, high = (round(10 ** (middle + by * 3 * sigma), 3) for by in (-1, 0, 1))
        phases.append(Phase(weeks[told[begin]].first, weeks[told[end - 1]].first, typical, low, high))
        marks = stands_out((levels[begin:end] - middle) / (sigma or 1.0))
        signals |= dict(zip(told[begin:end], marks, strict=True))
    marked = [replace(week, signal=signals.get(number, "")) for number, week in enumerate(weeks)]
    return Trend(days, tuple(marked), tuple(phases))


def _sigma(levels: Floats) -> float:
    """From one week to the next, so that a drift does not widen it; 3 of it are 2.66 mean moving ranges."""
    return float(np.abs(np.diff(levels)).mean()) / RANGES_IN_SIGMA


def parts(levels: Floats) -> list[tuple[int, int]]:
    """Where one level lasts: from, and up to; none where there are too few weeks."""
    if len(levels) < SHORTEST:
        return []
    split = _step(levels)
    if split is None:
        return [(0, len(levels))]
    return parts(levels[:split]) + [(split + begin, split + end) for begin, end in parts(levels[split:])]


def _step(levels: Floats) -> int | None:
    """The place of the surest step, if it is sure and large enough."""
    best, place = SURE, None
    for split in range(SHORTEST, len(levels) - SHORTEST + 1):
        before, after = levels[:split], levels[split:]
        size = abs(float(after.mean() - before.mean()))
        within = np.concatenate([before - before.mean(), after - after.mean()])
        noise = max(float(np.sqrt((within**2).sum() / (len(levels) - 2))), _sigma(levels), 1e-9)
        score = size / (noise * np.sqrt(1 / len(before) + 1 / len(after)))
        if score > best and size >= np.log10(LARGE):
            best, place = float(score), split
    return place


def stands_out(sigmas: Floats) -> list[str]:
    """What each week is a signal of, by its distance from the middle in standard deviations.

    Of a row (2 of 3 weeks beyond two on one side, 4 of 5 beyond one, 8 on one side), the week that completes it is marked.
    """
    marks = []
    for last, distance in enumerate(sigmas):
        row = [
            (np.sign(distance) * sigmas[max(0, last - weeks + 1) : last + 1] > beyond).sum() >= needed
            for weeks, beyond, needed in ((3, 2, 2), (5, 1, 4), (8, 0, 8))
            if abs(distance) > beyond
        ]
        marks.append("limit" if abs(distance) > 3 else "run" if any(row) else "")
    return marks
