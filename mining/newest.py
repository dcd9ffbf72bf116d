"""The night of the newest day that there are events of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from mining.disk import told_when_full
from mining.errors import InputError
from mining.home import Home
from mining.night import Night
from mining.process import Process
from mining.sources.quoting import file_literal


def newest_pulled(process: Process, home: Home) -> Night:
    """Pull, and make it the night of the last day that the source or the store has events of: yesterday at the latest.

    Raises:
        InputError: there is no event at all.
    """
    night = Night.of(process, datetime.now(process.zone).date() - timedelta(days=1), home)
    try:
        with told_when_full(home.root):
            new = [night.work / "pulled.parquet"] if night.pull() else []
            return replace(night, day=last_day(process, [*night.batches.paths(), *new], night.end))
    except BaseException:
        night.place.leave()
        raise


def last_day(process: Process, files: Sequence[Path], before: datetime) -> date:
    """The local day of the last event before a moment, in Parquet files of events.

    Raises:
        InputError: there is none.
    """
    newest = None
    if files:
        listed = ", ".join(file_literal(path) for path in files)
        query = f"""select max(epoch_us(completed)) from read_parquet([{listed}], union_by_name = true)
            where epoch_us(completed) < ?"""
        with duckdb.connect() as db:
            newest = db.execute(query, [round(before.timestamp() * 1_000_000)]).fetchall()[0][0]
    if newest is None:
        raise InputError(
            f"{process.process}: no event with a readable time has been found; "
            "look at the source with `headrace check`, or name the day with --night"
        )
    return datetime.fromtimestamp(newest / 1_000_000, process.zone).date()
