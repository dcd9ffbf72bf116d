"""Where the derived tables lie: immutable generations, and one small file that says which of them count.

`FOLDER/NNNNNN/` is a generation: steps-*.parquet and cases-*.parquet (and for a large log sample-*.parquet) with all rows of
the cases that it touched, variants.parquet with the variants that were new, and names and tallies as they then were. A case
counts in the newest generation that has it. `FOLDER/state.json` names the generations that count; it is replaced in one
stroke after everything that it names is on the disk, so that there is always one whole state, the old or the new.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import TypeAdapter, ValidationError

from mining import durable
from mining.process import Process
from mining.store.session import parquet
from mining.store.tallies import tallies

LAYOUT = 2  # of the files; another number has everything derived anew
WHOLE = ("names", "recent", *tallies(63))  # tables that each generation has whole


# Columns of steps that a file lacks where nothing is in them: writing nothing takes as long as writing numbers.
_MAY_LACK = "null::bigint as started_us, null::double as order_key, null::varchar as event, null::integer as resource"


def table_of(name: str) -> str:
    """The table that a file holds, or a part of it."""
    return name.partition(".")[0].partition("-")[0]


@dataclass(frozen=True)
class Generation:
    """One folder of files."""

    number: int
    steps: int  # rows
    files: dict[str, int]  # name -> bytes

    def of(self, table: str) -> list[str]:
        """The files of a table."""
        return sorted(name for name in self.files if table_of(name) == table)


@dataclass(frozen=True)
class State:
    """What `state.json` says."""

    made_by: str  # what the result depends on besides the events: see `maker`
    learned: bool  # no final activities are declared: which cases are over is seen from their silence
    night_end_us: int
    loads: tuple[str, ...]  # whose rows are in, oldest first
    events: int
    digits: int  # of the classes of time in the tallies
    sample_power: int
    generations: tuple[Generation, ...]  # that count, oldest first


_STATE = TypeAdapter(State)


def maker(process: Process) -> str:
    """What derived tables depend on besides the events: another one has everything derived anew."""
    clock = process.clock.stops if process.clock else ()
    parts = [LAYOUT, duckdb.__version__, process.segments, process.ends, clock, process.columns.event]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Generations:
    """The derived tables in a folder."""

    folder: Path

    def read(self) -> State | None:
        """The state that counts; None where there is none that can be read, or a file that it names is gone or cut off."""
        try:
            state = _STATE.validate_json((self.folder / "state.json").read_bytes())
            whole = all(_whole(self.folder / name, size) for name, size in self.files(state).items())
        except (OSError, ValidationError):
            return None
        return state if whole else None

    def place(self, number: int) -> Path:
        return self.folder / f"{number:06}"

    def files(self, state: State) -> dict[str, int]:
        """Every file that a state needs, relative to the folder, with its size."""
        newest = state.generations[-1]
        return {
            f"{generation.number:06}/{name}": size
            for generation in state.generations
            for name, size in generation.files.items()
            if generation is newest or table_of(name) not in WHOLE
        }

    def sql(self, generation: Generation, table: str) -> str:
        """SQL that reads a table of one generation."""
        return parquet(*(self.place(generation.number) / name for name in generation.of(table)))

    def begin(self) -> Path:
        """Make room for a new generation, and clear away what an interrupted one left."""
        state = self.read()
        last = state.generations[-1].number if state else 0
        for path in self.folder.glob("[0-9]*"):
            if int(path.name) > last or state is None:
                shutil.rmtree(path)
        place = self.place(last + 1)
        place.mkdir(parents=True)
        return place

    def finish(self, place: Path, steps: int) -> Generation:
        """What a folder holds."""
        return Generation(
            int(place.name), steps, {path.name: path.stat().st_size for path in sorted(place.glob("*.parquet"))}
        )

    def commit(self, state: State) -> None:
        """Let a state count, and clear away what no longer does."""
        needed = {self.folder / name for name in self.files(state)}
        for folder in {path.parent for path in needed} | {self.folder}:  # the files were when they were written
            durable.sync(folder)
        durable.write(self.folder / "state.json", _STATE.dump_json(state, indent=1))
        for path in self.folder.glob("[0-9]*/*"):
            if path not in needed:
                path.unlink()
        for place in self.folder.glob("[0-9]*"):
            if not any(place.iterdir()):
                place.rmdir()

    def link(self, state: State, into: Path) -> None:
        """A snapshot of a state in another folder, which later nights do not disturb: hard links, copies where there are none."""
        shutil.rmtree(into, ignore_errors=True)  # not written over: what lies there may be a link into the store
        for name in self.files(state):
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(self.folder / name, target)
            except OSError:
                shutil.copyfile(self.folder / name, target)
        (into / "state.json").write_bytes(_STATE.dump_json(state, indent=1))

    def live(self, generations: Sequence[Generation], table: str) -> str:
        """SQL of the rows of `steps`, `cases` or `sample` that count: a case counts in the newest generation that has it."""
        parts = [] if table == "cases" else [f"select {_MAY_LACK} where false"]
        for place, generation in enumerate(generations):
            newer = " union all ".join(f'select "case" from {self.sql(g, "cases")}' for g in generations[place + 1 :])
            gone = f' anti join ({newer}) using ("case")' if newer else ""
            # The sample of a generation that came before the log grew large is the whole of it.
            source = table if generation.of(table) else "steps"
            parts.append(f"select * from {self.sql(generation, source)}{gone}")
        return " union all by name ".join(parts)

    def variants(self, generations: Sequence[Generation]) -> str:
        """SQL of all variants."""
        return " union all by name ".join(f"from {self.sql(generation, 'variants')}" for generation in generations)


def to_merge(generations: Sequence[Generation]) -> int | None:
    """From which place on generations are merged: from the first that is at most twice as large as all newer ones.

    Sizes then at least double from one generation to the one before, and a row is written again a few times at most.
    """
    for place in range(len(generations) - 1):
        if generations[place].steps <= 2 * sum(newer.steps for newer in generations[place + 1 :]):
            return place
    return None


def _whole(path: Path, size: int) -> bool:
    """Whether a Parquet file has its size and its end, where it says what lies in it."""
    with path.open("rb") as handle:
        handle.seek(-min(4, size), os.SEEK_END)
        return handle.read() == b"PAR1" and handle.tell() == size
