"""The dead man's check: does each process have the night that it should have by now? Not for the nights themselves to run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from mining.alerts.telling import PATIENCE, tell_due
from mining.errors import StoreError
from mining.home import Home
from mining.languages.recalled import NOT_ENDED, NOT_RUN
from mining.process import Process
from mining.register import Register, Run

LOG = logging.getLogger("headrace")


@dataclass(frozen=True)
class Overdue:
    """A process without the night that it should have by now."""

    process: str
    night: date  # that should be there
    newest: date | None  # that is there
    reason: str


def overdue(processes: Sequence[Process], register: Register, now: datetime) -> tuple[Overdue, ...]:
    """The processes whose last night due at `now` (with an offset) is not published; due is `nightly_at` and `alerts.grace`.

    A process of which no night was ever published is expected to have one from the day on which it is first looked at.
    """
    found = (_overdue(process, register, now) for process in processes)
    return tuple(one for one in found if one is not None)


def watch(processes: Sequence[Process], home: Home, now: datetime) -> tuple[Overdue, ...]:
    """Tell the owners of overdue processes, once, and everybody what an earlier message could not tell them.

    Raises:
        StoreError: a channel did not take its message; all others have theirs.
    """
    register, failures = Register.open(home), []
    late = {one.process: one for one in overdue(processes, register, now)}
    for process in processes:
        one = late.get(process.process)
        if one is not None:
            register.missed(process.process, one.night, one.reason)
        night = one.night if one else register.last_finished(process.process)
        try:
            if night is not None:
                tell_due(process, night, home, register, PATIENCE)
        except StoreError as error:
            failures.append(str(error))
    if failures:
        raise StoreError("\n".join(failures))
    return tuple(late.values())


def last_due(process: Process, now: datetime) -> tuple[date, datetime]:
    """The newest night that should be there by now, and when its run was to begin: the morning after the day."""
    latest = (now - process.alerts.grace).astimezone(process.zone)
    begin = datetime.combine(latest.date(), time.fromisoformat(process.nightly_at), process.zone)
    if begin > latest:
        begin = datetime.combine(latest.date() - timedelta(days=1), begin.timetz().replace(tzinfo=None), process.zone)
    return begin.date() - timedelta(days=1), begin


def _overdue(process: Process, register: Register, now: datetime) -> Overdue | None:
    night, begin = last_due(process, now)
    newest = register.last_finished(process.process)
    since = register.watched_since(process.process, now.astimezone(process.zone).date())
    if (newest is not None and newest >= night) or (newest is None and night < since):
        return None
    runs = [run for run in register.runs(process.process) if run.night == night.isoformat()]
    return Overdue(process.process, night, newest, _reason(runs, process, begin, now))


def _reason(runs: Sequence[Run], process: Process, begin: datetime, now: datetime) -> str:
    said = f"{now.astimezone(process.zone):%Y-%m-%d %H:%M}"
    if not runs:
        return f"Step start: {NOT_RUN}".format(day=begin.date(), time=process.nightly_at, zone=process.zone, now=said)
    started = datetime.fromisoformat(runs[-1].started_at).astimezone(process.zone)
    return runs[-1].failed or f"Step end: {NOT_ENDED}".format(started=f"{started:%Y-%m-%d %H:%M}", now=said)
