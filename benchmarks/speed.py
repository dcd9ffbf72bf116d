"""Who mines a log how fast: `make bench-speed`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.answers import SAME_MEAN, SAME_MEDIAN, differences
from benchmarks.contenders import CONTENDERS
from benchmarks.machine import keep_to_threads
from benchmarks.report import Asked, millions, stages, table, tell
from benchmarks.runs import BenchmarkError, Run, provide, provide_three_columns, run

SIZES = (1_000_000, 10_000_000)
ROUNDS = 3
PM4PY, SORT, THREE = "pm4py on pandas", "bare sort", "Headrace, three columns"
NIGHT = "Headrace night"  # has a benchmark of its own
WHOLE_SECONDS = {"pm4py on Polars": 1.0}  # it cuts every wait to whole seconds
NOTES = f"""Each contender in a fresh process, {ROUNDS} times in turn; the quickest is shown, as whatever else the machine does
only adds. *Work* is without starting Python, imports and leaving. Ratios: how many times as long as the line pm4py on
pandas takes, and how many times the memory; how many bare sorts the line takes.
All give the same pairs, first and last activities, variants and rework (equal counts), mean waits (within {SAME_MEAN:g}) and
medians of waits and case durations (within {SAME_MEDIAN:.1%}); it was checked before this table was made.

- *pm4py on pandas* and *on Polars*: the three columns read, `format_dataframe` (which sorts; without it pm4py is silently wrong
  on interleaved cases), `discover_dfg`, `discover_performance_dfg`, `get_variants`, `get_all_case_durations`,
  `get_rework_cases_per_activity`. On Polars waits are cut to whole seconds (here: means and medians within one second).
- *DuckDB windows*: the queries one writes first. *Bare sort*: DuckDB sorts case, activity, time and resource by case and time.
- *Headrace*: from the batch to the store (resources and two segments too) to all measures, with quantiles, open cases and
  bottlenecks with their intervals, which the others do not have. *Three columns*: the same of the three that pm4py reads,
  from the batch of a source that has no others. *From the store*: the measures alone."""


def measure(log: Path) -> list[Run]:
    """Every contender on one log, that of three columns on a file that has no more.

    Raises:
        BenchmarkError: one failed, or they do not say the same.
    """
    with TemporaryDirectory(dir=log.parent) as folder:
        logs = {name: log for name in CONTENDERS if name != NIGHT} | {THREE: provide_three_columns(log)}
        rounds = [[run(name, logs[name], Path(folder)) for name in logs] for _ in range(ROUNDS)]
    for runs in rounds:
        check_equal(runs)
    return [min(runs, key=lambda run: run.work_s) for runs in zip(*rounds, strict=True)]


def check_equal(runs: list[Run]) -> None:
    """That all found what pm4py on pandas found."""
    reference = next(run for run in runs if run.name == PM4PY)
    wrong = [
        f"{one.name} and {PM4PY}: {line}"
        for one in runs
        for line in differences(one.answer, reference.answer, WHOLE_SECONDS.get(one.name, 0.0))
    ]
    if wrong:
        raise BenchmarkError("The contenders do not say the same:\n" + "\n".join(wrong))


def ratios(runs: list[Run]) -> str:
    by_name = {run.name: run for run in runs}
    pm4py, sort = by_name[PM4PY], by_name[SORT]
    head = ["", "wall s", "work s", "peak MB", "CPU s", "pm4py / it: wall", "work", "memory", "it / sort: wall", "work"]
    return table(
        head, [[run.name, *_took(run), run.cpu_s, *_quotients(pm4py, run), *_quotients(run, sort)[:2]] for run in runs]
    )


def _took(run: Run) -> list[float]:
    return [run.wall_s, run.work_s, run.peak_mb]


def _quotients(one: Run, other: Run) -> list[float]:
    return [left / right for left, right in zip(_took(one), _took(other), strict=True)]


def main() -> None:
    asked = Asked.of(__doc__ or "", SIZES)
    keep_to_threads()
    parts = [NOTES]
    for events in asked.sizes:
        print(f"{millions(events)} events", file=sys.stderr)
        runs = measure(provide(asked.folder, events))
        parts += [f"### {millions(events)} events", ratios(runs), stages({run.name: run for run in runs})]
    tell("bench-speed", "Speed", parts, asked)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"bench-speed: {error}")
