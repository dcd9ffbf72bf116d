"""`headrace verify`: is everything in the store as it was written, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mining import durable, loading, placing
from mining.errors import InputError, StoreError
from mining.home import Home
from mining.lock import alone
from mining.process import Process
from mining.readmission import rows_of
from mining.sources.files import files_of, fingerprint
from mining.store import Batch, Batches, differences, loads_of
from mining.workplace import clear


class State(StrEnum):
    SOUND = "sound"
    MENDED = "mended"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what was done or is to be done."""

    what: str
    state: State
    about: str = ""


def verify(process: Process, home: Home) -> list[Finding]:
    """Look at everything kept of a process; mend what can be mended.

    Raises:
        StoreError: another run held the store for hours.
    """
    name = process.process
    with alone(home.lock(name), f"verify of {name}"):
        found = [*_left_over(home, name), *_batches(home, name), *_quarantine(home, name)]
        placing.heal(home, name)
        clear(home.work(name))
        if not any(finding.state == State.DAMAGED for finding in found):
            found += [Finding("derived tables", State.MENDED, differs) for differs in derived_agrees(process, home)]
    return found


def derived_agrees(process: Process, home: Home) -> list[str]:
    """What of the derived tables was not as the batches have it; they are built anew then."""
    name = process.process
    loads = loads_of(Batches(home.batches(name)))
    return differences(process, loads, home.derived(name), home.store(name) / "derived.new")


def reload(process: Process, home: Home, load_id: str) -> list[Path]:
    """Move a damaged load away, so that the next run pulls its rows again; what was moved.

    Raises:
        InputError: the load is not damaged, or its source files are gone.
        StoreError: another run held the store for hours.
    """
    name = process.process
    with alone(home.lock(name), f"verify --reload of {name}"):
        loading.undo_unfinished(home, name)
        batches = Batches(home.batches(name))
        kept = loading.files_of_load(home, name, load_id)
        hurt = [path for path in kept if loading.unreadable(path)]
        if _damage(batches, load_id):  # rows of the quarantine that the batch took in wait again
            hurt += [path for path in kept if path.parent.name == "released" and path not in hurt]
        elif not hurt:
            raise InputError(
                f"--reload {load_id}: this load is sound or there is none of this name; see `headrace verify`"
            )
        _refuse_if_gone(process, batches, load_id)
        away = home.damaged(name)
        return [*(durable.move_into(path, away) for path in hurt), *batches.move_away(load_id, away)]


def _left_over(home: Home, name: str) -> Iterator[Finding]:
    for path in loading.undo_unfinished(home, name):
        yield Finding(path.name, State.MENDED, "left by a run that was interrupted; removed, its rows are pulled again")
    batches = Batches(home.batches(name))
    for path in sorted(batches.folder.glob("*.parquet")):
        if not batches.sidecar(path.stem).exists():
            moved = durable.move_into(path, home.damaged(name))
            yield Finding(path.name, State.MENDED, f"without its .json it never counted; moved to {moved}")


def _batches(home: Home, name: str) -> Iterator[Finding]:
    batches = Batches(home.batches(name))
    for load_id in sorted(path.stem for path in batches.folder.glob("*.json")):
        damage = _damage(batches, load_id)
        yield Finding(f"batch {load_id}", State.DAMAGED if damage else State.SOUND, damage or "")


def _damage(batches: Batches, load_id: str) -> str | None:
    if not batches.sidecar(load_id).exists():
        return None
    try:
        batch = batches.read(load_id)
    except StoreError as error:
        return str(error)
    return batches.damage(batch) or _miscounted(batches, batch)


def _miscounted(batches: Batches, batch: Batch) -> str | None:
    rows = rows_of(batches.path(batch.load_id))
    return (
        None if rows == batch.rows else f"{batches.path(batch.load_id)}: {rows:,} rows, but described as {batch.rows:,}"
    )


def _quarantine(home: Home, name: str) -> Iterator[Finding]:
    for path in sorted(home.quarantine(name).rglob("*.parquet")):
        what = f"set aside {path.relative_to(home.quarantine(name))}"
        damage = loading.unreadable(path)
        yield Finding(what, State.DAMAGED if damage else State.SOUND, damage or "")


def _refuse_if_gone(process: Process, batches: Batches, load_id: str) -> None:
    """Files that are no longer at the source cannot be pulled again."""
    try:
        inputs = batches.read(load_id).inputs if process.source.files else ()
    except (StoreError, FileNotFoundError):
        return  # it is not known what they were
    there = {fingerprint(path) for path in _at_source(process)}
    gone = [given.name for given in inputs if given.sha256 not in there and given.name != "quarantine"]
    if gone:
        path = batches.path(load_id)
        raise InputError(
            f"--reload {load_id}: {len(gone)} of its {len(inputs)} source files are not at the source any more, or were "
            f"changed ({', '.join(gone[:5])}): their rows would be lost. Put them back, or restore {path} from a copy. "
            f"To go on without these rows, move {path.with_suffix('.*')} elsewhere by hand."
        )


def _at_source(process: Process) -> list[Path]:
    try:
        return files_of(process)
    except InputError:
        return []
