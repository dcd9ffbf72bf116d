"""How long, in words: one unit, two significant digits, the same way on every page and map."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "zh"]

NBSP: Final = "\u00a0"
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0
MONTH: Final = 30.4375 * DAY

_UNITS: Final = (("s", 1.0), ("min", MINUTE), ("h", HOUR), ("d", DAY), ("mo", MONTH))
_CHINESE: Final = {"s": "秒", "min": "分钟", "h": "小时", "d": "天", "mo": "个月"}


def duration_text(seconds: float, language: Language = "en") -> str:
    """Say `seconds` in one unit with two significant digits: `45 s`, `12 min`, `3.4 h`, `3.2 d`, `4.1 mo`.

    Hours run to 36 h and days to 99 d, but whole days stay days: `1 d`, `120 d`. Blanks are no-break spaces.
    """
    if seconds < 0:
        return "−" + duration_text(-seconds, language)
    if 0 < seconds < 1:
        return f"<{NBSP}1{NBSP}{_unit_name('s', language)}"
    unit, length = _unit(seconds)
    return f"{_number(seconds / length)}{NBSP}{_unit_name(unit, language)}"


def pair_text(before: float, after: float, language: Language = "en") -> str:
    """Say two durations in one unit, that of the longer one: `6.9 → 0.8 d`, never `31 h → 1.2 d`."""
    unit, length = _unit(max(abs(before), abs(after)))
    numbers = [_pair_number(seconds / length) for seconds in (before, after)]
    if all(number.endswith(".0") or "." not in number for number in numbers):
        numbers = [number.removesuffix(".0") for number in numbers]
    return f"{numbers[0]}{NBSP}→{NBSP}{numbers[1]}{NBSP}{_unit_name(unit, language)}"


def count_text(count: int) -> str:
    """Say a count with thousands apart: `1,079`."""
    return f"{count:,}"


def share_text(part: float, whole: float = 1.0) -> str:
    """Say `part` of `whole` in per cent: `92 %`, and `< 1 %` or `> 99 %` where rounding would say none or all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.995:
        return f"<{NBSP}1{NBSP}%"
    if 99.5 <= percent < 100:
        return f">{NBSP}99{NBSP}%"
    return f"{percent:.0f}{NBSP}%"


def _unit(seconds: float) -> tuple[str, float]:
    """Find the unit; the limits are those of the rounded number, so that nothing reads `60 min`."""
    if seconds >= DAY and seconds % DAY == 0:
        return "d", DAY
    if seconds < 59.5:
        return _UNITS[0]
    if seconds < 59.5 * MINUTE:
        return _UNITS[1]
    if seconds <= 36 * HOUR:
        return _UNITS[2]
    return _UNITS[3] if seconds < 99.5 * DAY else _UNITS[4]


def _number(value: float) -> str:
    if value >= 9.95:
        return count_text(round(value))
    return f"{value:.1f}".removesuffix(".0")


def _pair_number(value: float) -> str:
    if 0 < value < 0.05:
        return f"<{NBSP}0.1"
    return count_text(round(value)) if abs(value) >= 9.95 else f"{value:.1f}"


def _unit_name(unit: str, language: Language) -> str:
    return _CHINESE[unit] if language == "zh" else unit
