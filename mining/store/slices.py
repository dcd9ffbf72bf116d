"""Steps, cases and changes of the tallies, made slice by slice of the cases.

A slice fits into memory whatever the size of the log, and two at a time use both cores where one query would stream on one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock

import duckdb

from mining.process import Process
from mining.store.generations import State
from mining.store.session import count, write
from mining.store.steps import Order, kept_columns, make_cases, make_steps, order_of
from mining.store.tallies import count_changes, in_sample

SLICE = 2_500_000  # events that are brought in order at a time
MOST_SLICES = 12  # of a large log; each reads through all of it


@dataclass(frozen=True)
class Slice:
    """The cases that are worked on together."""

    number: int  # from 0
    cases: range  # their codes

    @property
    def tables(self) -> tuple[str, str]:
        """What their steps and they themselves are called."""
        return f"steps_{self.number}", f"cases_{self.number}"


def make_slices(
    con: duckdb.DuckDBPyConnection, process: Process, place: Path, new: State, rows: int, *, first: bool, started: bool
) -> None:
    """Write the files `steps-*` and `cases-*` (and `sample-*`), and leave the changes of the tallies."""
    order, naming = order_of(con, process, first=first), Lock()

    def work(part: Slice) -> None:
        with con.cursor() as own:
            _make(own, process, place, new, part, order, naming, started)

    with ThreadPoolExecutor(2) as pool:
        # The newest cases first: then less of the others can be among the newest moves.
        list(pool.map(work, reversed(_slices(con, max(SLICE, -(-rows // MOST_SLICES))))))


def _slices(con: duckdb.DuckDBPyConnection, size: int) -> list[Slice]:
    begins = con.execute(f'select min("case") from spans group by before // {size} order by 1').fetchall()
    bounds = [case for (case,) in begins] + [count(con, 'select max("case") + 1 from spans')]
    return [Slice(number, range(*between)) for number, between in enumerate(pairwise(bounds))]


def _make(
    con: duckdb.DuckDBPyConnection,
    process: Process,
    place: Path,
    new: State,
    part: Slice,
    order: Order,
    naming: Lock,
    started: bool,
) -> None:
    kept, number, steps, own_cases = kept_columns(process, order), part.number, *part.tables
    make_steps(con, process, steps, part.cases, order)
    make_cases(con, process, steps, own_cases, naming)
    write(con, f"select {kept} from {steps}", place / f"steps-{number:03}.parquet")
    if new.sample_power:
        chosen = f'select "case" from {own_cases} where {in_sample(new.sample_power)}'
        sampled = f'select {kept} from {steps} semi join ({chosen}) using ("case")'
        write(con, sampled, place / f"sample-{number:03}.parquet")
    write(con, f"from {own_cases}", place / f"cases-{number:03}.parquet")
    count_changes(con, steps, own_cases, new.digits, 1, started=started)
    con.execute(f"drop view {steps}; drop table {steps}_rows; drop table {own_cases}")
