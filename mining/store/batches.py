"""Batches: every pull that passed the gate, kept unchanged for ever."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mining.errors import InputError
from mining.findings import Check
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
        """Keep a copy of `rows_file`, the good rows of `pull`; the same pull twice stays one batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        load_id = load_id_of(pull)
        if self._sidecar(load_id).exists():
            return self._read(self._sidecar(load_id))
        batch = Batch(
            load_id=load_id,
            loaded_at=loaded_at.isoformat(),
            night=night.isoformat(),
            rows=pull.rows - set_aside,
            set_aside=set_aside,
            sha256=_sha256(rows_file),
            inputs=pull.inputs,
            cursor=pull.cursor,
            checks=checks,
        )
        beside = self.folder / f".{load_id}.parquet.tmp"
        shutil.copyfile(rows_file, beside)
        _settle(beside, self.path(load_id))
        beside = self.folder / f".{load_id}.json.tmp"
        beside.write_bytes(_BATCH.dump_json(batch, indent=1))
        _settle(beside, self._sidecar(load_id))
        return batch

    def all(self) -> tuple[Batch, ...]:
        """Every batch, oldest load first."""
        read = [self._read(sidecar) for sidecar in self.folder.glob("*.json")]
        return tuple(sorted(read, key=lambda batch: (batch.loaded_at, batch.load_id)))

    def path(self, load_id: str) -> Path:
        return self.folder / f"{load_id}.parquet"

    def paths(self) -> list[Path]:
        """The Parquet files, oldest load first."""
        return [self.path(batch.load_id) for batch in self.all()]

    def inputs_loaded(self) -> frozenset[str]:
        """SHA-256 of every file that need not be read again."""
        return frozenset(given.sha256 for batch in self.all() for given in batch.inputs)

    def cursor(self) -> str | None:
        """Where the next SQL pull goes on."""
        return max((batch.cursor for batch in self.all() if batch.cursor), default=None)

    def _sidecar(self, load_id: str) -> Path:
        return self.folder / f"{load_id}.json"

    def _read(self, sidecar: Path) -> Batch:
        try:
            batch = _BATCH.validate_json(sidecar.read_bytes())
        except ValidationError as error:
            raise InputError(
                f"{sidecar}: this batch's description is damaged; restore it from a copy\n{error}"
            ) from None
        if not self.path(batch.load_id).exists():
            raise InputError(
                f"{self.path(batch.load_id)}: this batch is missing though {sidecar.name} names it; restore it"
            )
        return batch


_BATCH = TypeAdapter(Batch)


def load_id_of(pull: Pull) -> str:
    """What tells one pull from another: the content that it read."""
    return hashlib.sha256("\n".join(given.sha256 for given in pull.inputs).encode()).hexdigest()[:16]


def _settle(beside: Path, target: Path) -> None:
    """Move a finished file into place so that a crash leaves the old state or the new one."""
    with beside.open("rb") as handle:
        os.fsync(handle.fileno())
    beside.replace(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
