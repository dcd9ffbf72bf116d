"""How long, in words: one unit, two significant digits, the same way on every page and map."""

from __future__ import annotations

from typing import Final

from mining.languages import N_, _, count_text, number

NBSP: Final = "\u00a0"
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0
MONTH: Final = 30.4375 * DAY

_SECONDS: Final = (N_("{number} s"), 1.0)
_MINUTES: Final = (N_("{number} min"), MINUTE)
_HOURS: Final = (N_("{number} h"), HOUR)
_DAYS: Final = (N_("{number} d"), DAY)
_MONTHS: Final = (N_("{number} mo"), MONTH)


def duration_text(seconds: float) -> str:
    """Say `seconds` in one unit with two significant digits: `45 s`, `12 min`, `3.4 h`, `3.2 d`, `4.1 mo`.

    Hours run to 36 h and days to 99 d, but whole days stay days: `1 d`, `120 d`. Blanks are no-break spaces.
    """
    if seconds < 0:
        return "−" + duration_text(-seconds)
    if 0 < seconds < 1:
        return f"<{NBSP}{_said(_SECONDS[0], '1')}"
    unit, length = _unit(seconds)
    return _said(unit, _number(seconds / length))


def pair_text(before: float, after: float) -> str:
    """Say two durations in one unit, that of the longer one: `6.9 → 0.8 d`, never `31 h → 1.2 d`."""
    unit, length = _unit(max(abs(before), abs(after)))
    values = [seconds / length for seconds in (before, after)]
    whole = not any(0 < value < 0.05 for value in values) and all(
        abs(value) >= 9.95 or f"{value:.1f}".endswith(".0") for value in values
    )
    numbers = [_pair_number(value, whole=whole) for value in values]
    return _said(unit, f"{numbers[0]}{NBSP}→{NBSP}{numbers[1]}")


def share_text(part: float, whole: float = 1.0) -> str:
    """Say `part` of `whole` in per cent: `92 %`, and `< 1 %` or `> 99 %` where rounding would say none or all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.995:
        return f"<{NBSP}{percent_text('1')}"
    if 99.5 <= percent < 100:
        return f">{NBSP}{percent_text('99')}"
    return percent_text(number(percent, 0))


def percent_text(number: str) -> str:
    """Say a number, or a range of them, in per cent: `92 %`."""
    return _said(N_("{number} %"), number)


def _said(unit: str, number: str) -> str:
    return _(unit).format(number=number).replace(" ", NBSP)


def _unit(seconds: float) -> tuple[str, float]:
    """Find the unit; the limits are those of the rounded number, so that nothing reads `60 min`."""
    if seconds >= DAY and seconds % DAY == 0:
        return _DAYS
    if seconds < 59.5:
        return _SECONDS
    if seconds < 59.5 * MINUTE:
        return _MINUTES
    if seconds <= 36 * HOUR:
        return _HOURS
    return _DAYS if seconds < 99.5 * DAY else _MONTHS


def _number(value: float) -> str:
    if value >= 9.95:
        return count_text(round(value))
    return number(value, 0 if f"{value:.1f}".endswith(".0") else 1)


def _pair_number(value: float, *, whole: bool) -> str:
    if 0 < value < 0.05:
        return f"<{NBSP}{number(0.1, 1)}"
    return count_text(round(value)) if abs(value) >= 9.95 else number(value, 0 if whole else 1)
