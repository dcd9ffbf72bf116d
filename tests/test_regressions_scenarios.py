"""Simulated logs with one planted, dated change or none: what is told, when, and of which step."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mining.calendar import wall_clock
from mining.exposure import Exposure, clock_of
from mining.findings import Turn, Verdict
from mining.process import Process
from mining.regressions import Told, nights_played
from mining.store import Tables, derive
from mining.visits import Visits

SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.parquet"))
NIGHTS = 28  # within which a change is to be told, from the day on which it is fully there
DUE = 0.05  # of the mean cycle time: what adds less need not be told
MEANT = {
    "mix": {Verdict.MIX_SHIFT},
    "route": {Verdict.MORE_REWORK},
    "capacity": {Verdict.SLOWER_STEP, Verdict.CONGESTION},
}

pytestmark = pytest.mark.skipif(
    not NAMES, reason=f"the simulated logs are not here ({SCENARIOS}); these tests need them"
)


@cache
def truth(name: str) -> dict[str, Any]:
    return dict(json.loads((SCENARIOS / f"{name}.truth.json").read_text()))


def process_of(name: str) -> Process:
    source = f"'{SCENARIOS / name}.parquet'"
    columns = [row[0] for row in duckdb.sql(f"describe from {source}").fetchall()]
    given = {"case": "case_id", "activity": "activity", "completed": "timestamp", "started": "start_timestamp"}
    return Process.model_validate(
        {
            "process": truth(name)["process"],
            "title": name,
            "source": {"files": f"{name}.parquet"},
            "columns": {**given, "resource": "resource"},
            "segments": [column for column in columns if column not in {*given.values(), "resource"}],
            "ends": truth(name)["ends"],
            "timezone": "UTC",
        }
    )


def tables_of(name: str, process: Process, folder: Path) -> Tables:
    segments = "".join(f', {segment} as "source.{segment}"' for segment in process.segments)
    duckdb.sql(
        f"""copy (select case_id, activity, timestamp as completed, start_timestamp as started, resource,
            null::double as order_key, 'f' as file, row_number() over () as row {segments}
        from '{SCENARIOS / name}.parquet') to '{folder / "batch.parquet"}' (format parquet)"""
    )
    end = datetime.combine(first_day(name) + timedelta(days=truth(name)["days"]), datetime.min.time(), UTC)
    derive(process, [folder / "batch.parquet"], end, folder / "tables")
    return Tables(folder / "tables")


def first_day(name: str) -> date:
    return date.fromisoformat(truth(name)["first_day"])


def told(name: str, folder: Path) -> tuple[Told, ...]:
    """Every night up to five weeks after the change was fully there, or of the whole log."""
    process = process_of(name)
    visits = Visits.of(tables_of(name, process, folder), process)
    working, wall = (Exposure.of(visits, clock, process.zone) for clock in (clock_of(process, visits), wall_clock()))
    change = planted(name)
    last = working.days if change is None else min(working.days, deadline(name) + 8)
    return nights_played(working, range(last), process.process, wall)


def planted(name: str) -> int | None:
    """The day of the log on which something began to change."""
    on = truth(name).get("changed_on")
    return (date.fromisoformat(on) - first_day(name)).days if on else None


def deadline(name: str) -> int:
    return (planted(name) or 0) + int(truth(name)["gradual_days"]) + NIGHTS


@pytest.mark.parametrize("name", NAMES)
def test_what_was_planted_is_told_and_nothing_else(name: str, tmp_path: Path) -> None:
    nights = told(name, tmp_path)
    opened = [(night, alert) for night, one in enumerate(nights) for alert in one.alerts if alert.event == Turn.OPENED]
    better = [(night, found) for night, one in enumerate(nights) for found in one.improvements]
    change, kind, effect = planted(name), truth(name)["kind"], truth(name).get("true_effect", 0.0)
    assert [alert for night, alert in opened if change is None or night < change] == []
    if effect >= DUE:
        assert opened, "nothing was told"
        night, alert = opened[0]
        assert night <= deadline(name)
        assert alert.verdict in MEANT.get(kind, {Verdict.SLOWER_STEP})
        steps = truth(name).get("steps_of_pool") or [truth(name)["step"]]
        assert alert.step in steps
        if truth(name)["segment"]:
            segment, value = truth(name)["segment"]
            assert alert.segment == {segment: value}
    if effect < 0 or truth(name).get("until"):
        assert not nights[-1].alerts, "an improvement, or what is long over, is still told"
    assert [found for night, found in better if change is None or night < change] == []
    if effect <= -DUE:
        night, found = better[0]
        assert night <= deadline(name)
        assert (found.step, found.change < 0) == (truth(name)["step"], True)
