"""Headrace as a contender: the one file of the benchmarks that knows how its store and its measures are called."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow.parquet import ParquetFile

from benchmarks.answers import Answer, path_name
from benchmarks.events import ENDS
from mining.bottlenecks import bottlenecks
from mining.discovery import directly_follows, kpis, rework, variants
from mining.process import Process
from mining.store import Load, Tables, advance

if TYPE_CHECKING:
    from benchmarks.contenders import Stages

STORE, NIGHT = "store", "night.parquet"
THREE_COLUMNS = {"case": "case_id", "activity": "activity", "completed": "completed"}
_ORDERS = {"process": "orders", "title": "Orders", "source": {"files": "orders.csv"}, "ends": ENDS}
PROCESS = Process.model_validate(
    _ORDERS | {"columns": THREE_COLUMNS | {"resource": "resource"}, "segments": ["region", "channel"]}
)


def mine_all(log: Path, folder: Path, stage: Stages) -> Answer:
    """From the batches to the store to all measures; the store stays in the folder. `NIGHT` there is the second batch."""
    shutil.rmtree(folder / STORE, ignore_errors=True)
    return mine_night(log, folder, stage)


def mine_three_columns(log: Path, folder: Path, stage: Stages) -> Answer:
    """The same of what the others read: nobody's names, no segments."""
    shutil.rmtree(folder / STORE, ignore_errors=True)
    return mine_night(log, folder, stage, Process.model_validate(_ORDERS | {"columns": THREE_COLUMNS}))


def mine_night(log: Path, folder: Path, stage: Stages, process: Process = PROCESS) -> Answer:
    """The same, with the store as it lies in the folder: only what is new goes in."""
    store, night = folder / STORE, folder / NIGHT
    batches = [log, night] if night.exists() else [log]
    shutil.rmtree(store / "tables", ignore_errors=True)
    with stage("store"):
        loads = [Load(path.stem, path, _last_us(path)) for path in batches]
        advance(process, loads, _after(loads), store / "derived", store / "tables")
    return mine_stored(log, folder, stage)


def mine_stored(_log: Path, folder: Path, stage: Stages) -> Answer:
    """All measures from the store that lies in the folder."""
    with stage("graph"):
        tables = Tables(folder / STORE / "tables")
        graph = directly_follows(tables)
    with stage("variants"):
        ways = variants(tables)
    with stage("cases"):
        kpis(tables, PROCESS, tables.night_end_us)
    with stage("rework"):
        repeated = rework(tables)
    with stage("bottlenecks"):
        bottlenecks(tables, graph)
    return Answer(
        pairs={path_name((flow.source, flow.target)): flow.n for flow in graph.flows},
        mean_wait_s={path_name((flow.source, flow.target)): flow.total_s / flow.n for flow in graph.flows},
        median_wait_s={path_name((flow.source, flow.target)): flow.median_s for flow in graph.flows},
        starts={at.name: at.starts for at in graph.activities if at.starts},
        ends={at.name: at.ends + at.open for at in graph.activities if at.ends + at.open},
        variants={path_name(way.activities): way.cases for way in ways},
        rework={again.activity: again.cases for again in repeated},
        median_case_s=_median_case_s(tables),
    )


def _last_us(batch: Path) -> int:
    """Completion of its last event, which the store keeps beside each batch; here the file's own statistics tell it."""
    file = ParquetFile(batch)
    column = file.schema_arrow.get_field_index("completed")
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    return max(int(group.column(column).statistics.max.timestamp() * 1_000_000) for group in groups)


def _after(loads: list[Load]) -> datetime:
    """Just after the last event: everything is visible."""
    return datetime.fromtimestamp(max(load.last_us or 0 for load in loads) / 1_000_000 + 1, UTC)


def _median_case_s(tables: Tables) -> float:
    """Of all cases, as the others have it; Headrace itself tells the cycle time of the finished ones."""
    cases = tables.cases
    return float(tables.rows(cases.aggregate(us=(cases.last_us - cases.first_us).quantile(0.5)))[0]["us"]) / 1e6
