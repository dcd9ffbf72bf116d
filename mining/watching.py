"""What the nights up to one say about change: the exposure of the log, and every night of it played forward.

A night and a replay go the same way, so that what a replay says is what the night said, or would have said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from mining.calendar import wall_clock
from mining.exposure import Exposure, clock_of, window_start
from mining.findings import Alert, Rise, Turn, Watch
from mining.process import Process
from mining.regressions import Told, nights_played, risen
from mining.store import Tables
from mining.visits import Visits

YEAR = 365  # nights


def watch(process: Process, tables: Tables, night: date) -> Watch:
    """What a night tells, and what is open at its end."""
    nights = [night - timedelta(days=back) for back in range(YEAR - 1, -1, -1)]
    seen = _Seen.of(process, Visits.of(tables, process), window_start(night))
    year = list(seen.played(nights))
    latest: dict[str, Alert] = {alert.alert: alert for _day, told in year for alert in told.alerts}
    last = year[-1][1] if year else Told()
    still_open = tuple(alert for alert in latest.values() if alert.event != Turn.RESOLVED)
    told_of = {alert.step for alert in still_open}
    return Watch(
        turns=last.alerts,
        open=still_open,
        opened_in_a_year=sum(alert.event == Turn.OPENED for _day, told in year for alert in told.alerts),
        nights=len(year),
        improvements=last.improvements,
        rises=tuple(rise for rise in seen.risen() if rise.step not in told_of),
    )


def played(process: Process, tables: Tables, first: date, last: date) -> Iterator[tuple[date, tuple[Alert, ...]]]:
    """What each night from `first` to `last` tells, knowing only its past; nights before the first event tell nothing."""
    visits = Visits.of(tables, process)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for start, nights in groupby(days, window_start):
        for day, told in _Seen.of(process, visits, start).played(list(nights)):
            yield day, told.alerts


@dataclass(frozen=True)
class _Seen:
    """What is known of the days from one on, by the working clock and by the wall clock."""

    process: Process
    exposure: Exposure
    wall: Exposure

    @classmethod
    def of(cls, process: Process, visits: Visits, start: date) -> _Seen:
        clocks = (clock_of(process, visits), wall_clock())
        return cls(process, *(Exposure.of(visits, clock, process.zone, start) for clock in clocks))

    def played(self, nights: list[date]) -> Iterator[tuple[date, Told]]:
        first, last = ((night - self.exposure.first_day).days for night in (nights[0], nights[-1]))
        rows = range(max(0, first), last + 1)
        told = nights_played(self.exposure, rows, self.process.process, self.wall, self.process.alerts.false_per_year)
        return ((self.exposure.day(row), one) for row, one in zip(rows, told, strict=True))

    def risen(self) -> tuple[Rise, ...]:
        """In the last of these days."""
        return risen(self.exposure, self.exposure.days - 1, self.wall)
