"""Names and texts put into SQL, safe whatever they hold."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: object) -> str:
    """One file as an SQL literal for DuckDB's readers, which would take `*`, `?` and `[` for a pattern."""
    return literal("".join(f"[{char}]" if char in "*?[" else char for char in str(path)))
