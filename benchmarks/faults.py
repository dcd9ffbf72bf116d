"""Kills at hundreds of points, and a table: how many runs were killed, and what was wrong afterwards.

python -m benchmarks.faults [--kills 400]: every change of a name or opening of a file for writing below the home, of each
scene, until the number is reached, and as many moments in between as make a third. Exit code 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from crashing import kill_points, nursery, scenes

OUT = Console(highlight=False)


def main() -> int:
    """Run the trials and print the table; 1 if anything was wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=400)
    kills = arguments.parse_args().kills
    with tempfile.TemporaryDirectory(prefix="headrace-faults-") as folder:
        return _tried(kills, Path(folder))


def _tried(kills: int, folder: Path) -> int:
    context, counts, wrong = nursery(), Counter[tuple[str, str]](), list[str]()
    staged = scenes(context, folder / "scenes")

    def trial(number: int, name: str, at: float) -> tuple[str, str, list[str]]:
        place = folder / str(number)
        found = staged[name].killed(context, place, at)
        shutil.rmtree(place)
        return name, "event" if isinstance(at, int) else "moment", [f"{name}, killed at {at}: {what}" for what in found]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        trials: list[Future[tuple[str, str, list[str]]]] = [
            pool.submit(trial, number, *point) for number, point in enumerate(kill_points(staged, kills))
        ]
        for done in track(trials, "Runs are killed …", console=Console(stderr=True)):
            name, kind, found = done.result()
            counts[name, kind] += 1
            wrong += found
    _print(counts, wrong)
    return 1 if wrong else 0


def _print(counts: Counter[tuple[str, str]], wrong: list[str]) -> None:
    table = Table("scene", "killed at events", "at moments", "wrong afterwards", title="Runs killed, and run again")
    for scene in sorted({name for name, _ in counts}):
        mistakes = sum(1 for what in wrong if what.startswith(f"{scene},"))
        table.add_row(scene, str(counts[scene, "event"]), str(counts[scene, "moment"]), str(mistakes))
    OUT.print(table)
    if wrong:
        OUT.print("\n".join(wrong))
    else:
        OUT.print("Every row of the source is in the store exactly once, and every page is as undisturbed.")


if __name__ == "__main__":
    sys.exit(main())
