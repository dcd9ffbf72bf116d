"""How numbers, times and names are written on the pages. What is not known is an en dash, never a zero."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from mining.findings import Interval
from mining.flowchart.durations import NBSP, count_text, duration_text, share_text

UNKNOWN = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Control characters have no shape of their own: show their pictures (␀ … ␟, ␡), but let line breaks and tabs be blanks.
_CONTROL = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421} | dict.fromkeys((0x09, 0x0A, 0x0D), " ")


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
    """0.3 to 0.41 -> `30–41 %`."""
    return f"{interval.low * 100:.0f}–{interval.high * 100:.0f}{NBSP}%"


def score(value: float | None) -> str:
    """A measure from 0 to 1, cut (not rounded) to two decimals, so that 1.00 means exactly 1."""
    return UNKNOWN if value is None else f"{int(value * 100 + 1e-9) / 100:.2f}"


def duration(seconds: float | None) -> str:
    """Seconds as one number and one unit: `3.4 h`."""
    return UNKNOWN if seconds is None else duration_text(seconds)


def day(value: str | date) -> str:
    """`2013-06-15` -> `15 Jun 2013`."""
    if not value:
        return UNKNOWN
    moment = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{moment.day}{NBSP}{MONTHS[moment.month - 1]}{NBSP}{moment.year}"


def moment(iso: str, zone: str) -> str:
    """An ISO 8601 moment on the wall clock of `zone`: `15 Jun 2013 08:05`."""
    if not iso:
        return UNKNOWN
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(zone))
    return f"{day(local.date())} {local:%H:%M}"


def name(text: str) -> str:
    """A name from the data, safe to read: one line, and no character without a shape."""
    return " ".join(text.translate(_CONTROL).split()) or "(no name)"
