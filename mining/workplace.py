"""Work folders: each run has one of its own, and what killed runs left behind is cleared away."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

_LOCAL = "local-"  # runs that live in one process, and die with it
_FORGOTTEN_S = 24 * 3600  # a run of many processes, such as Airflow's, may rest between two of them


def _of_this_process() -> str:
    return f"{_LOCAL}{os.getpid()}-{time.time_ns()}"


def run_name(run_id: str) -> str:
    """The name of a run that somebody else counts, such as Airflow's `run_id`, safe as the name of a folder."""
    told = re.sub(r"[^A-Za-z0-9._-]+", "-", run_id)[:60].strip(".-")
    return f"run-{told}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Workplace:
    """The folder `parent`/`name`; `name.lock` beside it is held while a process of the run works there."""

    parent: Path
    name: str = field(default_factory=_of_this_process)

    @property
    def folder(self) -> Path:
        return self.parent / self.name

    def enter(self) -> Path:
        """Hold the folder, as long as this object lives; it is made if need be."""
        _ = self._held
        self.folder.mkdir(exist_ok=True)
        return self.folder

    def empty(self) -> Path:
        """Hold the folder, and begin anew in it."""
        _ = self._held
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.enter()

    def leave(self) -> None:
        """Remove the folder and let go of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        _lock_file(self.folder).unlink(missing_ok=True)
        if handle := self.__dict__.pop("_held", None):
            handle.close()

    @cached_property
    def _held(self) -> IO[bytes]:
        self.parent.mkdir(parents=True, exist_ok=True)
        file = _lock_file(self.folder)
        while True:
            handle = file.open("ab")
            fcntl.flock(handle, fcntl.LOCK_SH)
            if _is_at(handle, file):
                return handle
            handle.close()  # it was cleared away between the two lines above


def clear(parent: Path) -> None:
    """Remove what killed runs left in `parent`: folders that nobody holds and nobody will come back to."""
    for file in sorted(parent.glob("*.lock")):
        with file.open("ab") as handle:
            folder = file.with_suffix("")
            if _free(handle) and _is_at(handle, file) and _forsaken(folder):
                shutil.rmtree(folder, ignore_errors=True)
                file.unlink(missing_ok=True)
    for folder in sorted(parent.glob("*")):
        if folder.is_dir() and not _lock_file(folder).exists() and _age_s(folder) > _FORGOTTEN_S:
            shutil.rmtree(folder, ignore_errors=True)


def at_work(parent: Path) -> list[Path]:
    """The folders that a process works in right now."""
    held = list[Path]()
    for file in sorted(parent.glob("*.lock")):
        with file.open("ab") as handle:
            if not _free(handle):
                held.append(file.with_suffix(""))
    return held


def clear_all(parent: Path) -> list[Path]:
    """Remove every folder that nobody works in right now, also of runs that rest between two processes; which went."""
    gone = list[Path]()
    for folder in sorted(path for path in parent.glob("*") if path.is_dir()):
        with _lock_file(folder).open("ab") as handle:
            if _free(handle):
                shutil.rmtree(folder)
                _lock_file(folder).unlink(missing_ok=True)
                gone.append(folder)
    return gone


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _free(handle: IO[bytes]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: IO[bytes], file: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _forsaken(folder: Path) -> bool:
    return folder.name.startswith(_LOCAL) or not folder.exists() or _age_s(folder) > _FORGOTTEN_S


def _age_s(folder: Path) -> float:
    """Seconds since something was last written in a folder."""
    times = [folder.stat().st_mtime, *(path.lstat().st_mtime for path in folder.rglob("*"))]
    return time.time() - max(times)
