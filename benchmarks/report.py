"""Tables as they are printed and kept in RESULTS.md, and what a benchmark is asked for on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import description
from benchmarks.runs import ROOT, Run

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
CACHE = ROOT / ".cache" / "bench"
STAGES = ("read", "sort", "store", "graph", "waits", "variants", "cases", "rework", "bottlenecks")
HEAD = """# What was measured

Each section is written by the command in its title, from one run of it. How to run them: "Benchmarks" in `CONTRIBUTING.md`.
"""


@dataclass(frozen=True)
class Asked:
    """Which sizes, where files are kept, and where the table goes; None where it is only printed."""

    sizes: tuple[int, ...]
    folder: Path
    results: Path | None

    @classmethod
    def of(cls, about: str, sizes: Sequence[int], given: Sequence[str] | None = None) -> Asked:
        """From the command line. Other sizes than the usual ones are not kept, unless a file is named."""
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument(
            "events", nargs="*", type=int, help=f"sizes of the logs; {' '.join(map(str, sizes))} if none"
        )
        parser.add_argument("--folder", type=Path, default=CACHE, help="where logs are kept, to be used again")
        parser.add_argument("--results", type=Path, help="the file whose section is written")
        told = parser.parse_args(given)
        usual = not told.events or tuple(told.events) == tuple(sizes)
        results = told.results or (RESULTS if usual else None)
        return cls(tuple(sorted(told.events or sizes)), told.folder.resolve(), results)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown: the first column to the left, numbers to the right, as wide as they need."""
    lines = [[*map(str, head)], *([*map(_told, row)] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    cells = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in [lines[0], ruler, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def stages(runs: Mapping[str, Run]) -> str:
    """The seconds of each stage that any of them has."""
    used = [stage for stage in STAGES if any(stage in run.stages for run in runs.values())]
    rows = [[name, *(run.stages.get(stage) for stage in used), run.wall_s - run.work_s] for name, run in runs.items()]
    return table(["seconds", *used, "start and end"], rows)


def _told(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def millions(events: int) -> str:
    return f"{events / 1e6:g} M"


def tell(command: str, title: str, parts: Sequence[str], asked: Asked) -> None:
    """Print a section, and keep it if it is to be kept."""
    section = "\n\n".join([f"## {title}: `make {command}`", f"{description()}.", *parts]) + "\n"
    print(section)
    if asked.results is None:
        print("Not kept in RESULTS.md: these are not the usual sizes.")
        return
    before = asked.results.read_text() if asked.results.exists() else HEAD
    asked.results.write_text(with_section(before, command, section))


def with_section(text: str, command: str, section: str) -> str:
    """The text with the section of a command replaced, or added at the end."""
    old = re.compile(rf"^## [^\n]*: `make {re.escape(command)}`\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if old.search(text):
        return old.sub(lambda _found: section + "\n", text).rstrip("\n") + "\n"
    return f"{text.rstrip()}\n\n{section}"
