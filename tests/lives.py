"""Cases as two numbers, made up for tests of what looks at them by time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from mining.lifetimes import Lifetimes, micros

HOUR = 3600.0
DAY = 24 * HOUR
UTC = ZoneInfo("UTC")


def lives(
    cases: Sequence[tuple[datetime, float | None]],
    night_end: datetime,
    repeats: Sequence[bool] | None = None,
    zone: ZoneInfo = UTC,
) -> Lifetimes:
    """Of (begin, cycle time in seconds; None while open, and then without another event)."""
    began_us = np.array([micros(begin) for begin, _cycle in cases], np.int64)
    cycle_us = np.array([-1 if cycle is None else round(cycle * 1e6) for _begin, cycle in cases], np.int64)
    return Lifetimes(
        began_us=began_us,
        cycle_us=cycle_us,
        last_us=began_us + np.maximum(cycle_us, 0),
        repeats=np.array(repeats if repeats is not None else [False] * len(cases), np.bool_),
        night_end=night_end.astimezone(zone),
        zone=zone,
    )
