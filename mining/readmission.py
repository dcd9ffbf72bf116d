"""Rows of the quarantine tried again, with the process file as it is now; those that pass become a batch of their own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from mining import loading, quarantine, validation
from mining.errors import InputError
from mining.home import Home
from mining.process import Process
from mining.sources import Input, Pull
from mining.sources.files import fingerprint
from mining.store import Batches, load_id_of


def readmit(process: Process, home: Home, night: date, work: Path, accept: Collection[str]) -> tuple[int, int]:
    """How many rows were tried and how many went in, as of the night `night`; to be called under the process's lock.

    Raises:
        InputError: a rule in `accept` is none whose rows can be right.
    """
    _refuse_unacceptable(accept)
    pulled = quarantine.readmit(process, home, work, accept_rules=accept)
    if pulled is None:
        return 0, 0
    batches, loaded_at = Batches(home.batches(process.process)), datetime.now(UTC)
    checks = validation.validate(process, pulled, work, batches.paths(), loaded_at, accept=accept, readmitting=True)
    tried, still_bad = rows_of(pulled), rows_of(work / "bad.parquet")
    good = tried - still_bad
    if good:
        rows = work / "good.parquet"
        again = Pull(pulled, good, (Input("quarantine", fingerprint(rows), good),), None)
        with loading.whole(home, process.process, load_id_of(again)):
            quarantine.release(process, home, load_id_of(again), work)
            batches.add(rows, again, night=night, set_aside=0, checks=checks, loaded_at=loaded_at)
    return tried, good


def rows_of(path: Path) -> int:
    """The number of rows of a Parquet file."""
    with duckdb.connect() as db:
        count: int = db.execute("select count(*) from read_parquet(?)", [str(path)]).fetchall()[0][0]
    return count


def _refuse_unacceptable(accept: Collection[str]) -> None:
    unknown = sorted(set(accept) - quarantine.ACCEPTABLE)
    if unknown:
        can_be = ", ".join(sorted(quarantine.ACCEPTABLE))
        raise InputError(
            f"--accept {unknown[0]}: this rule cannot be accepted; those that can: {can_be}. "
            "Rows without case, activity or time cannot be mined; rows that are all equal need `columns.order`."
        )
