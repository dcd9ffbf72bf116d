"""The demo without Airflow: the same nights, one after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mining.demo.stage import PROCESSES, Stage
from mining.night import Night


@dataclass(frozen=True)
class Played:
    """A night that was mined, and its page."""

    process: str
    day: date
    page: Path


def play(stage: Stage, days: list[date]) -> Iterator[Played]:
    """Run the days of both processes, oldest first, on a stage that is set up; yields each night when it is done."""
    for day in days:
        for process in PROCESSES:
            page = Night.of(stage.process_file(process), day, stage.home).run()
            yield Played(process, day, Path(page))
