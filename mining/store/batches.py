"""Batches: every pull that passed the gate, kept unchanged for ever."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mining.errors import InputError
from mining.sources import Input


@dataclass(frozen=True)
class Batch:
    """One batch as its sidecar file describes it."""

    load_id: str
    loaded_at: str  # ISO 8601, UTC
    rows: int
    sha256: str  # of the Parquet file
    inputs: tuple[Input, ...]  # the files or query it came from
    cursor: str | None  # highest cursor value seen, for SQL sources


@dataclass(frozen=True)
class Batches:
    """The batches of one process: `LOAD_ID.parquet` with `LOAD_ID.json` beside it.

    The sidecar is written last: a Parquet file without one is an unfinished write and does not count.
    """

    folder: Path

    def add(self, rows_file: Path, *, rows: int, inputs: tuple[Input, ...], cursor: str | None, loaded_at: datetime) -> Batch:
        """Keep a copy of `rows_file`; the same content twice stays one batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = _sha256(rows_file)
        batch = Batch(digest[:16], loaded_at.isoformat(), rows, digest, inputs, cursor)
        if self._sidecar(batch.load_id).exists():
            return self._read(self._sidecar(batch.load_id))
        beside = self.folder / f".{batch.load_id}.parquet.tmp"
        shutil.copyfile(rows_file, beside)
        _settle(beside, self.path(batch.load_id))
        beside = self.folder / f".{batch.load_id}.json.tmp"
        beside.write_text(json.dumps(asdict(batch), indent=1, ensure_ascii=False), encoding="utf-8")
        _settle(beside, self._sidecar(batch.load_id))
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
            fields: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8"))
            inputs = tuple(Input(**given) for given in fields.pop("inputs"))
            batch = Batch(inputs=inputs, **fields)
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{sidecar}: this batch's description is damaged ({error}); restore it from a copy") from None
        if not self.path(batch.load_id).exists():
            raise InputError(f"{self.path(batch.load_id)}: this batch is missing though {sidecar.name} names it; restore it")
        return batch


def _settle(beside: Path, target: Path) -> None:
    """Move a finished file into place so that a crash leaves the old state or the new one."""
    with beside.open("rb") as handle:
        os.fsync(handle.fileno())
    beside.replace(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
