"""One DAG per process file: a night, keyed by the business day it is about.

The files are those of the folder HEADRACE_PROCESSES, else `processes/` beside this folder. A file with a mistake in it
makes no DAG here and stops no other; `dags/mistakes.py` shows it among Airflow's import errors.
Nothing heavy is imported while Airflow reads this file: the work is in `mining.night`, imported by the tasks.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronPartitionTimetable, Param, get_parsing_context, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from mining.errors import GateError, InputError
from mining.home import Home
from mining.process import Process
from mining.process_file import load

if TYPE_CHECKING:
    from mining.night import Night

FOLDER = Path(os.environ.get("HEADRACE_PROCESSES") or Path(__file__).resolve().parents[1] / "processes")
LOG = logging.getLogger("headrace")
# At its import Great Expectations says two hundred times what it does not document: no reader of a task's log needs it.
logging.getLogger("great_expectations._docs_decorators").setLevel(logging.WARNING)

STEPS = {
    "pull": "Brings what is new at the source.",
    "validate": "The gate: sets bad rows aside; stops the night if the data must not be mined.",
    "store": "Adds the good rows to the store and derives steps and cases.",
    "discover": "The graph, the variants and the model.",
    "bottlenecks": "Where the time goes.",
    "regressions": "What got slower, and why.",
    "views": "The page once more for each large segment, where this is the newest night.",
    "publish": "Writes map, pages and tables, and moves the night into place.",
    "alert": "Tells the owner what is new, once.",
}
DAY = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Business day",
    description="The day to mine, if the run has no partition key. Empty: yesterday.",
)
VIEWS = Param(
    True,
    type="boolean",
    title="Views",
    description="Draw the page once more for each large segment. Many days in a row are quicker without: the newest keeps them.",
)
NO_USE_IN_TRYING_AGAIN = RetryRule(
    exception=[InputError, GateError], action=RetryAction.FAIL, reason="the same data would fail again"
)


def business_day(process: Process, context: Mapping[str, Any]) -> date:
    """The day a run is about: its partition key, else the day asked for by hand, else yesterday."""
    asked = context["dag_run"].partition_key or context["params"].get("day")
    if asked:
        return date.fromisoformat(asked)
    return datetime.now(process.zone).date() - timedelta(days=1)


def night_of(name: str, context: Mapping[str, Any]) -> Night:
    """The night that a task run works on."""
    from mining.night import Night  # noqa: PLC0415 - brings pandas, pm4py and Great Expectations

    path = FOLDER / f"{name}.yaml"
    return Night.of(path, business_day(load(path), context), Home.at(), run=context["run_id"])


@task
def step(name: str, doing: str, **context: Any) -> str | int | None:
    """One step of one night; a small result, such as a count or a path, is shown as the task's XCom."""
    if doing == "views" and not context["params"].get("views", True):
        return None
    return night_of(name, context).do(doing)


def tell_of_failure(context: Mapping[str, Any]) -> None:
    """After the last try: one structured line in the log, and a page that says why there is no new night."""
    instance, error = context["task_instance"], context.get("exception")
    told = {"event": "night failed", "dag": instance.dag_id, "task": instance.task_id, "run": instance.run_id}
    LOG.error(json.dumps({**told, "error": type(error).__name__, "message": str(error)}))
    night_of(instance.dag_id.removeprefix("headrace_"), context).fail(instance.task_id, str(error))


def make(process: Process) -> DAG:
    """The DAG of one process."""
    hour, minute = process.nightly_at.split(":")
    with DAG(
        dag_id=f"headrace_{process.process}",
        dag_display_name=process.title,
        description=f"{process.title}: one business day, mined",
        doc_md=about(process),
        schedule=CronPartitionTimetable(
            f"{int(minute)} {int(hour)} * * *",
            timezone=str(process.zone),
            run_offset=-1,
            key_format="%Y-%m-%d",
            run_immediately=timedelta(minutes=30),
        ),
        catchup=False,
        max_active_runs=1,
        params={"day": DAY, "views": VIEWS},
        tags=["headrace", process.process],
        default_args={
            "owner": process.owner.name if process.owner else "headrace",
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=30),
            "retry_policy": ExceptionRetryPolicy([NO_USE_IN_TRYING_AGAIN]),
            "on_failure_callback": tell_of_failure,
        },
    ) as dag:
        tasks = {
            doing: step.override(task_id=doing, doc_md=about_step)(process.process, doing)
            for doing, about_step in STEPS.items()
        }
        mined = [tasks["discover"], tasks["bottlenecks"], tasks["regressions"], tasks["views"]]
        tasks["pull"] >> tasks["validate"] >> tasks["store"] >> mined >> tasks["publish"] >> tasks["alert"]
    return dag


def about(process: Process) -> str:
    """What the DAG's page in Airflow says."""
    steps = "\n".join(f"- **{name}**: {text}" for name, text in STEPS.items())
    return f"""### {process.title}
Mines one business day of `{process.process}`, every night at {process.nightly_at} ({process.zone}).
The partition key is the day, as in `2026-11-20`; trigger or backfill any past day again, the result is the same.

{steps}

Bad input and a closed gate are not tried again; anything else is, twice. The last good night stays readable.
"""


only = get_parsing_context().dag_id
for path in sorted(FOLDER.glob("*.yaml")):
    if only and only != f"headrace_{path.stem}":
        continue
    try:
        process = load(path)
    except InputError as mistake:
        LOG.error("%s", mistake)
        continue
    globals()[f"headrace_{process.process}"] = make(process)
