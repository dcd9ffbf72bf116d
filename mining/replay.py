"""`headrace replay`: what would we have been told? Past nights in order, each knowing only its past."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from mining import durable
from mining.alerts import as_line
from mining.errors import InputError
from mining.findings import Alert, Turn
from mining.home import Home
from mining.night import Night
from mining.process import Process
from mining.register.life import is_news
from mining.watching import played


def replay(process: Process, home: Home, first: date, last: date, to: Path) -> list[dict[str, Any]]:
    """Write one line of JSON for each turn of an alert in the nights from `first` to `last`; the lines.

    What is new at the source is pulled, passes the gate and stays in the store; nothing is published, registered or sent. A
    turn `updated` is written where it would be worth a message: another verdict or step, or much more of it.

    Raises:
        InputError: the nights are in the wrong order, or there is no folder for the file.
        GateError: the data did not pass the gate, or no event had happened by the end of the last night.
    """
    if first > last:
        raise InputError(f"--from {first} is after --to {last}")
    if not to.parent.is_dir():
        raise InputError(f"--alerts {to}: there is no folder {to.parent}; make it first")
    night = dataclasses.replace(Night.of(process, last, home), registered=False)
    try:
        for step in ("pull", "validate", "store"):
            night.do(step)
        nights = played(process, night.tables, first, last)
        lines = [as_line(alert) for alert in worth_a_line(alert for _day, alerts in nights for alert in alerts)]
    finally:
        night.place.leave()
    durable.write(to, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    return lines


def worth_a_line(alerts: Iterable[Alert]) -> Iterator[Alert]:
    """Of all turns, in order, those that say something new; an alert that was open before the first night is known."""
    told: dict[str, Alert] = {}
    for alert in alerts:
        before = told.setdefault(alert.alert, alert)
        if alert.event != Turn.UPDATED or is_news(alert, before):
            told[alert.alert] = alert
            yield alert
