"""How time, memory and disk grow with the log: `make bench-scale`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import keep_to_threads
from benchmarks.report import Asked, millions, stages, table, tell
from benchmarks.runs import BenchmarkError, Run, megabytes, provide, run

SIZES = (1_000_000, 10_000_000, 100_000_000)
LINEAR_FROM = 10_000_000
NOTES = """The full build: from one batch to the store to all measures, in a fresh process. *Work* is without starting Python,
imports and leaving; the time per event is of that, and *linear* is the time per event over that of {base}. *Batch* and
*store* are on the disk, for a million events; the store's derived tables can be rebuilt from the batches."""


@dataclass(frozen=True)
class Built:
    """The full build of one log."""

    events: int
    run: Run
    batch_mb: float
    store_mb: float

    @property
    def us_per_event(self) -> float:
        return self.run.work_s * 1e6 / self.events


def measure(folder: Path, events: int) -> Built:
    log = provide(folder, events)
    with TemporaryDirectory(dir=folder) as place:
        build = run("Headrace", log, Path(place))
        return Built(events, build, megabytes(log), megabytes(Path(place) / "store"))


def sizes(built: list[Built]) -> str:
    base = _base(built)
    head = ["events", "wall s", "work s", "store s", "measures s", "µs per event", "linear ×", "peak MB"]
    return table([*head, "batch MB per M", "store MB per M"], [_row(one, base) for one in built])


def _base(built: list[Built]) -> Built:
    return next((one for one in built if one.events == LINEAR_FROM), built[0])


def _row(one: Built, base: Built) -> list[object]:
    build, store_s, million = one.run, one.run.stages["store"], one.events / 1e6
    took = [build.wall_s, build.work_s, store_s, build.work_s - store_s]
    growth = [one.us_per_event, one.us_per_event / base.us_per_event]
    return [millions(one.events), *took, *growth, build.peak_mb, one.batch_mb / million, one.store_mb / million]


def main() -> None:
    asked = Asked.of(__doc__ or "", SIZES)
    keep_to_threads()
    built = []
    for events in asked.sizes:
        print(f"{millions(events)} events", file=sys.stderr)
        built.append(measure(asked.folder, events))
    notes = NOTES.format(base=millions(_base(built).events))
    tell("bench-scale", "Scale", [notes, sizes(built), stages({millions(one.events): one.run for one in built})], asked)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"bench-scale: {error}")
