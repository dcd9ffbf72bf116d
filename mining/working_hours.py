"""The texts in which a process file says when work is done: "mon-fri", "08:00-12:00, 13:00-17:00", "DE-BY"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_HOURS = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]?\d|2[0-3]):([0-5]\d)|(24):(00))$")


def weekdays(text: str) -> tuple[int, ...]:
    """The weekdays, 0 = Monday, that "mon-fri", "mon, wed-fri" or "sun-thu" name.

    Raises:
        ValueError: a part is not a day or a range of days.
    """
    found: set[int] = set()
    for part in _parts(text):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            raise ValueError(f'"{part}" is no day or range of days; write "mon-fri", "mon,wed-fri" or "sun-thu"')
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found |= {(first + days) % 7 for days in range((last - first) % 7 + 1)}
    return tuple(sorted(found))


def hours(text: str) -> tuple[tuple[int, int], ...]:
    """The ranges of minutes since midnight that "08:00-17:00" or "08:00-12:00, 13:00-17:00" name, in order.

    Raises:
        ValueError: a part is not a range of hours, ends before it begins, or overlaps another.
    """
    ranges = sorted(_range(part) for part in _parts(text))
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise ValueError(f'the ranges of "{text}" overlap; write each hour once, as in "08:00-12:00, 13:00-17:00"')
    return tuple(ranges)


def _range(part: str) -> tuple[int, int]:
    match = _HOURS.match(part)
    if not match:
        raise ValueError(f'"{part}" is no range of hours; write "08:00-17:00" or "08:00-12:00, 13:00-17:00"')
    start_h, start_m, end_h, end_m = (int(number) for number in match.groups() if number is not None)
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    if end <= start:
        raise ValueError(f'"{part}" ends before it begins; a shift over midnight is "00:00-06:00, 22:00-24:00"')
    return start, end


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.lower().split(",")]


def checked_days(text: str) -> str:
    """The text, if it names weekdays; ValueError otherwise."""
    weekdays(text)
    return text


def checked_hours(text: str) -> str:
    """The text, if it names hours; ValueError otherwise."""
    hours(text)
    return text


def checked_country(code: str) -> str:
    """The code, if the `holidays` library knows it.

    Raises:
        ValueError: it does not; names those it knows.
    """
    import holidays  # noqa: PLC0415 - a fifth of a second for those who need it

    country, _, part = code.partition("-")
    found: Any = getattr(holidays, country, None)  # that country alone: to list them all imports each of them
    if getattr(found, "country", None) == country and (not part or part in found.subdivisions):
        return code
    known = holidays.list_supported_countries()
    if country not in known:
        short = [name for name in known if len(name) == 2]
        raise ValueError(f'"{country}" is no country that the `holidays` library knows; {_nearest(country, short)}')
    if part and part not in known[country]:
        raise ValueError(
            f'"{part}" is no part of {country} that the `holidays` library knows; {_nearest(part, known[country])}'
        )
    return code


def _nearest(code: str, known: Iterable[str]) -> str:
    """Those that look like the code, then all."""
    names = sorted(known)
    if not names:
        return "it knows none; write the country alone"
    close = get_close_matches(code.upper(), names, cutoff=0.5)
    hint = f"perhaps {' or '.join(close)}; " if close else ""
    return f"{hint}it knows {', '.join(names)}"


def public_holidays(code: str, first: date, last: date) -> tuple[date, ...]:
    """The public holidays of "DE" or "US-CA" from the first to the last day, both included."""
    from holidays import country_holidays  # noqa: PLC0415

    country, _, part = code.partition("-")
    years = range(first.year, last.year + 1)
    return tuple(
        sorted(day for day in country_holidays(country, subdiv=part or None, years=years) if first <= day <= last)
    )
