"""Rows of a query over any SQLAlchemy URL or Airflow connection; with `:since` a pull brings only what is new."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, NoSuchModuleError, SQLAlchemyError

from mining.errors import InputError
from mining.process import Process, SqlSource
from mining.sources.mapping import Reading, Table, refuse_same_names
from mining.sources.parts import Parts

_FETCHED = 10_000
_FIRST: dict[str, tuple[str | int, ...]] = {  # less than any cursor; the next is tried where the type does not fit
    "postgresql": ("0001-01-01 00:00:00+00:00", "-32768"),
    "sqlite": (-(2**63),),  # below every number, and to SQLite every number is below every text
}
_FIRST_ELSEWHERE = ("1900-01-01 00:00:00", "-32768")
_LAST = datetime(9999, 12, 30, tzinfo=UTC)


def sql_table(
    reading: Reading, source: SqlSource, since: str | None, until: datetime | None
) -> tuple[Table, str | None]:
    """The rows of the query, written as Parquet first, and the new cursor.

    In the query `:since` stands for the cursor of the last pull (at first: less than anything), `:until` for the end of
    the night. The cursor's own value is pulled again, `changed_at >= :since`: rows that share it may have come later.
    In SQLite, which keeps times as text, `:until` is the wall clock of the process as `2024-07-13 23:59:59`.

    Raises:
        InputError: the database cannot be reached, refuses the query, or lacks the cursor column.
    """
    newest: Any = None
    with Parts(reading.folder, "sql") as parts, _answer(source, reading.process, since, until) as answer:
        names = list(answer.keys())
        _refuse_bad_names(source, names)
        for row in islice(_rows(answer), reading.limit):
            parts.add(dict(zip(names, row, strict=True)))
            newest = _newer(newest, row[names.index(source.cursor)], source)
    relation, columns = parts.relation(reading.connection, names)
    return Table("sql", relation, columns, reading.process.columns), since if newest is None else _written(newest)


@contextmanager
def _answer(
    source: SqlSource, process: Process, since: str | None, until: datetime | None
) -> Iterator[sa.CursorResult[Any]]:
    """The answer to the query, which the database hands out piece by piece."""
    engine = _engine(source.connection)
    try:
        with engine.connect() as connection:
            reading = connection.execution_options(stream_results=True, max_row_buffer=_FETCHED)
            yield _asked(reading, sa.text(source.query), _starts(engine.dialect.name, since), _until(process, until))
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        raise InputError(f"source.sql: {_told(error)}") from None
    finally:
        engine.dispose()


def _asked(
    connection: sa.Connection, query: sa.TextClause, starts: Sequence[str | int], until: datetime
) -> sa.CursorResult[Any]:
    """The query's answer for the first of the cursors whose type fits the column."""
    used = query.compile().params
    sqlite = connection.dialect.name == "sqlite"
    for start in starts:
        values = {"since": start, "until": until.strftime("%Y-%m-%d %H:%M:%S") if sqlite else until}
        try:
            return connection.execute(query, {name: value for name, value in values.items() if name in used})
        except DataError:
            if start == starts[-1]:
                raise
            connection.rollback()
    raise AssertionError("there is always a cursor to start from")


def _rows(answer: sa.CursorResult[Any]) -> Iterator[sa.Row[Any]]:
    while rows := answer.fetchmany(_FETCHED):
        yield from rows


def _told(error: Exception) -> str:
    """The database's own words, without the query and the address it was sent to."""
    words = str(getattr(error, "orig", None) or error).split("[SQL:")[0].strip()
    return f"the database answers: {words} Check `connection` and `query`"


def _refuse_bad_names(source: SqlSource, names: list[str]) -> None:
    refuse_same_names("source.sql", names)
    if source.cursor not in names:
        raise InputError(
            f"source.sql.cursor: the query gives no column {source.cursor!r}; it gives {', '.join(map(repr, names))}"
        )


def _newer(newest: Any, value: Any, source: SqlSource) -> Any:
    if newest is None or value is None:
        return value if newest is None else newest
    try:
        return max(newest, value)
    except TypeError:
        raise InputError(
            f"source.sql.cursor: the column {source.cursor!r} holds values that cannot be compared, such as "
            f"{newest!r} and {value!r}; cast it in the query"
        ) from None


def _written(cursor: Any) -> str:
    """A cursor as text: times in ISO 8601, in UTC if they carry an offset."""
    if isinstance(cursor, datetime) and cursor.tzinfo:
        cursor = cursor.astimezone(UTC)
    return cursor.isoformat() if isinstance(cursor, date) else str(cursor)


def _starts(dialect: str, since: str | None) -> tuple[str | int, ...]:
    """Text, which databases read as whatever the column is; SQLite does not, and gets numbers as numbers."""
    if since is None:
        return _FIRST.get(dialect, _FIRST_ELSEWHERE)
    is_number = since.removeprefix("-").isdecimal() and str(int(since)) == since
    return (int(since) if dialect == "sqlite" and is_number else since,)


def _until(process: Process, until: datetime | None) -> datetime:
    return (until or _LAST).astimezone(process.zone)


def _engine(connection: str) -> sa.Engine:
    try:
        return sa.create_engine(_with_our_driver(_url(connection)))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        raise InputError(
            f"source.sql.connection: {error}; a URL looks like postgresql://user@host/database or sqlite:///orders.db, "
            f"and other databases need their driver installed"
        ) from None


def _with_our_driver(url: URL) -> URL:
    """PostgreSQL by psycopg 3, which is installed, also where the URL names no driver."""
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def _url(connection: str) -> URL:
    """A SQLAlchemy URL as it is, else that of the Airflow connection of this name."""
    if "://" in connection:
        return sa.make_url(connection)
    variable = f"AIRFLOW_CONN_{connection.upper()}"
    if "://" in (given := os.environ.get(variable, "")):
        return sa.make_url(given)
    try:
        from airflow.sdk import BaseHook  # noqa: PLC0415  -- only where Airflow is
    except ImportError:
        raise InputError(
            f"source.sql.connection: {connection!r} is no URL, and Airflow is not installed to look it up; "
            f"write a SQLAlchemy URL, or set {variable} to one"
        ) from None
    return _of_airflow(BaseHook, connection)


def _of_airflow(hook: Any, name: str) -> URL:
    try:
        found = hook.get_connection(name)
    except Exception as error:  # Airflow's own exception types differ between its versions
        raise InputError(f"source.sql.connection: Airflow knows no connection {name!r} ({error})") from None
    is_file = found.conn_type == "sqlite"
    extras = {key: value for key, value in found.extra_dejson.items() if isinstance(value, str)}
    return URL.create(
        found.conn_type,
        username=found.login or None,
        password=found.password or None,
        host=None if is_file else found.host or None,
        port=found.port,
        database=(found.host or found.schema) if is_file else found.schema or None,
        query=extras,
    )
