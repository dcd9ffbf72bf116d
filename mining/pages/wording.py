"""How numbers, times and names are written on the pages. What is not known is an en dash, never a zero."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from mining.findings import Interval
from mining.flowchart import duration_text, pair_text, share_text
from mining.flowchart.durations import percent_text
from mining.languages import date_text, pgettext
from mining.languages import number as number_text

NBSP = "\u00a0"
UNKNOWN = "–"


def number(value: float, digits: int) -> str:
    """1.5, 2 -> `1.50`."""
    return number_text(value, digits)


def percent(share: float | None) -> str:
    """0.923 -> `92 %`; what would round to nothing or to everything says so: `< 1 %`, `> 99 %`."""
    return UNKNOWN if share is None else share_text(share)


def share(part: int | None, whole: int) -> str:
    """`part` of `whole` in per cent; unknown where there is no whole."""
    return percent(part / whole) if part is not None and whole else UNKNOWN


def percent_range(interval: Interval) -> str:
    """0.3 to 0.41 -> `30–41 %`; a narrow one gets a decimal: `1.8–2.3 %`."""
    if interval.high < 0.005:
        return f"<{NBSP}{percent_text('1')}"
    digits = 0 if round(interval.low * 100) != round(interval.high * 100) else 1
    return percent_text(f"{number(interval.low * 100, digits)}–{number(interval.high * 100, digits)}")


def score(value: float | None) -> str:
    """A measure from 0 to 1, cut (not rounded) to two decimals, so that 1.00 means exactly 1."""
    return UNKNOWN if value is None else number(int(value * 100 + 1e-9) / 100, 2)


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
    # Translators: a pattern of Unicode's for days (https://unicode.org/reports/tr35/tr35-dates.html)
    return date_text(moment, pgettext("pattern of a day", "d MMM y")).replace(" ", NBSP)


def day_of_year(iso: str) -> str:
    """`2013-06-15` -> `15 Jun`, where the year is plain."""
    return date_text(date.fromisoformat(iso), pgettext("pattern of a day of the year", "d MMM")).replace(" ", NBSP)


def month(iso: str) -> str:
    """`2013-06` -> `Jun 2013`."""
    return date_text(date.fromisoformat(f"{iso}-01"), pgettext("pattern of a month", "MMM y")).replace(" ", NBSP)


def moment(iso: str, zone: str) -> str:
    """An ISO 8601 moment on the wall clock of `zone`: `15 Jun 2013 08:05`."""
    if not iso:
        return UNKNOWN
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(zone))
    return f"{day(local.date())} {local:%H:%M}"
