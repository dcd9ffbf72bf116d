"""Rows that leave a batch after all: cases that are forgotten on request, or older than the process keeps.

A batch is two files that must fit each other. The new rows are written beside; then `rewriting.json` holds the new description;
then both take their places. What is interrupted before that file is there has not begun, and what is interrupted after
it is finished by whoever comes next. Everything here is done under the process's lock.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from mining import durable
from mining.errors import StoreError
from mining.findings import Check
from mining.sources.mapping import count
from mining.sources.quoting import file_literal, literal
from mining.store.batches import Batch, Batches, content_of

_BATCH = TypeAdapter(Batch)


def take_out(batches: Batches, batch: Batch, gone: str, checks: tuple[Check, ...]) -> int:
    """Take the rows out of a batch for which the SQL condition `gone` holds; their number. Its load id stays.

    Args:
        checks: what its description then has of the gate.

    Raises:
        StoreError: the batch is damaged.
    """
    if damage := batches.damage(batch):
        raise StoreError(damage)
    old, part = batches.path(batch.load_id), _part(batches, batch.load_id)
    if not rows_with(old, gone):
        if checks != batch.checks:
            durable.write(batches.sidecar(batch.load_id), _BATCH.dump_json(replace(batch, checks=checks), indent=1))
        return 0
    write_without(old, gone, part)
    rows, size, sha256, first_us, last_us = content_of(part)
    new = replace(
        batch,
        rows=rows,
        bytes=size,
        sha256=sha256,
        first_us=first_us,
        last_us=last_us,
        checks=checks,
        forgotten=batch.forgotten + batch.rows - rows,
    )
    durable.sync(part)
    durable.write(_journal(batches), _BATCH.dump_json(new))
    finish_rewriting(batches)
    return batch.rows - rows


def finish_rewriting(batches: Batches) -> None:
    """Finish what was interrupted; nothing is left over of what had not begun."""
    journal = _journal(batches)
    if journal.exists():
        new = _BATCH.validate_json(journal.read_bytes())
        part = _part(batches, new.load_id)
        if part.exists():
            part.replace(batches.path(new.load_id))
            durable.sync(batches.folder)
        durable.write(batches.sidecar(new.load_id), _BATCH.dump_json(new, indent=1))
        journal.unlink()
        durable.sync(journal.parent)
    for part in batches.folder.glob(".*.rewritten"):
        part.unlink()


def write_without(file: Path, gone: str, to: Path) -> None:
    """Write the rows of a Parquet file for which an SQL condition does not hold, in their order."""
    with _session() as con:
        con.execute(
            f"copy (select * from read_parquet({file_literal(file)}) where ({gone}) is not true) "
            f"to {literal(str(to))} (format parquet, compression zstd)"
        )


def rows_with(file: Path, condition: str) -> int:
    """How many rows of a Parquet file a condition holds for.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        with _session() as con:
            return count(con, f"(select 1 from read_parquet({file_literal(file)}) where {condition})")
    except duckdb.IOException as error:
        raise StoreError(f"{file}: cannot be read ({error}); `headrace verify` says what to do") from None


def _session() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    return con


def _part(batches: Batches, load_id: str) -> Path:
    return batches.folder / f".{load_id}.rewritten"


def _journal(batches: Batches) -> Path:
    return batches.folder.parent / "rewriting.json"
