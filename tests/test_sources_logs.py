"""Real logs as their publishers ship them: what is published about them must come out."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from mining.process import Process
from mining.sources import pull

LOGS = Path(__file__).parents[2] / "shared" / "logs"
XES = {
    "case": "concept:name",
    "activity": "concept:name",
    "completed": "time:timestamp",
    "resource": "org:resource",
}
PARQUET = {"case": "case_id", "activity": "activity", "completed": "timestamp", "order": "event_idx"}
TIMED = PARQUET | {"started": "start_timestamp"}

pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason=f"the real logs are not at {LOGS}")


def read(name: str, into: Path, columns: dict[str, str], what: str, **changes: Any) -> tuple[int, tuple[Any, ...]]:
    """Rows that the source holds, and the answer to `what` on the events made of them."""
    source = {"process": "p", "title": "P", "source": {"files": str(LOGS / name)}, "columns": columns}
    source["resources"] = "shown"
    found = pull(Process.model_validate(source | changes), into)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        answer = connection.execute(f"SELECT {what} FROM read_parquet(?)", [str(found.path)]).fetchall()
    return found.inputs[0].rows, answer[0]


SIZE = "count(*), count(DISTINCT case_id), count(DISTINCT activity), count(completed), count(started)"


@pytest.mark.parametrize(
    ("name", "columns", "size"),
    [
        ("uci_servicenow_incidents.parquet", PARQUET, (141_712, 24_918, 9, 141_712, 0)),
        ("bpic2013_incidents.parquet", PARQUET, (65_533, 7_554, 4, 65_533, 0)),
        ("sap_o2c_completed.parquet", PARQUET, (369_926, 66_299, 28, 369_926, 0)),
        ("purchasing_example.parquet", TIMED, (9_119, 608, 21, 9_119, 9_119)),
        ("receipt.parquet", PARQUET, (8_577, 1_434, 27, 8_577, 0)),
        ("production.parquet", TIMED, (4_543, 225, 55, 4_543, 4_543)),
        ("running_example.parquet", PARQUET, (42, 6, 8, 42, 0)),
        ("original/BPI_Challenge_2013_incidents.xes.gz", XES, (65_533, 7_554, 4, 65_533, 0)),
        ("original/receipt.xes.gz", XES, (8_577, 1_434, 27, 8_577, 0)),
        ("original/running-example.xes.gz", XES, (42, 6, 8, 42, 0)),
    ],
)
def test_published_sizes(name: str, columns: dict[str, str], size: tuple[int, ...], tmp_path: Path) -> None:
    assert read(name, tmp_path, columns, SIZE) == (size[0], size)


def test_bpi_2012_life_cycle(tmp_path: Path) -> None:
    """262,200 events: 164,506 completions, 71,376 starts, 26,318 schedules; all accounted for."""
    alone = "count(*) FILTER (lower(\"source.lifecycle:transition\") = '{}')".format
    put_together = 'count("source.start:time:timestamp"), count("source.schedule:time:timestamp")'
    what = f"count(DISTINCT case_id), {alone('complete')}, {alone('start')}, {alone('schedule')}, {put_together}"
    raw, found = read("original/BPI_Challenge_2012.xes.gz", tmp_path, XES, f"{what}, count(started), count(*)")
    cases, completions, starts, schedules, started, scheduled, with_start, events = found
    assert (raw, cases, completions) == (262_200, 13_087, 164_506)
    assert (started + starts, with_start) == (71_376, started)
    assert (schedules, scheduled) == (71, 26_318 - 71)
    assert completions + starts + schedules == events


def test_servicenow_as_published(tmp_path: Path) -> None:
    """Zipped CSV, day first, `?` for missing, wall clock without a zone."""
    columns = {"case": "number", "activity": "incident_state", "completed": "sys_updated_at", "resource": "assigned_to"}
    what = f"{SIZE}, count(*) FILTER (activity = '-100'), count(*) FILTER (resource = '?'), min(completed)::VARCHAR"
    raw, found = read(
        "original/uci_incident_event_log.csv.zip",
        tmp_path,
        columns,
        what,
        timezone="UTC",
        times={"format": "day-first"},
    )
    assert (raw, found) == (141_712, (141_712, 24_918, 9, 141_712, 0, 5, 0, "2016-02-29 01:23:00+00"))


def test_purchasing_example_keeps_its_offsets(tmp_path: Path) -> None:
    columns = {"case": "case_id", "activity": "activity", "completed": "end_time", "started": "start_time"}
    what = f"{SIZE}, bool_and(started <= completed), max(completed) FILTER (row = 1)::VARCHAR"
    raw, found = read("original/PurchasingExample.csv.gz", tmp_path, columns, what)
    assert (raw, found) == (9_119, (9_119, 608, 21, 9_119, 9_119, True, "2011-01-01 10:45:00+00"))


def test_original_and_prepared_log_say_the_same(tmp_path: Path) -> None:
    """Two ways to the same events: the XES of the publisher, and the Parquet file made of it by others."""
    what = "count(DISTINCT completed), min(completed), max(completed), sum(epoch_us(completed) // 1000)"
    _, of_xes = read("original/receipt.xes.gz", tmp_path / "xes", XES, what)
    _, of_parquet = read("receipt.parquet", tmp_path / "parquet", PARQUET, what)
    assert of_xes == of_parquet
