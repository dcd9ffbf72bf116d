"""Where events come from: files or a SQL query, pulled into one Parquet file of events.

Columns of `pulled.parquet`, one row per event in the order of the source: `case_id`, `activity`, `completed`,
`started`, `resource`, `order_key`, `file`, `row`, then each column of the source as it was, as `source.NAME`. A value
that could not be read is null; what was written there is still in its `source.` column, for the gate to show.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mining.process import Process, SqlSource
from mining.sources.files import csv_mistake, csv_table, damaged_parquet, files_of, fingerprint, parquet_table
from mining.sources.forgotten import Forgotten
from mining.sources.mapping import Reading, count, described, refuse_missing_segments, session, unite, write_events
from mining.sources.quoting import file_literal, quoted

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
    key: bytes | None = None,
    forgotten: Forgotten | None = None,
) -> Pull:
    """Read everything new from the source of a process and write `into`/pulled.parquet.

    Args:
        process: says where the events are and which column holds what.
        into: folder for the result; made if need be.
        already: SHA-256 of files that were read on an earlier night and are passed over.
        since: cursor of the last pull from SQL; None reads from the beginning.
        until: end of the night for queries that use `:until`.
        key: what `resource_key` gives: no clear name of a resource is written.
        forgotten: cases whose rows are left out.

    Raises:
        InputError: something that the user can put right, with file, row, column, value and how.
    """
    into.mkdir(parents=True, exist_ok=True)
    pulled = into / "pulled.parquet"
    with _scratch(into) as scratch, session(scratch) as connection:
        reading = Reading(connection, process, scratch, key=key, forgotten=forgotten)
        if process.source.sql is not None:
            found = _pull_sql(reading, process.source.sql, pulled, since, until)
        else:
            found = _pull_files(reading, pulled, already)
        if found.inputs:
            refuse_missing_segments(connection, process, pulled)
        return found


def preview(process: Process, rows: int = 5, key: bytes | None = None) -> Preview:
    """Map the first rows of the source (of its first file), for `headrace check`; `key` as for `pull`.

    Raises:
        InputError: as `pull`.
    """
    with tempfile.TemporaryDirectory(prefix="headrace-") as name, session(Path(name)) as connection:
        events = Path(name) / "events.parquet"
        reading = Reading(connection, process, Path(name), _SAMPLE, key)
        others: list[Path] = []
        if process.source.sql is not None:
            _pull_sql(reading, process.source.sql, events, None, None)
        else:
            first, *others = files_of(process)
            _write_file(reading, first, events)
        if not others:  # a segment may be in another file
            refuse_missing_segments(connection, process, events)
        return _previewed(reading, f"read_parquet({file_literal(events)})", rows)


@contextmanager
def _scratch(into: Path) -> Iterator[Path]:
    folder = into / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pull_sql(reading: Reading, source: SqlSource, to: Path, since: str | None, until: datetime | None) -> Pull:
    from mining.sources.sql import sql_table  # noqa: PLC0415 - brings SQLAlchemy and PyArrow

    table, cursor = sql_table(reading, source, since, until)
    rows = write_events(reading, table, to)
    return Pull(to, rows, (Input("sql", fingerprint(to), rows),), cursor)


def _pull_files(reading: Reading, to: Path, already: Collection[str]) -> Pull:
    known, inputs, parts = set(already), list[Input](), list[Path]()
    for path in files_of(reading.process):
        sha256 = fingerprint(path)
        if sha256 in known:
            continue
        known.add(sha256)
        parts.append(reading.folder / f"events-{len(parts):05}.parquet")
        inputs.append(Input(path.name, sha256, _write_file(reading, path, parts[-1])))
    return Pull(to, unite(reading.connection, parts, to), tuple(inputs), None)


def _write_file(reading: Reading, path: Path, to: Path) -> int:
    """Write the events of one file and return how many rows it holds."""
    kind = path.name.lower()
    with tempfile.TemporaryDirectory(dir=reading.folder) as name:
        reading = replace(reading, folder=Path(name))
        if kind.endswith((".xes", ".xes.gz")):
            from mining.sources.xes import xes_table  # noqa: PLC0415 - brings PyArrow

            table, raw = xes_table(reading, path)
            write_events(reading, table, to)
            return raw
        if kind.endswith(".parquet"):
            with damaged_parquet(path):
                return write_events(reading, parquet_table(reading, path), to)
        with csv_mistake(path, reading.process):
            return write_events(reading, csv_table(reading, path), to)


def _previewed(reading: Reading, events: str, rows: int) -> Preview:
    connection, process = reading.connection, reading.process
    columns = described(connection, events)
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
