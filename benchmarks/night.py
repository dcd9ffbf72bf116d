"""What one more night costs after a long history: `make bench-night`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.answers import differences
from benchmarks.machine import keep_to_threads
from benchmarks.report import Asked, millions, stages, table, tell
from benchmarks.runs import BenchmarkError, Run, provide, run

SIZES = (10_000_000, 100_000_000)
SHARE = 1000  # a night is a thousandth of the history
NOTES = """The store of a history is built; then a night of new events comes, 1 in 100 of them late, into cases that were over.
*Night*: the new events into the store, and all measures of everything, in a fresh process. *Anew*: everything built from both
batches together; that the night says exactly the same is checked first. *After the smallest*: over the night of as
many events after the smallest history, which tells whether a night grows with the history."""


@dataclass(frozen=True)
class Compared:
    """One night after one history."""

    history: int
    events: int
    night: Run
    anew: Run


def nights_of(history: int, smallest: int) -> list[int]:
    """A thousandth of the history, and as many events as a thousandth of the smallest one has."""
    return sorted({smallest // SHARE, history // SHARE})


def measure(folder: Path, history: int, nights: list[int]) -> list[Compared]:
    """The nights after one history, each after the same store.

    Raises:
        BenchmarkError: a run failed, or a night does not say the same as building everything anew.
    """
    log = provide(folder, history)
    with TemporaryDirectory(dir=folder) as built:
        run("Headrace", log, Path(built))
        return [_night(log, history, events, Path(built)) for events in nights]


def _night(log: Path, history: int, events: int, built: Path) -> Compared:
    batch = provide(log.parent, history, events)
    with _place(batch) as place:
        shutil.copytree(built / "store", place / "store", copy_function=os.link)
        night = run("Headrace night", log, place)
    with _place(batch) as place:
        anew = run("Headrace", log, place)
    if wrong := differences(night.answer, anew.answer, exactly=True):
        raise BenchmarkError("\n".join([f"A night of {events} events is not what a new build says:", *wrong]))
    return Compared(history, events, night, anew)


@contextmanager
def _place(batch: Path) -> Iterator[Path]:
    """A folder with the night's batch in it."""
    with TemporaryDirectory(dir=batch.parent) as folder:
        (Path(folder) / "night.parquet").symlink_to(batch)
        yield Path(folder)


def rows(compared: list[Compared]) -> list[list[object]]:
    first = {one.events: one.night for one in reversed(compared)}
    return [_row(one, first[one.events]) for one in compared]


def _row(one: Compared, first: Run) -> list[object]:
    night, anew = one.night, one.anew
    took = [night.wall_s, night.stages["store"], night.work_s, night.peak_mb, anew.wall_s]
    parts = [f"{night.wall_s / anew.wall_s:.1%}", f"{night.work_s / anew.work_s:.1%}"]
    return [
        millions(one.history),
        f"{one.events:,}",
        *took,
        *parts,
        night.wall_s / first.wall_s,
        night.work_s / first.work_s,
    ]


def main() -> None:
    asked = Asked.of(__doc__ or "", SIZES)
    keep_to_threads()
    compared: list[Compared] = []
    for history in asked.sizes:
        print(f"{millions(history)} events", file=sys.stderr)
        compared += measure(asked.folder, history, nights_of(history, asked.sizes[0]))
    named = {
        f"{kind} {one.events:,} after {millions(one.history)}": took
        for one in compared
        for kind, took in (("night of", one.night), ("anew with", one.anew))
    }
    head = ["history", "night's events", "night wall s", "store s", "work s", "peak MB", "anew wall s"]
    head += ["night / anew: wall", "work", "/ after the smallest: wall", "work"]
    tell("bench-night", "Night", [NOTES, table(head, rows(compared)), stages(named)], asked)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"bench-night: {error}")
