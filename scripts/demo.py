"""`make demo`: the demo company's last nights, run by a real Airflow; the pages are served until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from local_airflow import CHECKOUT, USER, AirflowError, LocalAirflow, free_port, interrupt_on_termination
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mining.demo.stage import PROCESSES, Stage, last_days, today
from mining.errors import InputError
from mining.serve import server

SECONDS_PER_NIGHT = 300
ENDED = ("success", "failed")
console = Console()


@dataclass
class Run:
    """One night of one process, as Airflow knows it."""

    process: str
    day: date
    run_id: str
    state: str = "queued"

    @property
    def path(self) -> str:
        return f"dags/headrace_{self.process}/dagRuns/{self.run_id}"

    @property
    def title(self) -> str:
        return f"{self.process:<8} {self.day}"


def main() -> int:
    given = _arguments()
    interrupt_on_termination()
    stage = Stage.here()
    until = today()
    try:
        with console.status("The demo company works for nine months …"):
            stage.set_up(until)
        return play(stage, last_days(until, given.nights), stay=not given.exit)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130 if given.exit else 0
    except (AirflowError, InputError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=3, help="how many nights to run")
    parser.add_argument("--exit", action="store_true", help="leave when the nights have been run")
    return parser.parse_args()


def play(stage: Stage, days: list[date], *, stay: bool) -> int:
    """Run the days of both processes; 0 if every run succeeded and every page is there."""
    starting = console.status("Airflow starts: api-server, scheduler, dag-processor, triggerer …")
    starting.start()
    with (
        LocalAirflow(CHECKOUT / ".airflow" / "demo", stage.environment, fresh=True) as airflow,
        pages(stage) as address,
    ):
        starting.stop()
        console.print(f"Airflow   {airflow.address}   user {USER}, password {airflow.password}", highlight=False)
        runs = trigger(airflow, days)
        follow(airflow, runs)
        good = judge(airflow, stage, runs)
        console.print(f"Pages     {airflow.address}/plugin/processes", highlight=False)
        console.print(f"          {address}   the same without Airflow", highlight=False)
        if stay:
            wait(airflow)
    return 0 if good else 1


@contextmanager
def pages(stage: Stage) -> Iterator[str]:
    """The nights' pages, served from this program."""
    stage.home.root.joinpath("nights").mkdir(parents=True, exist_ok=True)
    with server(stage.home.root / "nights", port=free_port(8765)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def trigger(airflow: LocalAirflow, days: list[date]) -> list[Run]:
    """One run per process and day, oldest first, keyed by the day; then the DAGs are unpaused. The newest have views."""
    runs = []
    for process in PROCESSES:
        dag = f"dags/headrace_{process}"
        airflow.wait_for_dag(f"headrace_{process}")
        for day in days:
            asked = {"logical_date": None, "partition_key": day.isoformat(), "conf": {"views": day == days[-1]}}
            run = airflow.call("POST", f"{dag}/dagRuns", json=asked)
            runs.append(Run(process, day, run["dag_run_id"]))
        airflow.call("PATCH", dag, json={"is_paused": False})
    return runs


def follow(airflow: LocalAirflow, runs: list[Run]) -> None:
    """Show each run's steps until all have ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    deadline = time.monotonic() + SECONDS_PER_NIGHT * len(runs)
    with Progress(*columns, console=console) as progress:
        bars = {run.run_id: progress.add_task(run.title, total=None, start=False) for run in runs}
        while waiting := [run for run in runs if run.state not in ENDED]:
            airflow.check_running()
            if time.monotonic() > deadline:
                raise AirflowError(f"{waiting[0].title} has not ended after {SECONDS_PER_NIGHT * len(runs)} s")
            for run in waiting:
                _update(airflow, run, progress, bars[run.run_id])
            time.sleep(2)


def _update(airflow: LocalAirflow, run: Run, progress: Progress, bar: Any) -> None:
    run.state = airflow.call("GET", run.path)["state"]
    if run.state == "queued":
        return
    steps = airflow.call("GET", f"{run.path}/taskInstances")["task_instances"]
    done = sum(step["state"] == "success" for step in steps)
    at_work = ", ".join(step["task_id"] for step in steps if step["state"] in ("running", "up_for_retry"))
    progress.start_task(bar)
    progress.update(bar, total=len(steps), completed=done, description=f"{run.title}  {at_work:<22}")
    if run.state in ENDED:
        progress.stop_task(bar)
        progress.console.print(f"{run.title}  {run.state}", highlight=False)


def judge(airflow: LocalAirflow, stage: Stage, runs: list[Run]) -> bool:
    """Say what went wrong, with the errors of the task's log; True if nothing did."""
    good = True
    for run in runs:
        if run.state != "success":
            good = False
            _show_failure(airflow, run)
        elif not stage.page(run.process, run.day).exists():
            good = False
            console.print(f"[red]{run.title}: there is no page {stage.page(run.process, run.day)}[/red]")
    return good


def _show_failure(airflow: LocalAirflow, run: Run) -> None:
    for step in airflow.call("GET", f"{run.path}/taskInstances")["task_instances"]:
        if step["state"] == "failed":
            console.print(f"[red]{run.title}: {step['task_id']} failed[/red]; its log says:")
            log = airflow.call("GET", f"{run.path}/taskInstances/{step['task_id']}/logs/{step['try_number']}")
            for line in log["content"]:
                if line.get("level") in ("error", "critical"):
                    detail = "; ".join(f"{e['exc_type']}: {e['exc_value']}" for e in line.get("error_detail") or ())
                    console.print(f"  {line['event']}  {detail}", markup=False, highlight=False, soft_wrap=True)


def wait(airflow: LocalAirflow) -> None:
    """Stay until Ctrl-C."""
    console.print("Look at the pages, or at the DAGs in Airflow. Ctrl-C stops both.")
    try:
        while True:
            airflow.check_running()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Airflow stops …")


if __name__ == "__main__":
    sys.exit(main())
