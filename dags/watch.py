"""The dead man's check: once an hour, is there a process without the night that it should have by now? Its owner is told.

It is a DAG of its own, because a night that does not run cannot tell so. What it cannot see is that Airflow itself stands
still: `headrace watch` from another machine's cron can.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable, task

FOLDER = Path(os.environ.get("HEADRACE_PROCESSES") or Path(__file__).resolve().parents[1] / "processes")


@task
def watch(**_context: object) -> list[str]:
    """The nights that are overdue, as `process 2026-11-20`; a process file with a mistake is told by `dags/mistakes.py`."""
    from mining.dead_man import watch as overdue  # noqa: PLC0415 - brings SQLAlchemy and Apprise
    from mining.errors import InputError  # noqa: PLC0415
    from mining.home import Home  # noqa: PLC0415
    from mining.process_file import load  # noqa: PLC0415

    processes = []
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            processes.append(load(path))
        except InputError:
            continue
    return [f"{one.process} {one.night}" for one in overdue(processes, Home.at(), datetime.now(UTC))]


with DAG(
    dag_id="headrace.watch",
    dag_display_name="Headrace: are all nights there?",
    description="Tells the owner of a process whose last night is missing",
    schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["headrace"],
    default_args={"owner": "headrace", "retries": 1},
) as dag:
    watch()
