"""Steps, cases and changes of the tallies, made slice by slice of the cases.

A slice fits into memory whatever the size of the log, and two at a time use both cores where one query would stream on one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import duckdb

from mining.process import Process
from mining.store.events import segments_of
from mining.store.generations import State
from mining.store.session import count, write
from mining.store.steps import CASES, Order, kept_columns, make_cases, make_steps, order_of
from mining.store.tallies import count_changes, in_sample

SLICE = 2_500_000  # events that are brought in order at a time
MOST_SLICES = 12  # of a large log; each reads through all of it


def make_slices(
    con: duckdb.DuckDBPyConnection, process: Process, place: Path, new: State, rows: int, *, first: bool
) -> None:
    """Write the files `steps-*` (and `sample-*`), and leave the table `cases` and the changes of the tallies."""
    order = order_of(con, process, first=first)
    size = max(SLICE, -(-rows // MOST_SLICES))
    bounds = [
        row[0]
        for row in con.execute(
            f"""select min("case") from (select "case", sum(rows) over (order by "case") - rows as before from spans)
            group by before // {size} order by 1"""
        ).fetchall()
    ]
    ends = [*bounds[1:], count(con, 'select max("case") + 1 from spans')]
    naming = Lock()
    con.execute(f"create table cases ({CASES}{''.join(f', {name} integer' for name in segments_of(process))})")

    def work(number: int) -> None:
        with con.cursor() as own:
            _slice(own, process, place, new, number, range(bounds[number], ends[number]), order, naming)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(len(bounds))))


def _slice(
    con: duckdb.DuckDBPyConnection,
    process: Process,
    place: Path,
    new: State,
    number: int,
    cases: range,
    order: Order,
    naming: Lock,
) -> None:
    kept, steps, own_cases = kept_columns(process, order), f"steps_{number}", f"cases_{number}"
    make_steps(con, process, steps, cases, order)
    make_cases(con, process, steps, own_cases, naming)
    write(con, f"select {kept} from {steps}", place / f"steps-{number:03}.parquet")
    if new.sample_power:
        chosen = f'select "case" from {own_cases} where {in_sample(new.sample_power)}'
        sampled = f'select {kept} from {steps} semi join ({chosen}) using ("case")'
        write(con, sampled, place / f"sample-{number:03}.parquet")
    count_changes(con, steps, own_cases, new.digits, 1)
    con.execute(
        f"insert into cases by name from {own_cases}; drop view {steps}; drop table {steps}_rows; drop table {own_cases}"
    )
