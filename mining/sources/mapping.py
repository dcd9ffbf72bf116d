"""From the columns of a source to the columns of an event; one way for every kind of source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb

from mining.errors import InputError
from mining.process import Columns, Process
from mining.sources.forgotten import Forgotten, leave_out
from mining.sources.quoting import file_literal, literal, quoted
from mining.sources.resources import give_pseudonyms, hidden, hidden_columns
from mining.sources.times import refuse_unknown_pattern, with_instant

BLANKS = " \t\n\r\u00a0\ufeff"  # around a value, and not part of it
_FIXED = {
    "case_id": "VARCHAR",
    "activity": "VARCHAR",
    "completed": "TIMESTAMPTZ",
    "started": "TIMESTAMPTZ",
    "resource": "VARCHAR",
    "order_key": "DOUBLE",
    "file": "VARCHAR",
    "row": "BIGINT",
}


@dataclass(frozen=True)
class Table:
    """One file, or the rows of a query, as DuckDB can read it."""

    name: str  # as messages and the column `file` call it
    relation: str  # SQL after FROM
    columns: dict[str, str]  # name and DuckDB type, without what `row` and `position` use
    mapping: Columns  # which of them holds what
    row: str = "row_number() OVER ()"  # SQL of the running number
    position: str = "NULL"  # SQL of the order that the source itself implies
    kept: bool = False  # pulled before: its pseudonyms stay as they are


@dataclass(frozen=True)
class Reading:
    """What it takes to read a source."""

    connection: duckdb.DuckDBPyConnection
    process: Process
    folder: Path  # for what has to be unpacked or written on the way
    limit: int | None = None  # rows (of XES: cases) to read, for a preview
    key: bytes | None = None  # of the pseudonyms of resources, where the process has them hashed
    forgotten: Forgotten | None = None  # cases whose rows are left out


def session(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that keeps rows in order, works in UTC and spills to `scratch` rather than fill the memory."""
    options = {"memory_limit": "1GB", "temp_directory": str(scratch), "preserve_insertion_order": True}
    connection = duckdb.connect(config=options)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def described(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Names and types of a relation's columns."""
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}


def refuse_same_names(file: str, names: Iterable[str]) -> None:
    """Column names that DuckDB, which does not see capitals, could not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.lower(), name)
        if first is not name:
            raise InputError(
                f"{file}: two columns are called {first!r} and {name!r}; rename one, capitals do not count"
            )


def write_events(reading: Reading, table: Table, to: Path) -> int:
    """Write the events of one table as Parquet and return how many there are.

    Raises:
        InputError: a column is missing, the order column holds no numbers, or a time has no zone.
    """
    connection, process = reading.connection, reading.process
    refuse_unknown_pattern(connection, process.times)
    refuse_same_names(table.name, table.columns)
    _refuse_missing_columns(table)
    if process.resources == "hashed" and (names := _names(table, process)):
        give_pseudonyms(connection, names, reading.key, kept=table.kept)
    connection.execute(f"COPY (SELECT {_selection(table, process)} FROM {_read(table, process)}) TO {literal(str(to))}")
    leave_out(connection, to, reading.forgotten)
    written = f"read_parquet({file_literal(to)})"
    _refuse_order_without_number(connection, written, table, process)
    if process.timezone is None:
        _refuse_times_without_zone(connection, written, table, process)
    return count(connection, written)


def unite(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], to: Path) -> int:
    """Put the events of several tables into one file; columns that only some of them have are null in the others."""
    if not parts:
        nulls = ", ".join(f"NULL::{kind} AS {name}" for name, kind in _FIXED.items())
        connection.execute(f"COPY (SELECT {nulls} LIMIT 0) TO {literal(str(to))}")
        return 0
    if len(parts) == 1:
        parts[0].replace(to)
    else:
        files = ", ".join(file_literal(part) for part in parts)
        connection.execute(f"COPY (SELECT * FROM read_parquet([{files}], union_by_name = true)) TO {literal(str(to))}")
    return count(connection, f"read_parquet({file_literal(to)})")


def refuse_missing_segments(connection: duckdb.DuckDBPyConnection, process: Process, pulled: Path) -> None:
    """A segment may be absent from one file, but not from all of them."""
    columns = described(connection, f"read_parquet({file_literal(pulled)})")
    there = [name.removeprefix("source.") for name in columns if name.startswith("source.")]
    for segment in process.segments:
        if segment not in there:
            raise InputError(_missing("the source", "segments", segment, there))


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation."""
    found = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0


def _refuse_missing_columns(table: Table) -> None:
    for key, name in table.mapping.model_dump(exclude_none=True).items():
        if name not in table.columns:
            raise InputError(_missing(table.name, f"columns.{key}", name, list(table.columns)))


def _missing(where: str, key: str, name: str, there: Sequence[str]) -> str:
    by_small_letters = {column.lower(): column for column in there}
    near = get_close_matches(name.lower(), list(by_small_letters), n=1)
    advice = f"; did you mean {by_small_letters[near[0]]!r}?" if near else "."
    return f"{where}: {key}: there is no column {name!r}{advice} There are: {', '.join(map(repr, there)) or 'none'}"


def _text(source: str | None, process: Process) -> str:
    """SQL of a mapped text: without blanks around it, null where it means "no value"."""
    if source is None:
        return "NULL::VARCHAR"
    text = trimmed("source." + source)
    return f"CASE WHEN {text} NOT IN ({_missing_words(process)}) THEN {text} END"


def trimmed(column: str) -> str:
    """SQL of a column as text without blanks around it."""
    return f"trim({quoted(column)}::VARCHAR, {literal(BLANKS)})"


def _missing_words(process: Process) -> str:
    return ", ".join(literal(word) for word in sorted({"", *process.times.missing}))


def _time_value(source: str, kind: str, process: Process) -> str:
    """SQL of a time before it is read: text without its blanks, anything else as it is."""
    return quoted(f"source.{source}") if kind.startswith(("TIMESTAMP", "DATE")) else _text(source, process)


def _times_of(table: Table) -> dict[str, str]:
    """The time columns that are mapped: event column and source column."""
    mapping = table.mapping
    return {"completed": mapping.completed} | ({"started": mapping.started} if mapping.started else {})


def _with_instants(relation: str, table: Table, process: Process) -> str:
    for name, source in _times_of(table).items():
        kind = table.columns[source]
        value = _time_value(source, kind, process)
        relation = with_instant(relation, value, kind, process, name)
    return relation


def _read(table: Table, process: Process) -> str:
    """The table under names that cannot clash with those of an event, with its resources hidden and its times read."""
    named = ", ".join(f"{quoted(name)} AS {quoted('source.' + name)}" for name in table.columns)
    relation = f"(SELECT {table.row} AS row, {table.position} AS position, {named} FROM {table.relation})"
    for name in _hidden(table, process):
        column = f"source.{name}"
        relation = hidden(relation, quoted(column), trimmed(column), _missing_words(process), process)
    return _with_instants(relation, table, process)


def _hidden(table: Table, process: Process) -> list[str]:
    return [name for name in table.columns if name in hidden_columns(process, table.mapping)]


def _names(table: Table, process: Process) -> str:
    """SQL for the names of all resources; nothing where there are none to hide."""
    return " UNION ALL ".join(
        f"SELECT {trimmed(name)} AS name FROM {table.relation}" for name in _hidden(table, process)
    )


def _selection(table: Table, process: Process) -> str:
    mapping = table.mapping
    order = f"TRY_CAST({_text(mapping.order, process)} AS DOUBLE)" if mapping.order else "position::DOUBLE"
    values = {
        "case_id": _text(mapping.case, process),
        "activity": _text(mapping.activity, process),
        "completed": '"#completed"',
        "started": '"#started"' if mapping.started else "NULL::TIMESTAMPTZ",
        "resource": _text(mapping.resource, process),
        "order_key": f"CASE WHEN isfinite({order}) THEN {order} END",
        "file": literal(table.name),
        "row": "row::BIGINT",
    }
    fixed = [f"{value} AS {name}" for name, value in values.items()]
    return ", ".join([*fixed, *(quoted(f"source.{name}") for name in table.columns)])


def _refuse_order_without_number(
    connection: duckdb.DuckDBPyConnection, written: str, table: Table, process: Process
) -> None:
    order = table.mapping.order
    if order is None:
        return
    text = _text(order, process)
    query = f"SELECT row, {text} FROM {written} WHERE order_key IS NULL AND {text} IS NOT NULL ORDER BY row LIMIT 1"
    if found := connection.execute(query).fetchone():
        raise InputError(
            f"{table.name}, row {found[0]}, column {order!r}: {found[1]!r} is not a number; "
            f"`columns.order` must name a column of numbers that grow within a case, or be left out"
        )


def _refuse_times_without_zone(
    connection: duckdb.DuckDBPyConnection, written: str, table: Table, process: Process
) -> None:
    for name, source in _times_of(table).items():
        read = _with_instants(f"(SELECT * FROM {written} WHERE {name} IS NULL)", table, process)
        value, wall = quoted(f"source.{source}"), quoted(f"#{name}.wall")
        query = f"SELECT row, {value}::VARCHAR FROM {read} WHERE {wall} IS NOT NULL ORDER BY row LIMIT 1"
        if found := connection.execute(query).fetchone():
            raise InputError(
                f"{table.name}, row {found[0]}, column {source!r}: {found[1]!r} has no offset, and the process names "
                f"no time zone; add `timezone: Europe/Berlin`, or wherever the clock hung that wrote it"
            )
