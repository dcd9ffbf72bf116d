"""How much working time lies between two moments: configured, learned from the log, or the wall clock's.

A clock is a line through points: moments (µs since 1970, UTC) and the work done by then. Between two points work goes on
evenly; before the first and after the last as fast as the wall clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr

from mining.process import Calendar
from mining.working_hours import DAY_MINUTES, hours, public_holidays, weekdays

Micros = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
ALWAYS_US = (-2_208_988_800_000_000, 7_258_118_400_000_000)  # 1900 to 2200: doubles hold every µs of it

WARM_UP_DAYS = 70
MEMORY_DAYS = 182  # what weekdays are learned from: long against noise, short enough to follow new opening hours
USUAL_WEEKS = 5  # a holiday is told against the same weekday of so many weeks that were none
NEW_LEVEL = 3  # weeks on end: if a weekday stays as empty, it is no holiday any more
HOLIDAY_SHARE = 0.3
HOLIDAY_CHANCE = 1e-4  # and is no holiday if chance alone leaves a day so empty more often
HOLIDAY_SPEED = 0.05
LEAST_SPEED = 0.02  # on weekdays without any work: the clock must not stand still where something may happen


@dataclass(frozen=True)
class Clock:
    """Moments to working seconds and back.

    edges_us: growing moments, µs since 1970 UTC; worked_us: the work done by then, whole µs, never falling.
    label: which clock this is, in words for whoever reads its numbers. days_off: holidays, configured or seen.
    """

    edges_us: Micros
    worked_us: Micros
    label: str
    days_off: tuple[date, ...] = ()

    def at(self, us: npt.ArrayLike) -> Seconds:
        """Working seconds at each moment (µs since 1970 UTC), from an origin of its own: only differences mean something.

        Never falls. About 5 M moments a second in any order, 30 M in growing order (one core).
        """
        worked: Seconds = np.interp(np.asarray(us, float), self.edges_us, self.worked_us)
        whole: Seconds = np.rint(worked)  # so that rounding between two edges cannot make it fall
        return whole / 1e6

    def moment(self, seconds: npt.ArrayLike) -> Micros:
        """The first moment (µs since 1970 UTC) at which the clock shows so many working seconds."""
        worked = np.rint(np.asarray(seconds, float) * 1e6)
        after = np.clip(np.searchsorted(self.worked_us, worked, side="left"), 1, len(self.edges_us) - 1)
        start, end = self.edges_us[after - 1], self.edges_us[after]
        done, full = self.worked_us[after - 1], self.worked_us[after]
        pace = (end - start) / np.maximum(full - done, 1)
        moments: Micros = np.rint(start + np.clip(worked - done, 0, full - done) * pace).astype(np.int64)
        return moments

    def never_still(self) -> Clock:
        """The same, but creeping outside working hours: who leaves then left at an age at which somebody had waited."""
        creeping = np.rint(LEAST_SPEED * (self.edges_us - self.edges_us[0])).astype(np.int64)
        return replace(self, worked_us=self.worked_us + creeping)


def wall_clock() -> Clock:
    """Every hour counts."""
    always = np.array(ALWAYS_US, np.int64)
    return Clock(always, always, "wall clock")


def working_time(calendar: Calendar, zone: ZoneInfo, first: date, last: date) -> Clock:
    """The configured clock, which runs in working hours only, for the local days from `first` to `last`, both included.

    A day on which the clocks change has the hours that its local time has.
    """
    days = (last - first).days + 1
    off = public_holidays(calendar.holidays, first, last) if calendar.holidays else ()
    open_days = np.isin((first.weekday() + np.arange(days)) % 7, weekdays(calendar.days))
    open_days[[(day - first).days for day in off]] = False
    ranges = _midnights(first, days)[open_days, None, None] + np.array(hours(calendar.hours)) * MINUTE_US
    span = day_edges(zone, first, days)[[0, -1]]
    if not open_days.any():
        return _clock(span, np.zeros(1), _configured_label(calendar), off)
    _, starts, ends = _moments(ranges[..., 0].ravel(), ranges[..., 1].ravel(), zone)
    edges = np.unique(np.concatenate([span, starts, ends]))
    begun, over = (np.searchsorted(some, edges[:-1], side="right") for some in (starts, np.sort(ends)))
    return _clock(edges, (begun > over).astype(float), _configured_label(calendar), off)


def _configured_label(calendar: Calendar) -> str:
    always = hours(calendar.hours) == ((0, DAY_MINUTES),)
    parts = [calendar.days if always else f"{calendar.days} {calendar.hours}"]
    parts += [f"without holidays of {calendar.holidays}"] if calendar.holidays else []
    return f"working time, {', '.join(parts)}"


def learned(moves_us: Micros, zone: ZoneInfo, night_end_us: int) -> Clock:
    """The clock that the log itself shows: fast on weekdays on which much is done, slow on those on which little is.

    moves_us: the times of all completed steps before the end of the night, in any order. A week lasts a week.
    The speed of a day is learned from the days before it, and never changes later; only the first 70 days are learned
    together. A day with less than 30 % of what its weekday usually brings is a holiday.
    """
    if not len(moves_us):
        return wall_clock()
    first, last = _local_day(int(moves_us.min()), zone), _local_day(night_end_us - 1, zone)
    edges = day_edges(zone, first, (last - first).days + 1)
    counts = np.bincount(np.searchsorted(edges, moves_us, side="right") - 1, minlength=len(edges) - 1)
    speeds, holiday = day_speeds(counts, first.weekday())
    off = tuple(first + timedelta(days=int(day)) for day in np.flatnonzero(holiday))
    return _clock(edges, speeds, "working days learned from the log", off)


def day_speeds(counts: npt.NDArray[np.int64], first_weekday: int) -> tuple[Seconds, npt.NDArray[np.bool_]]:
    """(speed, is it a holiday) of each day from the number of completed steps on each; the first day is the weekday given.

    The speed of day d depends on the days before d, whether it is a holiday on day d too; both on all of the first 70.
    """
    weekday = (first_weekday + np.arange(len(counts))) % 7
    holiday = _holidays(counts)
    speeds = np.empty(len(counts))
    for day in range(len(counts)):
        seen = slice(max(0, day - MEMORY_DAYS), day) if day >= WARM_UP_DAYS else slice(0, WARM_UP_DAYS)
        speeds[day] = _weekday_speeds(counts[seen], weekday[seen], ~holiday[seen])[weekday[day]]
    return np.where(holiday, HOLIDAY_SPEED, speeds), holiday


def _holidays(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Days on which far less is completed than usually on their weekday: the median of five before that were no holidays.

    The first ten weeks are judged together. A weekday that stays empty is no holiday any more, but has a new level.
    """
    holiday, counted = np.zeros((2, len(counts)), bool)
    for day in range(len(counts)):
        before = np.arange(day % 7, day, 7)
        if day < WARM_UP_DAYS:
            usual = np.median(counts[day % 7 : WARM_UP_DAYS : 7])
        else:
            if holiday[before[-NEW_LEVEL:]].all():
                counted[before] = before >= before[-NEW_LEVEL]
            usual = np.median(counts[before[counted[before]][-USUAL_WEEKS:]])
        holiday[day] = counts[day] < HOLIDAY_SHARE * usual and pdtr(counts[day], usual) < HOLIDAY_CHANCE
        counted[day] = not holiday[day]
    return holiday


def _weekday_speeds(
    counts: npt.NDArray[np.int64], weekday: npt.NDArray[np.int64], usual: npt.NDArray[np.bool_]
) -> Seconds:
    """Speed of each weekday, 1 on average over the week; 1 for all where a weekday was not seen yet."""
    days = np.bincount(weekday[usual], minlength=7)
    if not days.all():
        return np.ones(7)
    means = np.bincount(weekday[usual], counts[usual], minlength=7) / days
    if not means.any():
        return np.ones(7)
    speeds = np.maximum(means / means.mean(), LEAST_SPEED)
    return np.asarray(speeds / speeds.mean())


def day_edges(zone: ZoneInfo, first: date, count: int) -> Micros:
    """The `count` + 1 moments (µs since 1970 UTC) at which local days begin, from the day `first` on."""
    midnights = _midnights(first, count + 1)
    which, starts, _ = _moments(midnights, midnights + DAY_US, zone)
    edges = np.full(count + 1, np.iinfo(np.int64).max)
    np.minimum.at(edges, which, starts)
    return np.minimum.accumulate(edges[::-1])[::-1]  # a day that a zone left out begins and ends with the next


def _moments(starts: Micros, ends: Micros, zone: ZoneInfo) -> tuple[npt.NDArray[np.int64], Micros, Micros]:
    """(which range, start, end) in UTC of ranges of local time, in order; one in which the clocks change can be in two pieces."""
    pieces = []
    for begin, until, offset in _offsets(zone, int(starts.min()) - DAY_US, int(ends.max()) + DAY_US):
        start, end = np.maximum(starts - offset, begin), np.minimum(ends - offset, until)
        pieces.append(np.stack([np.arange(len(starts)), start, end])[:, start < end])
    which, start, end = np.concatenate(pieces, axis=1)
    order = np.argsort(start, kind="stable")
    return which[order], start[order], end[order]


def _offsets(zone: ZoneInfo, begin: int, until: int) -> Iterator[tuple[int, int, int]]:
    """(from, to, what the zone is ahead of UTC), all µs, of each stretch without a change of the clocks."""

    start, stop = begin // 1_000_000, until // 1_000_000
    for day in range(start, stop, 86_400):
        ahead = _ahead(zone, day)
        if _ahead(zone, min(day + 86_400, stop)) != ahead:
            change = _change(zone, day)
            yield start * 1_000_000, change * 1_000_000, ahead * 1_000_000
            start = change
    yield start * 1_000_000, until, _ahead(zone, stop) * 1_000_000


def _change(zone: ZoneInfo, day: int) -> int:
    """The second, within a day from the one given, at which the clocks change."""
    ahead = _ahead(zone, day)
    return day + bisect_left(range(day, day + 86_400), 1, key=lambda second: int(_ahead(zone, second) != ahead))


def _ahead(zone: ZoneInfo, second: int) -> int:
    """Seconds that local time is ahead of UTC."""
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _clock(edges: Micros, speeds: Seconds, label: str, off: tuple[date, ...]) -> Clock:
    """The clock that runs with each speed from one edge to the next, and with the wall clock's outside them."""
    worked = np.concatenate([[0], np.cumsum(np.rint(np.diff(edges) * speeds).astype(np.int64))])
    before, after = ALWAYS_US[0] - edges[0], ALWAYS_US[1] - edges[-1]
    return Clock(
        np.concatenate([ALWAYS_US[:1], edges, ALWAYS_US[1:]]),
        np.concatenate([[before], worked, [worked[-1] + after]]),
        label,
        off,
    )


def _midnights(first: date, count: int) -> Micros:
    """Local midnights, written as if they were UTC."""
    return ((first - date(1970, 1, 1)).days + np.arange(count)) * DAY_US


def _local_day(us: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(zone).date()
