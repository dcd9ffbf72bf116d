"""Batches: every pull that passed the gate, kept unchanged for ever."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb
from pydantic import TypeAdapter, ValidationError

from mining import durable
from mining.errors import StoreError
from mining.findings import Check, Effect
from mining.sources import Input, Pull


@dataclass(frozen=True)
class Batch:
    """One batch as its sidecar file describes it."""

    load_id: str
    loaded_at: str  # ISO 8601, UTC
    night: str  # the business day that pulled it, YYYY-MM-DD
    rows: int
    set_aside: int  # rows of the same pull that went to quarantine
    sha256: str  # of the Parquet file
    inputs: tuple[Input, ...]  # the files or query it came from
    cursor: str | None  # highest cursor value seen, for SQL sources
    checks: tuple[Check, ...]  # what the gate said of the pull
    bytes: int | None = None  # size of the Parquet file; None in batches of Headrace 0.1
    first_us: int | None = None  # earliest and latest `completed`, in microseconds since 1970 UTC; None if not known
    last_us: int | None = None
    effect: Effect | None = None  # what the rows did to the cases; None if that is not known
    forgotten: int = 0  # rows that were taken out since: cases forgotten on request, or older than the process keeps


@dataclass(frozen=True)
class Batches:
    """The batches of one process: `LOAD_ID.parquet` with `LOAD_ID.json` beside it.

    The sidecar is written last: a Parquet file without one is an unfinished write and does not count.
    """

    folder: Path

    def add(
        self,
        rows_file: Path,
        pull: Pull,
        *,
        night: date,
        set_aside: int,
        checks: tuple[Check, ...],
        loaded_at: datetime,
    ) -> Batch:
        """Keep a copy of `rows_file`, the good rows of `pull`; the same pull twice stays one batch.

        To be called by one at a time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        load_id = load_id_of(pull)
        if self.sidecar(load_id).exists():
            return self._sound(self.read(load_id))
        with durable.beside(self.path(load_id)) as part:
            shutil.copyfile(rows_file, part)
        rows, size, sha256, first_us, last_us = content_of(self.path(load_id))
        batch = Batch(
            load_id=load_id,
            loaded_at=loaded_at.isoformat(),
            night=night.isoformat(),
            rows=rows,
            set_aside=set_aside,
            sha256=sha256,
            inputs=pull.inputs,
            cursor=pull.cursor,
            checks=checks,
            bytes=size,
            first_us=first_us,
            last_us=last_us,
        )
        durable.write(self.sidecar(load_id), _BATCH.dump_json(batch, indent=1))
        if pull.cursor is not None:
            self._again.unlink(missing_ok=True)
        return batch

    def note(self, load_id: str, effect: Effect) -> None:
        """Write down what a batch did to the cases, the first time that it is told."""
        batch = self.read(load_id)
        if batch.effect is None:
            durable.write(self.sidecar(load_id), _BATCH.dump_json(replace(batch, effect=effect), indent=1))

    def all(self) -> tuple[Batch, ...]:
        """Every batch, oldest load first.

        Raises:
            StoreError: a file is missing or not of its size, which is the part of `damage` that costs nothing.
        """
        return tuple(self._sound(batch) for batch in self.described())

    def described(self) -> tuple[Batch, ...]:
        """Every batch as its sidecar has it, oldest load first; the Parquet files are not looked at.

        Raises:
            StoreError: a sidecar cannot be read.
        """
        read = [self.read(sidecar.stem) for sidecar in self.folder.glob("*.json")]
        return tuple(sorted(read, key=lambda batch: (batch.loaded_at, batch.load_id)))

    def path(self, load_id: str) -> Path:
        return self.folder / f"{load_id}.parquet"

    def sidecar(self, load_id: str) -> Path:
        return self.folder / f"{load_id}.json"

    def paths(self) -> list[Path]:
        """The Parquet files, oldest load first."""
        return [self.path(batch.load_id) for batch in self.all()]

    def inputs_loaded(self) -> frozenset[str]:
        """SHA-256 of every file that need not be read again."""
        return frozenset(given.sha256 for batch in self.all() for given in batch.inputs)

    def cursor(self) -> str | None:
        """Where the next SQL pull goes on: after the newest batch, or earlier where a damaged one was moved away."""
        if self._again.exists():
            since: str | None = json.loads(self._again.read_bytes())["since"]
            return since
        return _last_cursor(self.all())

    def read(self, load_id: str) -> Batch:
        """One batch as its sidecar has it.

        Raises:
            StoreError: the sidecar cannot be read.
        """
        sidecar = self.sidecar(load_id)
        try:
            return _BATCH.validate_json(sidecar.read_bytes())
        except ValidationError:
            raise StoreError(_told(sidecar, "the description of this batch cannot be read", load_id)) from None

    def damage(self, batch: Batch, *, thorough: bool = True) -> str | None:
        """What is wrong with a batch's Parquet file and how to put it right; None if nothing is.

        Args:
            thorough: read the file and compare its checksum; else only see that it is there and of its size.
        """
        path = self.path(batch.load_id)
        if not path.exists():
            return _told(path, "this batch is missing, though its description is there", batch.load_id)
        size = path.stat().st_size
        if batch.bytes not in (None, size):
            return _told(path, f"this batch is damaged: {size:,} bytes instead of {batch.bytes:,}", batch.load_id)
        if thorough and _sha256(path) != batch.sha256:
            return _told(path, "this batch is damaged: its content is not what was stored (SHA-256)", batch.load_id)
        return None

    def refuse_damaged(self) -> None:
        """Read every batch.

        Raises:
            StoreError: one is damaged.
        """
        for batch in self.described():
            if damage := self.damage(batch):
                raise StoreError(damage)

    def move_away(self, load_id: str, to: Path) -> list[Path]:
        """Let a batch count no longer, so that its inputs are pulled again; where its files are kept, in the folder `to`."""
        if self.sidecar(load_id).exists():
            durable.write(self._again, json.dumps({"since": self._cursor_before(load_id)}).encode())
        files = (self.path(load_id), self.sidecar(load_id))  # the sidecar last: until then it can be done again
        return [durable.move_into(path, to) for path in files if path.exists()]

    @property
    def _again(self) -> Path:
        """Holds the cursor to start from once more, until a pull has done so."""
        return self.folder.parent / "pull_again.json"

    def _cursor_before(self, load_id: str) -> str | None:
        """The cursor that the batch was pulled with; None, which pulls from the beginning, if that is not known."""
        try:
            batches = self.described()
        except StoreError:
            return None
        number = next(n for n, batch in enumerate(batches) if batch.load_id == load_id)
        return _last_cursor(batches[:number])

    def _sound(self, batch: Batch) -> Batch:
        if damage := self.damage(batch, thorough=False):
            raise StoreError(damage)
        return batch


_BATCH = TypeAdapter(Batch)


def load_id_of(pull: Pull) -> str:
    """What tells one pull from another: the content that it read."""
    return hashlib.sha256("\n".join(given.sha256 for given in pull.inputs).encode()).hexdigest()[:16]


def _last_cursor(batches: tuple[Batch, ...]) -> str | None:
    """Not the highest: as texts, 9 is higher than 10."""
    return next((batch.cursor for batch in reversed(batches) if batch.cursor is not None), None)


def _told(file: Path, what: str, load_id: str) -> str:
    return (
        f"{file}: {what}.\nRestore the file from a copy. Without one, and if its source still has the rows: "
        f"`headrace verify PROCESS.yaml --reload {load_id}` moves this batch away, and the next run pulls its rows again."
    )


def content_of(path: Path) -> tuple[int, int, str, int | None, int | None]:
    """What a sidecar says of its Parquet file: rows, bytes, SHA-256, the first and the last `completed` in microseconds."""
    query = "select count(*), epoch_us(min(completed)), epoch_us(max(completed)) from read_parquet(?)"
    with duckdb.connect() as db:
        rows, first_us, last_us = db.execute(query, [str(path)]).fetchall()[0]
    return rows, path.stat().st_size, _sha256(path), first_us, last_us


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
