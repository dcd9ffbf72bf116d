"""The machine, in the words of the table's head, and how many of its cores everybody may use."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

THREADS = int(os.environ.get("THREADS", "2"))
PACKAGES = ("duckdb", "pm4py", "pandas", "polars", "pyarrow", "numpy", "ibis-framework")


def keep_to_threads() -> None:
    """Give this process and all that it starts the first THREADS cores, so that nobody's default is more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)


def description() -> str:
    memory_gb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    python = f"Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores ({THREADS} used), {memory_gb:.0f} GB of memory, "
        f"{platform.system()}; {', '.join([python, *_versions()])}"
    )


def _processor() -> str:
    if sys.platform == "linux":
        with open("/proc/cpuinfo") as told:
            for line in told:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found
