"""A load goes into the store whole or not at all: batch, rows set aside and rows released.

The batch's sidecar decides. Before anything of a load is written, `loading.json` says which load it is; if the sidecar is
not there when the next run comes, what the load had written is taken away again, and its rows are pulled anew.
Everything here is done under the process's lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mining import durable
from mining.errors import StoreError
from mining.home import Home
from mining.sources.quoting import file_literal
from mining.store import Batches
from mining.store.rewriting import finish_rewriting

State = tuple[tuple[str, int], ...]


@contextmanager
def whole(home: Home, process: str, load_id: str) -> Iterator[None]:
    """What is written inside stays if the load's batch is in the store at the end, and else not."""
    had = [str(path.relative_to(home.store(process))) for path in files_of_load(home, process, load_id)]
    durable.write(_journal(home, process), json.dumps({"load_id": load_id, "had": had}).encode())
    try:
        yield
    finally:
        undo_unfinished(home, process)


def undo_unfinished(home: Home, process: str) -> list[Path]:
    """Take away what an interrupted run left in the store; the files that went."""
    finish_rewriting(Batches(home.batches(process)))
    gone = list[Path]()
    journal, batches = _journal(home, process), Batches(home.batches(process))
    if journal.exists():
        told = json.loads(journal.read_bytes())
        if not batches.sidecar(told["load_id"]).exists():
            had = {home.store(process) / name for name in told["had"]}
            written = [batches.path(told["load_id"]), *files_of_load(home, process, told["load_id"])]
            gone += [path for path in written if path not in had]
    gone += [path for folder in _folders(home, process) for path in sorted(folder.glob(".*.part"))]
    for path in gone:
        path.unlink(missing_ok=True)
    journal.unlink(missing_ok=True)
    return gone


def refuse_damaged(home: Home, process: str) -> None:
    """Read everything that the store keeps.

    Raises:
        StoreError: a batch or a file of the quarantine is damaged.
    """
    Batches(home.batches(process)).refuse_damaged()
    for path in sorted(home.quarantine(process).rglob("*.parquet")):
        if damage := unreadable(path):
            raise StoreError(damage)


def unreadable(path: Path) -> str | None:
    """Why a file of the quarantine cannot be read to its last value, and what to do; None if it can be."""
    try:
        with duckdb.connect() as db:
            db.execute(f"select bit_xor(hash(*columns(*))) from read_parquet({file_literal(path)})").fetchall()
    except duckdb.Error as error:
        return (
            f"{path}: cannot be read ({str(error).splitlines()[0]}).\nRestore the file from a copy. Without one, and if the "
            f"source still has the rows: `headrace verify PROCESS.yaml --reload {path.stem.partition('-')[0]}`, and the next "
            "run pulls them again."
        )
    return None


def state(home: Home, process: str) -> State:
    """What the store holds, to see whether another run has changed it since."""
    batches = home.batches(process)
    quarantine = home.quarantine(process)
    files = [*batches.glob("*.json"), *batches.glob("*.parquet"), *quarantine.rglob("*.parquet")]
    return tuple(sorted((str(path.relative_to(home.store(process))), _size(path)) for path in files))


def _size(path: Path) -> int:
    """-1 for a file that another run has just moved away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _journal(home: Home, process: str) -> Path:
    return home.store(process) / "loading.json"


def _folders(home: Home, process: str) -> tuple[Path, Path, Path]:
    quarantine = home.quarantine(process)
    return home.batches(process), quarantine, quarantine / "released"


def files_of_load(home: Home, process: str, load_id: str) -> list[Path]:
    """What the quarantine keeps of one load: the rows set aside by it, and the names of those that it took in."""
    _, *folders = _folders(home, process)
    return [path for folder in folders for name in ("", "-*") for path in folder.glob(f"{load_id}{name}.parquet")]
