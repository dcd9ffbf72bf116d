"""What many tests need: literal logs turned into tables, and the real logs where they are at hand."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from mining.home import Home
from mining.process import Process
from mining.register import Register
from mining.store import Tables, derive

# Airflow reads these once, when anything imports it: a home of the tests' own, so that they leave nothing in the user's.
AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="headrace-airflow-"))
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)
os.environ |= {
    "AIRFLOW_HOME": str(AIRFLOW_HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).resolve().parents[1] / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
}

LOGS = Path(__file__).resolve().parents[2] / "shared" / "logs"
NIGHT_END = datetime(2024, 2, 1, tzinfo=UTC)
ORDERS_YAML = """
process: orders
title: Orders
source: {files: landing/*.csv}
columns: {case: order, activity: step, completed: at}
ends: [Ship]
"""
Event = tuple[Any, ...]  # case, activity, completed ("2024-01-01 09:00", UTC) [, started [, order [, resource]]]


def a_process(**keys: Any) -> Process:
    """A process that needs no file."""
    given = {
        "process": "orders",
        "title": "Orders",
        "source": {"files": "orders.csv"},
        "columns": {"case": "case", "activity": "activity", "completed": "time"},
        "timezone": "UTC",
    }
    return Process.model_validate({**given, **keys})


def write_batch(path: Path, events: Sequence[Event], segments: dict[str, dict[str, str]] | None = None) -> Path:
    """A batch as the gate leaves it; `segments`: name -> case -> value."""
    rows = [(*event, *(None,) * (6 - len(event))) for event in events]
    columns = "".join(f', "source.{name}" varchar' for name in segments or {})
    with duckdb.connect() as db:
        db.execute(
            f"""create table t (case_id varchar, activity varchar, completed timestamptz, started timestamptz,
            resource varchar, order_key double, file varchar, "row" bigint {columns})"""
        )
        for number, (case, activity, completed, started, order, resource) in enumerate(rows, 1):
            values = [by_case.get(case) for by_case in (segments or {}).values()]
            given = [case, activity, _utc(completed), _utc(started), resource, order, number, *values]
            marks = "?, ?, ?::timestamptz, ?::timestamptz, ?, ?, 'f', ?" + ", ?" * len(values)
            db.execute(f"insert into t values ({marks})", given)
        db.execute(f"copy t to '{path}' (format parquet)")
    return path


def _utc(text: str | None) -> str | None:
    return None if text is None else f"{text}+00"


@pytest.fixture
def mined(tmp_path: Path) -> Callable[..., Tables]:
    """Tables of a literal log as of `NIGHT_END`."""

    def mine(events: Sequence[Event], *, night_end: datetime = NIGHT_END, **keys: Any) -> Tables:
        folder = tmp_path / f"tables-{len(list(tmp_path.iterdir()))}"
        batch = write_batch(tmp_path / f"{folder.name}.parquet", events)
        derive(a_process(**keys), [batch], night_end, folder)
        return Tables(folder)

    return mine


@pytest.fixture(scope="session")
def logs() -> Path:
    """The folder of real logs; the test is skipped where it is absent."""
    if not LOGS.is_dir():
        pytest.skip(f"the real logs are not here ({LOGS}); tests on them need that folder")
    return LOGS


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own on a free port; as root it runs as another user, for it refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or on the PATH")
    pg_ctl = str(Path(initdb).with_name("pg_ctl"))
    folder = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
    run: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        run |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run([initdb, "-D", data, "-U", "miner", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True, **run)
    subprocess.run([pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"], check=True, **run)
    try:
        yield f"postgresql://miner@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([pg_ctl, "-D", data, "-w", "-m", "immediate", "stop"], check=True, **run)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """An empty register, on SQLite and on PostgreSQL."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as db:
            db.exec_driver_sql("drop schema public cascade; create schema public")
    opened = Register.open(Home(tmp_path / "home"), url)
    yield opened
    opened.engine.dispose()
