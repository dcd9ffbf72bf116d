"""Whether the derived tables are what the batches say: they are made again beside them and compared, names for names."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from mining.process import Process
from mining.store.deriving import Load, derive_again
from mining.store.generations import Generations
from mining.store.tables import Tables

_COMPARED = ("steps", "sample", "kept_cases", "waits", "stays", "weeks", "work", "kept_cycles", "recent")
_NAMES = {"activity": "activity", "after": "activity", "last_activity": "activity", "resource": "resource"}


def differences(process: Process, loads: Sequence[Load], derived: Path, beside: Path) -> list[str]:
    """Names of the tables in `derived` that differ from what the loads give; if any does, all are replaced by new ones.

    Args:
        loads: the batches, oldest first; those that the tables do not hold yet are left to the next night.
        beside: a folder on the same disk, for the new tables; it is gone afterwards.
    """
    kept = Generations(derived)
    state = kept.read()
    if state is None:
        return ["all: they cannot be read"] if derived.exists() and any(derived.iterdir()) and _drop(derived) else []
    held = [load for load in loads if load.load_id in state.loads]
    if tuple(load.load_id for load in held) != state.loads:
        _drop(derived)
        return ["all: they hold loads that are no longer there"]
    shutil.rmtree(beside, ignore_errors=True)
    derive_again(process, held, state.night_end_us, beside)
    right = digests(beside)
    try:
        found = digests(derived)
    except (duckdb.Error, RuntimeError):
        found = {}
    wrong = [name.removeprefix("kept_") for name, digest in right.items() if found.get(name) != digest]
    if wrong:
        _drop(derived)
        beside.rename(derived)
    shutil.rmtree(beside, ignore_errors=True)
    return wrong


def _drop(derived: Path) -> bool:
    shutil.rmtree(derived)
    return True


def digests(folder: Path) -> dict[str, tuple[int, int]]:
    """Of each table the rows and the sum of their hashes, with names in place of codes: equal for equal content."""
    tables = Tables(folder)
    return {name: _digest(tables.engine.con, name) for name in _COMPARED}


def _digest(con: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    told: list[str] = []
    joins: list[str] = []
    for column in columns:
        kind = column if column.startswith("segment_") else _NAMES.get(column)
        if kind:
            told.append(f"n_{column}.name")
            joins.append(f"left join names n_{column} on n_{column}.kind = '{kind}' and n_{column}.code = t.{column}")
        elif column == "case":
            told.append("k.case_id")
            joins.append('join (select "case", case_id from kept_cases) k on k."case" = t."case"')
        elif column == "variant":
            told.append("v.path")
            joins.append("join variants v on v.variant = t.variant")
        else:
            told.append(f"t.{column}")
    query = f"select count(*), coalesce(sum(hash({', '.join(told)})::hugeint), 0) from {table} t {' '.join(joins)}"
    rows, total = con.execute(query).fetchall()[0]
    return int(rows), int(total)
