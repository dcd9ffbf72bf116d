"""What the nights up to one say about change: the exposure of the log, and every night of it played forward.

A night and a replay go the same way, so that what a replay says is what the night said, or would have said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter

from mining.calendar import wall_clock
from mining.exposure import Exposure, clock_of, window_start
from mining.findings import Alert, Turn, Watch
from mining.process import Process
from mining.regressions import Told, nights_played
from mining.store import Tables
from mining.visits import Visits

YEAR = 365  # nights
_WATCH = TypeAdapter(Watch)


def watch(process: Process, tables: Tables, night: date) -> Watch:
    """What a night tells, and what is open at its end."""
    nights = [night - timedelta(days=back) for back in range(YEAR - 1, -1, -1)]
    year = list(_played(process, Visits.of(tables, process), window_start(night), nights))
    latest: dict[str, Alert] = {alert.alert: alert for _day, told in year for alert in told.alerts}
    last = year[-1][1] if year else Told()
    return Watch(
        turns=last.alerts,
        open=tuple(alert for alert in latest.values() if alert.event != Turn.RESOLVED),
        opened_in_a_year=sum(alert.event == Turn.OPENED for _day, told in year for alert in told.alerts),
        nights=len(year),
        improvements=last.improvements,
    )


def played(process: Process, tables: Tables, first: date, last: date) -> Iterator[tuple[date, tuple[Alert, ...]]]:
    """What each night from `first` to `last` tells, knowing only its past; nights before the first event tell nothing."""
    visits = Visits.of(tables, process)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for start, nights in groupby(days, window_start):
        for day, told in _played(process, visits, start, list(nights)):
            yield day, told.alerts


def _played(process: Process, visits: Visits, start: date, nights: list[date]) -> Iterator[tuple[date, Told]]:
    exposure = Exposure.of(visits, clock_of(process, visits), process.zone, start)
    wall = Exposure.of(visits, wall_clock(), process.zone, start)
    rows = range(max(0, (nights[0] - exposure.first_day).days), (nights[-1] - exposure.first_day).days + 1)
    nights_told = nights_played(exposure, rows, process.process, wall, process.alerts.false_per_year)
    for row, told in zip(rows, nights_told, strict=True):
        yield exposure.day(row), told


def write_watch(found: Watch, work: Path) -> int:
    """Keep it in the work folder; the number of alerts that are open."""
    (work / "watch.json").write_bytes(_WATCH.dump_json(found))
    return len(found.open)


def read_watch(work: Path) -> Watch:
    """What `write_watch` kept."""
    return _WATCH.validate_json((work / "watch.json").read_bytes())
