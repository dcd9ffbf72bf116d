"""Numbers, days and lengths of time in the words that people use."""

from __future__ import annotations

from datetime import date

from mining.findings import Interval

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "−"
# Up to so many seconds a length of time is told in this unit.
_UNITS = ((90.0, 1.0, "second"), (59.5 * 60.0, 60.0, "minute"), (36 * 3600.0, 3600.0, "hour"))
_DAY = 86400.0


def day(text: str) -> str:
    """`2024-07-08` -> `8 Jul 2024`."""
    moment = date.fromisoformat(text)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def percent(share: float) -> str:
    """0.342 -> `34 %`, without a sign; what would round to nothing says so."""
    return "less than 1 %" if 0 < abs(share) < 0.005 else f"{abs(share) * 100:,.0f} %"


def change(share: float) -> str:
    """0.342 -> `+34 %`, -0.12 -> `−12 %`."""
    return f"{_sign(round(share, 2))}{percent(share)}"


def change_range(share: float, interval: Interval) -> str:
    """`+34 % (21 to 48 %)`; where the range holds zero, its ends carry their signs."""
    low, high = (round(end * 100) for end in (interval.low, interval.high))
    if low < 0:
        return f"{change(share)} ({_sign(low)}{abs(low):,} to {_sign(high)}{abs(high):,} %)"
    return f"{change(share)} ({low:,} to {high:,} %)"


def length(seconds: float) -> str:
    """5 * 3600 -> `5 hours`: two significant digits and one unit, without a sign."""
    size, name = unit(seconds)
    return _counted(abs(seconds) / size, name)


def signed_length(seconds: float) -> str:
    """5 * 3600 -> `+5 hours`."""
    text = length(seconds)
    return f"{'' if text.startswith('0 ') else _sign(seconds)}{text}"


def length_range(low: float, high: float, told: float) -> str:
    """`5 to 14 hours`, in the unit of `told`, the length that lies between; with signs where the range holds zero."""
    size, name = unit(told)
    ends = [_number(abs(end) / size) for end in (low, high)]
    if low < 0:
        ends = [f"{_sign(end) if text != '0' else ''}{text}" for end, text in zip((low, high), ends, strict=True)]
    return f"{ends[0]} to {ends[1]} {name}s"


def pair(before: float, now: float) -> tuple[str, str]:
    """Two lengths of time in one unit and so exact that a difference shows: `10.8 days`, `11.7 days`."""
    size, name = unit(max(before, now))
    first, second = (f"{seconds / size:,.1f} {name}s" for seconds in (before, now))
    return first, second


def unit(seconds: float) -> tuple[float, str]:
    """The unit in which a length of time is told: its seconds and its name."""
    return next(((size, name) for limit, size, name in _UNITS if abs(seconds) < limit), (_DAY, "day"))


def _counted(number: float, name: str) -> str:
    text = _number(number)
    return f"{text} {name}" if text == "1" else f"{text} {name}s"


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}".removesuffix(".0")


def _sign(number: float) -> str:
    return _MINUS if number < 0 else "+" if number > 0 else ""
