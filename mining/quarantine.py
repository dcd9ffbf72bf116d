"""Rows that broke a rule: kept as they came, listed, tried again after a fix, and marked once they have passed.

Nothing here is changed or deleted: `PROCESS/quarantine/LOAD.parquet` holds what one load set aside, and
`PROCESS/quarantine/released/LOAD.parquet` names the rows that a later load took in (their load, file and row).

To re-admit: `readmit`, then `mining.validation.validate(..., accept=..., readmitting=True)` in the same folder, then
`release` them by the load's id, and store its good.parquet as any other load: all under `mining.loading.whole`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from mining import durable
from mining.home import Home
from mining.process import Columns, Process
from mining.sources.forgotten import forgotten_cases
from mining.sources.mapping import Reading, Table, described, session, unite, write_events
from mining.sources.quoting import file_literal, literal, quoted
from mining.sources.resources import resource_key

CANDIDATES = "candidates.parquet"  # beside pulled.parquet, row by row: which kept row it is
# An extra copy of a row is right or wrong as it stands: no mapping will mend it, and alone it would pass.
NEVER_MENDED = frozenset({"exact_duplicate"})
# Rules whose rows may be right after all, as they are.
ACCEPTABLE = frozenset({"started_after_completed", "time_in_future", "time_in_far_past", "placeholder_activity"})
_NOT_SOURCE = ("load_id", "case_id", "activity", "completed", "started", "resource", "order_key", "file", "row", "rule")


@dataclass(frozen=True)
class Quarantined:
    """One row that waits; `time` is what the source wrote."""

    load_id: str
    file: str
    row: int
    rule: str
    case_id: str | None
    activity: str | None
    time: str | None


def keep(home: Home, process: Process, load_id: str, bad: Path) -> int:
    """Keep the rows that a load set aside, and return how many of them are new.

    A row is known by what the source wrote, not by its load, file or number: of rows that come again only as many are
    kept as there are more than before. So keeping a load twice, or one that overlaps another, changes nothing.
    """
    folder = home.quarantine(process.process)
    folder.mkdir(parents=True, exist_ok=True)
    with _session() as db:
        db.execute(f"create view bad as select * from read_parquet({file_literal(bad)}, file_row_number = true)")
        db.execute(f"create temp table fresh as {_fresh(db, _kept(folder), bad)}")
        rows = _count(db, "fresh")
        if rows:
            query = (
                f"select {literal(load_id)} as load_id, * exclude (file_row_number) from bad "
                "semi join fresh using (file_row_number) order by file_row_number"
            )
            _write(db, query, _free(folder, load_id))
    return rows


def listing(home: Home, process: Process, limit: int | None = None) -> list[Quarantined]:
    """The rows that wait, oldest load first; at most `limit` of them."""
    with _session() as db:
        if not _open_waiting(db, home, process):
            return []
        columns = described(db, "waiting")
        raw = f"source.{process.columns.completed}"
        time = f"coalesce({quoted(raw)}::varchar, completed::varchar)" if raw in columns else "completed::varchar"
        rows = db.execute(
            f"select load_id, file, row, rule, case_id, activity, {time} from waiting "
            f"order by load_id, kept_in, kept_row {f'limit {int(limit)}' if limit is not None else ''}"
        ).fetchall()
    return [Quarantined(*row) for row in rows]


def count(home: Home, process: Process) -> int:
    """How many rows wait."""
    with _session() as db:
        return _count(db, "waiting") if _open_waiting(db, home, process) else 0


def readmit(process: Process, home: Home, into: Path, *, accept_rules: Collection[str] = ()) -> Path | None:
    """Map the rows that wait anew, as the process file is today, to `into`/pulled.parquet; None if none waits.

    Copies of a row (rule `exact_duplicate`) stay where they are unless that rule is accepted.

    Raises:
        InputError: as `mining.sources.pull`; a column that the process file names may be missing from rows of old.
    """
    into.mkdir(parents=True, exist_ok=True)
    stay = sorted(NEVER_MENDED - set(accept_rules))
    with TemporaryDirectory(dir=into) as name, _session() as db:
        if not _open_waiting(db, home, process):
            return None
        groups = db.execute(
            "select kept_in, load_id, file from waiting where not list_contains(?, rule) group by all order by all",
            [stay],
        ).fetchall()
        key, forgotten = resource_key(home, process), forgotten_cases(home, process.process)
        reading = Reading(db, process, Path(name), key=key, forgotten=forgotten)
        parts = [(load_id, reading.folder / f"{n:05}.parquet") for n, (_, load_id, _) in enumerate(groups)]
        for (kept_in, _, file), (_, part) in zip(groups, parts, strict=True):
            write_events(reading, _table(db, process, Path(kept_in), file, stay), part)
        if not parts:
            return None
        _write(db, " union all ".join(_identities(load_id, part) for load_id, part in parts), into / CANDIDATES)
        unite(db, [part for _, part in parts], into / "pulled.parquet")
    return into / "pulled.parquet"


def release(process: Process, home: Home, load_id: str, into: Path) -> int:
    """Mark the rows of `readmit` that are now in `into`/good.parquet as taken in by `load_id`; return their number."""
    folder = home.quarantine(process.process) / "released"
    folder.mkdir(parents=True, exist_ok=True)
    with _session() as db:
        for name in ("pulled", "good"):
            db.execute(f"create temp table {name} as {_recognised(into / f'{name}.parquet')}")
        candidates = f"read_parquet({file_literal(into / CANDIDATES)}, file_row_number = true)"
        db.execute(
            f"create temp table released as select load_id, file, row from {candidates} join "
            "(select pulled.number as file_row_number from pulled semi join good using (hash, copy)) "
            "using (file_row_number) order by file_row_number"
        )
        rows = _count(db, "released")
        if rows:
            _write(db, "from released", _free(folder, load_id))
    return rows


def take_out(home: Home, process: str, path: Path, condition: str) -> int:
    """Take rows out of a kept file for good, those for which an SQL condition holds; their number.

    What says of them that they were taken in goes first: until then they are still there to be found.
    """
    with _session() as db:
        found = f"select load_id, file, row from read_parquet({file_literal(path)}) where {condition}"
        rows = db.execute(found).fetchall()
        if not rows:
            return 0
        gone = ", ".join(f"({literal(load)}, {literal(file)}, {int(row)})" for load, file, row in rows)
        for released in _kept(home.quarantine(process) / "released"):
            query = f"select * from read_parquet({file_literal(released)}) where (load_id, file, row) not in ({gone})"
            _write(db, query, released)
        _write(db, f"select * from read_parquet({file_literal(path)}) where ({condition}) is not true", path)
    return len(rows)


@contextmanager
def _session() -> Iterator[duckdb.DuckDBPyConnection]:
    with TemporaryDirectory(prefix="headrace-") as scratch, session(Path(scratch)) as db:
        yield db


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _fresh(db: duckdb.DuckDBPyConnection, kept: Sequence[Path], bad: Path) -> str:
    """SQL for the numbers of the rows of `bad` of which there are more copies than are kept already."""
    files = ", ".join(file_literal(path) for path in [*kept, bad])
    everything = f"read_parquet([{files}], union_by_name = true, filename = true, file_row_number = true)"
    names = sorted(name for name in described(db, everything) if name.startswith("source."))
    content = ", ".join(f"{literal(name + '=')} || {quoted(name)}::varchar" for name in names) or "''"
    known = f"(select md5(concat_ws(chr(31), {content})) as content, filename, file_row_number from {everything})"
    is_new = f"filename = {literal(str(bad))}"
    return (
        f"with known as {known}, "
        f"before as (select content, count(*) as copies from known where not {is_new} group by content), "
        f"now as (select content, file_row_number, "
        f"row_number() over (partition by content order by file_row_number) as copy from known where {is_new}) "
        "select file_row_number from now left join before using (content) where copy > coalesce(copies, 0)"
    )


def _open_waiting(db: duckdb.DuckDBPyConnection, home: Home, process: Process) -> bool:
    """The view `waiting`: kept rows that no load has taken in, with the file and the row where they are kept."""
    folder = home.quarantine(process.process)
    kept = _kept(folder)
    if not kept:
        return False
    released = ", ".join(file_literal(path) for path in _kept(folder / "released"))
    db.execute(
        f"create temp table gone as select load_id, file, row from read_parquet([{released}])"
        if released
        else "create temp table gone (load_id varchar, file varchar, row bigint)"
    )
    files = ", ".join(file_literal(path) for path in kept)
    db.execute(
        "create temp view waiting as select * rename (filename as kept_in, file_row_number as kept_row) "
        f"from read_parquet([{files}], union_by_name = true, filename = true, file_row_number = true) "
        "anti join gone using (load_id, file, row)"
    )
    return True


def _table(db: duckdb.DuckDBPyConnection, process: Process, kept_in: Path, file: str, stay: Sequence[str]) -> Table:
    """The rows that wait in one kept file and came from one file of the source, under the source's own names."""
    source = f"read_parquet({file_literal(kept_in)})"
    names = {
        name.removeprefix("source."): kind for name, kind in described(db, source).items() if name not in _NOT_SOURCE
    }
    columns = ", ".join(f"{quoted('source.' + name)} as {quoted(name)}" for name in names)
    rules = ", ".join(literal(rule) for rule in stay) or "''"
    relation = (
        f'(select {columns}, row as "#row", order_key as "#position" from {source} anti join gone using '
        f"(load_id, file, row) where file = {literal(file)} and rule not in ({rules}))"
    )
    return Table(file, relation, names, _mapping(process, file, names), '"#row"', '"#position"', kept=True)


def _mapping(process: Process, file: str, names: dict[str, str]) -> Columns:
    from mining.sources.xes import resolved  # noqa: PLC0415 - brings PyArrow

    is_xes = file.lower().endswith((".xes", ".xes.gz"))
    return resolved(process.columns, names) if is_xes else process.columns


def _recognised(path: Path) -> str:
    """SQL for the rows of a file: number, hash of all columns, and the how-manieth of its kind."""
    rows = f"read_parquet({file_literal(path)}, file_row_number = true)"
    hashed = f"select file_row_number as number, hash(*columns(* exclude (file_row_number))) as hash from {rows}"
    return f"select *, row_number() over (partition by hash order by number) as copy from ({hashed})"


def _identities(load_id: str, part: Path) -> str:
    return f"select {literal(load_id)} as load_id, file, row from read_parquet({file_literal(part)})"


def _count(db: duckdb.DuckDBPyConnection, table: str) -> int:
    row = db.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _free(folder: Path, load_id: str) -> Path:
    """A name that is not taken: what is kept is never written over."""
    names = (f"{load_id}.parquet" if n == 1 else f"{load_id}-{n}.parquet" for n in range(1, 1_000_000))
    return next(folder / name for name in names if not (folder / name).exists())


def _write(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write beside, then move into place: a file is there whole or not at all."""
    with durable.beside(path) as part:
        db.execute(f"copy ({query}) to {literal(str(part))} (format parquet, compression zstd)")
