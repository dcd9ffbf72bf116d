"""Where events come from: files or a SQL query, pulled into one Parquet file of events.

Columns of `pulled.parquet`, one row per event in the order of the source: `case_id`, `activity`, `completed`, `started`,
`resource`, `order_key`, `file`, `row`, then each column of the source as it was, as `source.NAME`. A value that could
not be read is null; what was written there is still in its `source.` column, for the gate to show.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from mining.process import Process, SqlSource
from mining.sources.files import csv_mistake, csv_table, damaged_parquet, files_of, fingerprint, parquet_table
from mining.sources.mapping import count, refuse_missing_segments, session, unite, write_events
from mining.sources.quoting import file_literal, quoted
from mining.sources.sql import sql_table
from mining.sources.xes import xes_table

_SAMPLE = 1_000  # rows (of XES: cases) that a preview tries


@dataclass(frozen=True)
class Input:
    """One file, or "sql": what was read, by its content."""

    name: str
    sha256: str
    rows: int  # as the source has them; starts and completions of XES still apart


@dataclass(frozen=True)
class Pull:
    """What one pull brought."""

    path: Path
    rows: int
    inputs: tuple[Input, ...]
    cursor: str | None  # for the next pull from SQL


@dataclass(frozen=True)
class Preview:
    """The first events of a source as the process file maps them, and how many of their times could be read."""

    rows: list[dict[str, str]]
    tried: int
    times_read: int
    unread_examples: tuple[str, ...]
    columns: tuple[str, ...]


def pull(
    process: Process,
    into: Path,
    *,
    already: Collection[str] = (),
    since: str | None = None,
    until: datetime | None = None,
) -> Pull:
    """Read everything new from the source of a process and write `into`/pulled.parquet.

    Args:
        process: says where the events are and which column holds what.
        into: folder for the result; made if need be.
        already: SHA-256 of files that were read on an earlier night and are passed over.
        since: cursor of the last pull from SQL; None reads from the beginning.
        until: end of the night for queries that use `:until`.

    Raises:
        InputError: something that the user can put right, with file, row, column, value and how.
    """
    into.mkdir(parents=True, exist_ok=True)
    with _scratch(into) as scratch, session(scratch) as connection:
        if process.source.sql is not None:
            return _pull_sql(connection, process.source.sql, process, into, scratch, since, until)
        return _pull_files(connection, process, into, scratch, already)


def preview(process: Process, rows: int = 5) -> Preview:
    """Map the first rows of the source (of its first file), for `headrace check`.

    Raises:
        InputError: as `pull`.
    """
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder, session(Path(folder)) as connection:
        events = Path(folder) / "events.parquet"
        if process.source.sql is not None:
            table, _ = sql_table(connection, process.source.sql, process, Path(folder), None, None, _SAMPLE)
            write_events(connection, table, process, events)
        else:
            _write_file(connection, files_of(process)[0], process, Path(folder), events, _SAMPLE)
        return _previewed(connection, process, f"read_parquet({file_literal(events)})", rows)


@contextmanager
def _scratch(into: Path) -> Iterator[Path]:
    folder = into / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pull_sql(
    connection: duckdb.DuckDBPyConnection,
    source: SqlSource,
    process: Process,
    into: Path,
    scratch: Path,
    since: str | None,
    until: datetime | None,
) -> Pull:
    pulled = into / "pulled.parquet"
    table, cursor = sql_table(connection, source, process, scratch, since, until, None)
    rows = write_events(connection, table, process, pulled)
    refuse_missing_segments(connection, process, pulled)
    return Pull(pulled, rows, (Input("sql", fingerprint(pulled), rows),), cursor)


def _pull_files(
    connection: duckdb.DuckDBPyConnection, process: Process, into: Path, scratch: Path, already: Collection[str]
) -> Pull:
    pulled = into / "pulled.parquet"
    known, inputs, parts = set(already), list[Input](), list[Path]()
    for path in files_of(process):
        sha256 = fingerprint(path)
        if sha256 in known:
            continue
        known.add(sha256)
        parts.append(scratch / f"events-{len(parts):05}.parquet")
        inputs.append(Input(path.name, sha256, _write_file(connection, path, process, scratch, parts[-1], None)))
    rows = unite(connection, parts, pulled)
    if parts:
        refuse_missing_segments(connection, process, pulled)
    return Pull(pulled, rows, tuple(inputs), None)


def _write_file(
    connection: duckdb.DuckDBPyConnection, path: Path, process: Process, scratch: Path, to: Path, limit: int | None
) -> int:
    """Write the events of one file and return how many rows it holds."""
    kind = path.name.lower()
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        if kind.endswith((".xes", ".xes.gz")):
            table, raw = xes_table(connection, path, process, Path(name), limit)
            write_events(connection, table, process, to)
            return raw
        if kind.endswith(".parquet"):
            with damaged_parquet(path):
                return write_events(connection, parquet_table(connection, path, process, limit), process, to)
        with csv_mistake(path, process):
            return write_events(connection, csv_table(path, process, Path(name), limit), process, to)


def _previewed(connection: duckdb.DuckDBPyConnection, process: Process, events: str, rows: int) -> Preview:
    columns = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {events}").fetchall()]
    of_source = tuple(name.removeprefix("source.") for name in columns if name.startswith("source."))
    shown = [name for name in columns if not name.startswith("source.")]
    texts = ", ".join(f"coalesce({name}::VARCHAR, '')" for name in shown)
    first = connection.execute(f"SELECT {texts} FROM {events} ORDER BY row LIMIT {int(rows)}").fetchall()
    written = f"{quoted('source.' + process.columns.completed)}::VARCHAR"
    unread = connection.execute(
        f"SELECT {written} FROM {events} WHERE completed IS NULL AND {written} IS NOT NULL "
        f"GROUP BY 1 ORDER BY min(row) LIMIT 5"
    ).fetchall()
    return Preview(
        rows=[dict(zip(shown, row, strict=True)) for row in first],
        tried=count(connection, events),
        times_read=count(connection, f"{events} WHERE completed IS NOT NULL"),
        unread_examples=tuple(row[0] for row in unread),
        columns=of_source,
    )
