"""Speaking: texts, numbers and dates in the language that is spoken just now, English unless somebody chose another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, ParamSpec, TypeVar

from babel.dates import format_datetime

from mining.languages.catalogue import ENGLISH, Language

_SPOKEN: Final = ContextVar("spoken", default=ENGLISH)
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def spoken() -> Language:
    """The language that is spoken now."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: Language) -> Iterator[Language]:
    """Speak a language for as long as the block lasts, in this thread."""
    before = _SPOKEN.set(language)
    try:
        yield language
    finally:
        _SPOKEN.reset(before)


def within(work: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """The same work for another thread, in the language that is spoken here and now."""
    here = copy_context()

    def done(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        return here.copy().run(work, *args, **kwargs)

    return done


def _(text: str) -> str:
    """The text in the spoken language."""
    return spoken().catalogue.gettext(text) if text else ""


def N_(text: str) -> str:  # noqa: N802 - the name that extractors of texts know
    """The text as it is: marked for the catalogues, to be spoken later."""
    return text


def ngettext(one: str, many: str, n: int) -> str:
    """The text for one thing, or that for `n` of them."""
    return spoken().catalogue.ngettext(one, many, n)


def pgettext(context: str, text: str) -> str:
    """As `_`, where the same English means different things; `context` tells them apart."""
    return spoken().catalogue.pgettext(context, text)


def npgettext(context: str, one: str, many: str, n: int) -> str:
    """As `ngettext`, with a context."""
    return spoken().catalogue.npgettext(context, one, many, n)


def count_text(count: int) -> str:
    """A count with thousands apart: `1,079`."""
    return number(count, 0)


def number(value: float, digits: int) -> str:
    """A number with so many decimals: `1,079.3`."""
    return _number(f"{value:.{digits}f}", digits, spoken())


def date_text(day: date | datetime, pattern: str) -> str:
    """A day, or a moment, by a pattern of Unicode's: `d MMM y` -> `15 Jun 2013`."""
    return _date_text(day, pattern, spoken())


@lru_cache(65_536)
def _number(value: str, digits: int, language: Language) -> str:
    pattern = copy(language.locale.decimal_formats[None])
    pattern.frac_prec = (digits, digits)
    return str(pattern.apply(Decimal(value), language.locale))


@lru_cache(4_096)
def _date_text(day: date | datetime, pattern: str, language: Language) -> str:
    moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
    return format_datetime(moment, pattern, locale=language.locale)
