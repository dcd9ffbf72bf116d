"""How numbers, times and names are written on the pages. What is not known is an en dash, never a zero."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from mining.findings import Interval
from mining.flowchart import count_text, duration_text, pair_text, share_text

NBSP = "\u00a0"
UNKNOWN = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def counted(number: int, one: str, many: str = "") -> str:
    """1 -> `1 case`, 1079 -> `1,079 cases`; `many` is for words that do not just take an s."""
    return f"{count_text(number)}{NBSP}{one if number == 1 else many or one + 's'}"


def percent(share: float | None) -> str:
    """0.923 -> `92 %`; what would round to nothing or to everything says so: `< 1 %`, `> 99 %`."""
    return UNKNOWN if share is None else share_text(share)


def share(part: int | None, whole: int) -> str:
    """`part` of `whole` in per cent; unknown where there is no whole."""
    return percent(part / whole) if part is not None and whole else UNKNOWN


def percent_range(interval: Interval) -> str:
    """0.3 to 0.41 -> `30–41 %`; a narrow one gets a decimal: `1.8–2.3 %`."""
    if interval.high < 0.005:
        return f"<{NBSP}1{NBSP}%"
    digits = 0 if round(interval.low * 100) != round(interval.high * 100) else 1
    return f"{interval.low * 100:.{digits}f}–{interval.high * 100:.{digits}f}{NBSP}%"


def score(value: float | None) -> str:
    """A measure from 0 to 1, cut (not rounded) to two decimals, so that 1.00 means exactly 1."""
    return UNKNOWN if value is None else f"{int(value * 100 + 1e-9) / 100:.2f}"


def duration(seconds: float | None) -> str:
    """Seconds as one number and one unit: `3.4 h`."""
    return UNKNOWN if seconds is None else duration_text(seconds)


def pair(before: float, after: float) -> str:
    """Two durations in one unit: `6.9 → 0.8 d`."""
    return pair_text(before, after)


def day(value: str | date) -> str:
    """`2013-06-15` -> `15 Jun 2013`."""
    if not value:
        return UNKNOWN
    moment = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{moment.day}{NBSP}{MONTHS[moment.month - 1]}{NBSP}{moment.year}"


def month(iso: str) -> str:
    """`2013-06` -> `Jun 2013`."""
    year, number = iso.split("-")
    return f"{MONTHS[int(number) - 1]}{NBSP}{year}"


def moment(iso: str, zone: str) -> str:
    """An ISO 8601 moment on the wall clock of `zone`: `15 Jun 2013 08:05`."""
    if not iso:
        return UNKNOWN
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(zone))
    return f"{day(local.date())} {local:%H:%M}"
