"""`make airflow`: Airflow for one's own processes (HEADRACE_PROCESSES, else processes/), until Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from local_airflow import CHECKOUT, USER, AirflowError, LocalAirflow, interrupt_on_termination
from rich.console import Console

from mining.home import Home

console = Console()


def main() -> int:
    interrupt_on_termination()
    processes = Path(os.environ.get("HEADRACE_PROCESSES") or CHECKOUT / "processes").resolve()
    environment = {"HEADRACE_PROCESSES": str(processes), "HEADRACE_HOME": str(Home.at().root)}
    try:
        with LocalAirflow(CHECKOUT / ".airflow" / "own", environment) as airflow:
            console.print(f"Airflow   {airflow.address}   user {USER}, password {airflow.password}")
            console.print(f"Pages     {airflow.address}/plugin/processes", highlight=False)
            console.print(f"It runs the processes of {processes}; nights are kept in {environment['HEADRACE_HOME']}.")
            console.print("Unpause a process there, or trigger a day of it. Ctrl-C stops Airflow.")
            while True:
                airflow.check_running()
                time.sleep(1)
    except KeyboardInterrupt:
        return 0
    except AirflowError as error:
        console.print(f"[red]{error}[/red]")
        return 1


if __name__ == "__main__":
    sys.exit(main())
