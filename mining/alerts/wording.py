"""Numbers, days and lengths of time in the words that people use."""

from __future__ import annotations

from datetime import date
from typing import Final

from mining.findings import Interval
from mining.languages import _, count_text, date_text, ngettext, number, pgettext

_MINUS: Final = "−"
# Up to so many seconds a length of time is told in this unit.
_UNITS: Final = ((90.0, 1.0, "second"), (59.5 * 60.0, 60.0, "minute"), (36 * 3600.0, 3600.0, "hour"))
_DAY: Final = 86400.0


def day(text: str) -> str:
    """`2024-07-08` -> `8 Jul 2024`."""
    return date_text(date.fromisoformat(text), pgettext("pattern of a day", "d MMM y"))


def percent(share: float) -> str:
    """0.342 -> `34 %`, without a sign; what would round to nothing says so."""
    return _("less than 1 %") if 0 < abs(share) < 0.005 else _percents(number(abs(share) * 100, 0))


def change(share: float) -> str:
    """0.342 -> `+34 %`, -0.12 -> `−12 %`."""
    return f"{_sign(round(share, 2))}{percent(share)}"


def change_range(share: float, interval: Interval) -> str:
    """`+34 % (21 to 48 %)`; where the range holds zero, its ends carry their signs."""
    low, high = (round(end * 100) for end in (interval.low, interval.high))
    signs = (_sign(low), _sign(high)) if low < 0 else ("", "")
    ends = [f"{sign}{count_text(abs(end))}" for sign, end in zip(signs, (low, high), strict=True)]
    return _("{change} ({range})").format(change=change(share), range=_percents(_range(*ends)))


def length(seconds: float) -> str:
    """5 * 3600 -> `5 hours`: two significant digits and one unit, without a sign."""
    size, name = unit(seconds)
    text = _number(abs(seconds) / size)
    return _with_unit(text, name, one=text == "1")


def signed_length(seconds: float) -> str:
    """5 * 3600 -> `+5 hours`."""
    size, _name = unit(seconds)
    return f"{'' if _number(abs(seconds) / size) == '0' else _sign(seconds)}{length(seconds)}"


def length_range(low: float, high: float, told: float) -> str:
    """`5 to 14 hours`, in the unit of `told`, the length that lies between; with signs where the range holds zero."""
    size, name = unit(told)
    ends = [_number(abs(end) / size) for end in (low, high)]
    if low < 0:
        ends = [f"{_sign(end) if text != '0' else ''}{text}" for end, text in zip((low, high), ends, strict=True)]
    return _with_unit(_range(*ends), name)


def pair(before: float, now: float) -> tuple[str, str]:
    """Two lengths of time in one unit and so exact that a difference shows: `10.8 days`, `11.7 days`."""
    size, name = unit(max(before, now))
    first, second = (_with_unit(number(seconds / size, 1), name) for seconds in (before, now))
    return first, second


def unit(seconds: float) -> tuple[float, str]:
    """The unit in which a length of time is told: its seconds and its name."""
    return next(((size, name) for limit, size, name in _UNITS if abs(seconds) < limit), (_DAY, "day"))


def _with_unit(text: str, name: str, *, one: bool = False) -> str:
    n = 1 if one else 2
    units = {
        "second": ngettext("{number} second", "{number} seconds", n),
        "minute": ngettext("{number} minute", "{number} minutes", n),
        "hour": ngettext("{number} hour", "{number} hours", n),
        "day": ngettext("{number} day", "{number} days", n),
    }
    return units[name].format(number=text)


def _percents(text: str) -> str:
    return _("{number} %").format(number=text)


def _range(low: str, high: str) -> str:
    return _("{low} to {high}").format(low=low, high=high)


def _number(value: float) -> str:
    return number(value, 0 if value >= 9.95 or f"{value:.1f}".endswith(".0") else 1)


def _sign(value: float) -> str:
    return _MINUS if value < 0 else "+" if value > 0 else ""
