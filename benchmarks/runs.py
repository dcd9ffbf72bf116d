"""One contender in a fresh process of its own: its wall time and peak memory are taken from outside, by the one who waits.

This process stays small and never loads a table: a child that is forked from a large one is charged with its memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.answers import Answer

ROOT = Path(__file__).parent.parent


class BenchmarkError(Exception):
    """A contender failed, or two of them do not say the same: there is nothing to compare."""


@dataclass(frozen=True)
class Run:
    """What one contender took, and what it found."""

    name: str
    wall_s: float  # from the start of the process to its end
    cpu_s: float  # of all cores, whole process; other work on the machine changes it less than the wall time
    peak_mb: float  # resident memory, the largest of the process and its children
    stages: dict[str, float]  # seconds
    answer: Answer

    @property
    def work_s(self) -> float:
        """Without starting Python, imports, writing the answer and leaving."""
        return sum(self.stages.values())


def run(name: str, log: Path, folder: Path) -> Run:
    """Run a contender.

    Raises:
        BenchmarkError: it failed.
    """
    print(f"  {name} ...", file=sys.stderr, flush=True)
    errors = folder / "errors.txt"
    with errors.open("wb") as told:
        begun = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, "-m", "benchmarks.contenders", name, str(log), str(folder)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        _pid, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise BenchmarkError(f"{name} failed on {log.name} ({child.returncode}):\n{errors.read_text()[-2000:]}")
    found = json.loads((folder / f"{name}.json").read_text())
    peak_mb = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Run(name, wall_s, used.ru_utime + used.ru_stime, peak_mb, found["stages"], Answer(**found["answer"]))


def provide(folder: Path, events: int, night: int = 0) -> Path:
    """The file of a log, or of the night after it, made by another process if it is not there; read once, to be warm."""
    return _made(str(folder), str(events), *([str(night)] if night else []))


def provide_three_columns(log: Path) -> Path:
    """The file of the log as a source without resources and segments gives it, in the same way."""
    return _made("three-columns", str(log))


def _made(*asked: str) -> Path:
    command = [sys.executable, "-m", "benchmarks.events", *asked]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - this very Python
    path = Path(told.stdout.strip())
    with path.open("rb") as handle:
        while handle.read(1 << 20):
            pass
    return path


def megabytes(path: Path) -> float:
    """What a file or folder takes on the disk; a file with several names counts once."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum({stat.st_ino: stat.st_size for stat in (file.stat() for file in files)}.values()) / 1e6
