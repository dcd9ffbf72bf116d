"""The DAGs as Airflow reads them, and one night run by Airflow's own `dag.test()`."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import duckdb
import pytest

from mining.errors import GateError, InputError, StoreError
from mining.home import Home
from mining.process_file import load

pytestmark = pytest.mark.airflow

CHECKOUT = Path(__file__).parents[1]
STEPS = ["pull", "validate", "store", "discover", "bottlenecks", "regressions", "views", "publish", "alert"]
HEAVY = ("pandas", "numpy", "pyarrow", "duckdb", "ibis", "pm4py", "great_expectations")

EVENTS = """\
case,activity,at
a,Open,2026-11-19 09:00
a,Close,2026-11-19 10:00
b,Open,2026-11-19 11:00
b,Close,2026-11-20 09:30
c,Open,2026-11-21 08:00
"""

PROCESS = """\
process: {name}
title: Tiny
languages: [en]
owner: {{name: Nobody}}
source: {{files: landing/*.csv}}
columns: {{case: case, activity: activity, completed: at}}
timezone: Europe/Berlin
nightly_at: "03:30"
"""


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten good process files and one with a mistake."""
    folder = tmp_path_factory.mktemp("processes")
    for number in range(10):
        (folder / f"tiny{number}.yaml").write_text(PROCESS.format(name=f"tiny{number}"))
    (folder / "broken.yaml").write_text(PROCESS.format(name="broken") + "titel: Twice\n")
    os.environ |= {"HEADRACE_PROCESSES": str(folder), "HEADRACE_HOME": str(tmp_path_factory.mktemp("home"))}
    return folder


@pytest.fixture(scope="session")
def bag(processes: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - takes seconds
    from airflow.utils.db import initdb  # noqa: PLC0415

    initdb()
    return DagBag(CHECKOUT / "dags")


@pytest.fixture(scope="session")
def module(bag: Any) -> ModuleType:
    """The module of the DAGs, as Airflow loaded it."""
    return sys.modules[bag.dags["headrace_tiny0"].get_task("pull").python_callable.__module__]


def test_every_good_file_is_a_dag_and_the_broken_one_is_an_import_error_with_its_line(bag: Any) -> None:
    assert sorted(bag.dags) == ["headrace.watch", *(f"headrace_tiny{number}" for number in range(10))]
    ((file, error),) = bag.import_errors.items()
    assert Path(file).name == "mistakes.py"
    assert "broken.yaml:9: titel: 'Twice': there is no such key; did you mean `title`?" in error


def test_the_steps_follow_each_other(bag: Any) -> None:
    dag = bag.dags["headrace_tiny0"]
    upstream = {name: sorted(dag.get_task(name).upstream_task_ids) for name in dag.task_ids}
    assert upstream == {
        "pull": [],
        "validate": ["pull"],
        "store": ["validate"],
        "discover": ["store"],
        "bottlenecks": ["store"],
        "regressions": ["store"],
        "views": ["store"],
        "publish": ["bottlenecks", "discover", "regressions", "views"],
        "alert": ["publish"],
    }
    assert {dag.get_task(name).owner for name in STEPS} == {"Nobody"}
    assert dag.max_active_runs == 1
    assert not dag.catchup


@pytest.mark.parametrize(
    ("run_at", "key"),
    [
        (datetime(2026, 11, 21, 2, 30, tzinfo=UTC), "2026-11-20"),  # 03:30 in winter
        (datetime(2026, 7, 2, 1, 30, tzinfo=UTC), "2026-07-01"),  # 03:30 in summer
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "2026-03-28"),  # the night that loses an hour
    ],
)
def test_the_nightly_run_is_keyed_by_the_day_before(bag: Any, run_at: datetime, key: str) -> None:
    from airflow.serialization.decoders import decode_timetable  # noqa: PLC0415
    from airflow.serialization.encoders import encode_timetable  # noqa: PLC0415
    from airflow.timetables.base import TimeRestriction  # noqa: PLC0415
    from pendulum import instance  # noqa: PLC0415

    timetable = decode_timetable(encode_timetable(bag.dags["headrace_tiny0"].timetable))
    restriction = TimeRestriction(earliest=instance(run_at), latest=None, catchup=True)
    run = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert (run.run_after, run.partition_key) == (run_at, key)


@pytest.mark.parametrize(
    ("key", "asked", "day"),
    [
        ("2026-11-20", "2026-11-01", date(2026, 11, 20)),
        (None, "2026-11-01", date(2026, 11, 1)),
    ],
)
def test_the_day_is_the_key_else_the_one_asked_for(
    module: ModuleType, processes: Path, key: str | None, asked: str, day: date
) -> None:
    context = {"dag_run": SimpleNamespace(partition_key=key), "params": {"day": asked}}
    assert module.business_day(load(processes / "tiny0.yaml"), context) == day


def test_a_run_may_leave_the_views_out(module: ModuleType, processes: Path) -> None:
    """Nothing was pulled: any step that does something says so."""
    context = {"dag_run": SimpleNamespace(partition_key="2026-11-20"), "run_id": "none", "params": {"views": False}}
    assert module.step.function("tiny0", "views", **context) is None
    with pytest.raises(StoreError, match="Begin again with the step `pull`"):
        module.step.function("tiny0", "views", **{**context, "params": {"views": True}})


@pytest.mark.parametrize("error", [InputError("bad row"), GateError("gate closed")])
def test_what_would_fail_again_is_not_tried_again(bag: Any, error: Exception) -> None:
    task = bag.dags["headrace_tiny0"].get_task("validate")
    assert task.retries == 2
    assert task.retry_policy.evaluate(error, 1, 2).action.value == "fail"
    assert task.retry_policy.evaluate(ConnectionError("later perhaps"), 1, 2).action.value == "default"


def test_reading_the_dags_imports_nothing_heavy(processes: Path) -> None:
    """What Airflow itself has imported by then does not count."""
    code = f"""
import sys, airflow.sdk
before = set(sys.modules)
sys.path.insert(0, {str(CHECKOUT / "dags")!r})
import processes
print([name for name in {HEAVY!r} if name in set(sys.modules) - before])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_night_run_by_airflow_has_a_page_and_knows_nothing_of_the_day_after(bag: Any, processes: Path) -> None:
    (processes / "landing").mkdir()
    (processes / "landing" / "events.csv").write_text(EVENTS)
    dag = bag.dags["headrace_tiny0"]
    for task in dag.tasks:
        task.retries = 0  # a step that fails here must fail the test at once, not in some minutes
    assert dag.test(run_conf={"day": "2026-11-20"}).state == "success"
    night = Home.at().night("tiny0", date(2026, 11, 20))
    assert (night / "index.html").exists()
    assert duckdb.read_parquet(str(night / "**" / "cases.parquet")).shape[0] == 2


def test_a_night_that_fails_says_so_on_its_page(bag: Any, processes: Path) -> None:
    run = bag.dags["headrace_tiny1"].test(run_conf={"day": "2026-11-18"})
    assert run.state == "failed"
    assert "2026-11-18" in (Home.at().night("tiny1", date(2026, 11, 18)) / "index.html").read_text()


def test_somebody_else_looks_whether_nights_are_missing(bag: Any, processes: Path) -> None:
    from mining.dead_man import last_due  # noqa: PLC0415
    from mining.register import Register  # noqa: PLC0415

    Register.open(Home.at()).watched_since("tiny2", date(2026, 11, 1))  # all others from today on
    run = bag.dags["headrace.watch"].test()
    assert run.state == "success"
    (task,) = run.get_task_instances()
    due, _begin = last_due(load(processes / "tiny2.yaml"), datetime.now(UTC))
    late = task.xcom_pull(task_ids="watch")
    assert [one for one in late if not one.startswith(("tiny0", "tiny1"))] == [
        f"tiny2 {due}"
    ]  # those two have run before
