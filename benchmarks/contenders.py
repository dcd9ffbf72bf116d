"""Those who mine the same log, each in a process of its own: `python -m benchmarks.contenders NAME LOG FOLDER`.

Each writes FOLDER/NAME.json: the seconds of its stages and its answer, by which they are checked to say the same. Imports
are done before the first stage.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.answers import Answer, path_name
from benchmarks.machine import THREADS

COLUMNS = ["case_id", "activity", "completed"]


class Stages:
    """The seconds of each stage of one contender's work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


Contender = Callable[[Path, Path, Stages], Answer]  # the log, a folder to write to, the clock


def pm4py_on_pandas() -> Contender:
    import pandas as pd  # noqa: PLC0415 - imported in this contender's own process only
    import pm4py  # noqa: PLC0415

    def mine(log: Path, _folder: Path, stage: Stages) -> Answer:
        with stage("read"):
            frame = pd.read_parquet(log, columns=COLUMNS)
        return _pm4py(pm4py, frame, stage)

    return mine


def pm4py_on_polars() -> Contender:
    import pm4py  # noqa: PLC0415
    import polars as pl  # noqa: PLC0415 - an extra of the benchmarks

    def mine(log: Path, _folder: Path, stage: Stages) -> Answer:
        with stage("read"):
            frame = pl.read_parquet(log, columns=COLUMNS).lazy()
        return _pm4py(pm4py, frame, stage)

    return mine


def _pm4py(pm4py: Any, frame: Any, stage: Stages) -> Answer:
    """`format_dataframe` sorts by case and time; without it pm4py answers wrongly on interleaved cases and does not say so."""
    with stage("sort"):
        log = pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="completed")
        del frame
    with stage("graph"):
        pairs, starts, ends = pm4py.discover_dfg(log)
    with stage("waits"):
        waits, _starts, _ends = pm4py.discover_performance_dfg(log)
    with stage("variants"):
        variants = pm4py.get_variants(log)
    with stage("cases"):
        median_case_s = statistics.median(pm4py.get_all_case_durations(log))
    with stage("rework"):
        rework = pm4py.get_rework_cases_per_activity(log)
    return Answer(
        pairs={path_name(pair): int(count) for pair, count in pairs.items()},
        mean_wait_s={path_name(pair): float(wait["mean"]) for pair, wait in waits.items()},
        median_wait_s={path_name(pair): float(wait["median"]) for pair, wait in waits.items()},
        starts={name: int(count) for name, count in starts.items()},
        ends={name: int(count) for name, count in ends.items()},
        variants={path_name(path): int(count) for path, count in variants.items()},
        rework={name: int(count) for name, count in rework.items()},
        median_case_s=float(median_case_s),
    )


def duckdb_windows() -> Contender:
    """What one writes first: windows and groups over the file, nothing kept between two questions."""
    import duckdb  # noqa: PLC0415

    def mine(log: Path, folder: Path, stage: Stages) -> Answer:
        with duckdb.connect(config={"threads": THREADS, "temp_directory": str(folder / "spill")}) as db:
            db.execute(f"create view events as select {', '.join(COLUMNS)} from read_parquet('{log}')")
            with stage("graph"):
                moves = db.execute(_MOVES).fetchall()
                starts, ends = (
                    dict(db.execute(_AT_AN_END.format(end=end)).fetchall()) for end in ("arg_min", "arg_max")
                )
            with stage("variants"):
                variants = db.execute(_VARIANTS).fetchall()
            with stage("cases"):
                median_case_us = db.execute(_MEDIAN_CASE).fetchall()[0][0]
            with stage("rework"):
                rework = dict(db.execute(_REWORK).fetchall())
        return Answer(
            pairs={path_name(move[:2]): move[2] for move in moves},
            mean_wait_s={path_name(move[:2]): move[3] / 1e6 for move in moves},
            median_wait_s={path_name(move[:2]): move[4][0] / 1e6 for move in moves},
            starts=starts,
            ends=ends,
            variants={path_name(path): count for path, count in variants},
            rework=rework,
            median_case_s=median_case_us / 1e6,
        )

    return mine


_MOVES = """
    with moves as (
        select activity, epoch_us(completed) - epoch_us(lag(completed) over in_case) as wait_us,
            lag(activity) over in_case as after
        from events window in_case as (partition by case_id order by completed))
    select after, activity, count(*), avg(wait_us), quantile_cont(wait_us, [0.5, 0.9]) from moves
    where after is not null group by after, activity"""
_AT_AN_END = "select a, count(*) from (select {end}(activity, completed) as a from events group by case_id) group by a"
_VARIANTS = """
    select path, count(*) from (select list(activity order by completed) as path from events group by case_id) group by path"""
_MEDIAN_CASE = """
    select median(epoch_us(last) - epoch_us(first))
    from (select min(completed) as first, max(completed) as last from events group by case_id)"""
_REWORK = """
    select activity, count(*) from (select activity from events group by case_id, activity having count(*) > 1)
    group by activity"""


def bare_sort() -> Contender:
    """The limit: nobody who needs the cases together is quicker than sorting them together."""
    import duckdb  # noqa: PLC0415

    def mine(log: Path, folder: Path, stage: Stages) -> Answer:
        with duckdb.connect(config={"threads": THREADS, "temp_directory": str(folder / "spill")}) as db, stage("sort"):
            db.execute(
                f"""create table sorted as select case_id, activity, completed, resource from read_parquet('{log}')
                order by case_id, completed"""
            )
        return Answer()

    return mine


def headrace() -> Contender:
    from benchmarks.headrace import mine_all  # noqa: PLC0415

    return mine_all


def headrace_on_three_columns() -> Contender:
    from benchmarks.headrace import mine_three_columns  # noqa: PLC0415

    return mine_three_columns


def headrace_from_store() -> Contender:
    from benchmarks.headrace import mine_stored  # noqa: PLC0415

    return mine_stored


def headrace_night() -> Contender:
    from benchmarks.headrace import mine_night  # noqa: PLC0415

    return mine_night


CONTENDERS: dict[str, Callable[[], Contender]] = {
    "pm4py on pandas": pm4py_on_pandas,
    "pm4py on Polars": pm4py_on_polars,
    "DuckDB windows": duckdb_windows,
    "bare sort": bare_sort,
    "Headrace, three columns": headrace_on_three_columns,
    "Headrace": headrace,  # leaves the store that the next ones need
    "Headrace from the store": headrace_from_store,
    "Headrace night": headrace_night,
}


def main(name: str, log: Path, folder: Path) -> None:
    mine, stage = CONTENDERS[name](), Stages()
    answer = mine(log, folder, stage)
    told = {"stages": stage.seconds, "answer": answer.as_dict()}
    (folder / f"{name}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
