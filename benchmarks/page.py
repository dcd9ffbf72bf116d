"""How long a night's page takes once all is measured, and what it weighs: `make bench-page`.

`python -m benchmarks.page STEP PROCESS FOLDER` does one step in this process: Airflow, too, gives each a process of its own.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import keep_to_threads
from benchmarks.report import Asked, table, tell
from benchmarks.runs import ROOT
from mining.home import Home
from mining.night import STEPS, Night

UNTIL = date(2026, 11, 22)
DRAWN = ("views", "publish")
RUN = "benchmark"
NOTES = """The last night of the demo company's nine months. *Publish*: findings, maps at all settings, charts, the pages in
English and Chinese, the sheet as PDF, the downloads, and moving the night into place. *Views*: the same page for each large value
of each segment, which `publish` takes along; in Airflow that is a task beside others. *Work* is without starting Python and the
imports that come first; templates are compiled already, as on every night but the first. A page weighs what goes over the wire
with gzip, all its maps in it."""


@dataclass(frozen=True)
class Drawn:
    """One step in a process of its own."""

    wall_s: float  # from the start of the process to its end
    work_s: float
    cpu_s: float  # of all cores, whole process
    result: object


def night(process: str, folder: Path) -> Night:
    return Night.of(ROOT / "processes" / f"{process}.yaml", UNTIL - timedelta(days=1), Home(folder), run=RUN)


def do(step: str, process: str, folder: Path) -> Drawn:
    """The step in a fresh process."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.page", step, process, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - this very Python
        told = child.stdout.read() if child.stdout else ""
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"bench-page: {step} of {process} failed")
    found = json.loads(told.splitlines()[-1])
    return Drawn(time.perf_counter() - begun, found["work_s"], used.ru_utime + used.ru_stime, found["result"])


def draw(process: str, folder: Path) -> list[list[object]]:
    """Rows of the table: views, then the page."""
    before = night(process, folder)
    for step in STEPS[: STEPS.index(DRAWN[0])]:
        before.do(step)
    drawn = {step: do(step, process, folder) for step in DRAWN}
    pages = {path.stem: path for path in (Home(folder).night(process, UNTIL - timedelta(days=1))).glob("index*.html")}
    weights = [len(gzip.compress(pages[name].read_bytes())) / 1000 for name in sorted(pages)]
    steps = len(before.tables.names)
    return [
        [f"{process}, publish", steps, *_took(drawn["publish"]), *weights],
        [f"{process}, {drawn['views'].result} views", steps, *_took(drawn["views"])],
    ]


def _took(one: Drawn) -> list[float]:
    return [one.wall_s, one.work_s, one.cpu_s]


def main() -> None:
    from mining.demo.landing import build  # noqa: PLC0415 - not where one step is timed
    from mining.demo.stage import PROCESSES  # noqa: PLC0415

    asked = Asked.of(__doc__ or "", ())
    keep_to_threads()
    rows = []
    with TemporaryDirectory() as place:
        folder = Path(place)
        build(folder, UNTIL)
        os.environ |= {"AIRFLOW_CONN_SHOP": f"sqlite:///{folder / 'shop.db'}", "HEADRACE_HOME": place}
        for process in PROCESSES:
            rows += draw(process, folder)
    head = ["", "activities", "wall s", "work s", "CPU s", "English, kB gzipped", "Chinese, kB gzipped"]
    filled = [[*row, *[None] * (len(head) - len(row))] for row in rows]
    tell("bench-page", "Page", [NOTES, table(head, filled)], asked)


def one_step(step: str, process: str, folder: Path) -> None:
    doing = night(process, folder)
    begun = time.perf_counter()
    result = doing.do(step)
    print(json.dumps({"work_s": time.perf_counter() - begun, "result": result}))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in DRAWN:
        one_step(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        main()
