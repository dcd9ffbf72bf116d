"""What outlives a night: alerts and what people said about them, what was told to whom, and how the nights went."""

from typing import TYPE_CHECKING, Any

from mining.register.life import Known, Telling, Why

if TYPE_CHECKING:
    from mining.register.book import Register, Run

__all__ = ["Known", "Register", "Run", "Telling", "Why"]


def __getattr__(name: str) -> Any:
    """The book itself brings SQLAlchemy, which pages that only tell of alerts do not need."""
    if name not in ("Register", "Run"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mining.register import book  # noqa: PLC0415

    return getattr(book, name)
