"""A replay tells what its nights would have told, each knowing only its past; nothing else happens."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_samples import an_alert, resolved, updated
from typer.testing import CliRunner

from benchmarks.worlds import ACTIVITIES, APPROVE, STEPS, Change, World
from mining.cli import app
from mining.errors import InputError
from mining.home import Home
from mining.process import Process
from mining.process_file import load
from mining.replay import worth_a_line
from mining.store import Tables, derive
from mining.watching import played, watch

MONDAY, CHANGED = date(2024, 1, 1), 140
LAST = MONDAY + timedelta(days=179)
FIELDS = ["process", "alert", "event", "night", "verdict", "step", "after", "segment", "since", "change", "interval"]
FIELDS += ["share_of_cycle_time", "text"]
YAML = f"""
process: orders
title: Orders
source: {{files: world.parquet}}
columns: {{case: case_id, activity: activity, completed: timestamp}}
segments: [segment]
ends: [{ACTIVITIES[-1]}]
timezone: UTC
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A process of which one step takes twice as long from day 140 on, and its replay from day 100 on."""
    folder = tmp_path_factory.mktemp("replay")
    World(seed=12, days=180, noise=0.05, changes=(Change("slow", day=CHANGED, size=2.0, step=APPROVE),)).log().write(
        folder / "world.parquet"
    )
    (folder / "orders.yaml").write_text(YAML)
    return folder


def run(place: Path, first: date, last: date, to: Path) -> Any:
    given = ["replay", str(place / "orders.yaml"), "--from", str(first), "--to", str(last), "--alerts", str(to)]
    return CliRunner().invoke(app, [*given, "--home", str(place / "home")], catch_exceptions=True)


@pytest.fixture(scope="module")
def lines(place: Path) -> list[dict[str, Any]]:
    to = place / "alerts.jsonl"
    result = run(place, MONDAY + timedelta(days=100), LAST, to)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in to.read_text().splitlines()]


def test_the_slower_step_is_told_within_two_weeks_and_nothing_before(lines: list[dict[str, Any]]) -> None:
    first = lines[0]
    assert list(first) == FIELDS
    assert (first["process"], first["event"], first["verdict"]) == ("orders", "opened", "slower_step")
    assert (first["after"], first["step"]) == (STEPS[APPROVE - 1], STEPS[APPROVE])
    assert CHANGED <= (date.fromisoformat(first["night"]) - MONDAY).days <= CHANGED + 14
    assert abs((date.fromisoformat(first["since"]) - MONDAY).days - CHANGED) <= 3
    assert first["interval"][0] <= first["change"] <= first["interval"][1]
    assert [line["event"] for line in lines].count("opened") == 1


def test_nothing_is_published_registered_or_sent(place: Path, lines: list[dict[str, Any]]) -> None:
    home = Home(place / "home")
    assert lines
    assert not home.all_nights.exists()
    assert not list(home.root.glob("register*"))
    assert not any((home.root / "work").rglob("*.json"))


def test_a_night_alone_tells_what_the_replay_said_of_it(
    place: Path, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert lines
    process = load(place / "orders.yaml")
    [batch] = Home(place / "home").batches("orders").glob("*.parquet")
    whole = tables(process, batch, LAST, tmp_path)
    told = dict(played(process, whole, MONDAY + timedelta(days=CHANGED - 5), LAST))
    opened = next(day for day, alerts in told.items() if alerts)
    for night in (opened - timedelta(days=1), opened, opened + timedelta(days=3)):
        found = watch(process, tables(process, batch, night, tmp_path), night)
        assert found.turns == told[night]
        assert (len(found.open), found.opened_in_a_year) == ((0, 0) if night < opened else (1, 1))


def tables(process: Process, batch: Path, night: date, folder: Path) -> Tables:
    """As of the end of a night."""
    into = folder / str(night)
    derive(process, [batch], datetime.combine(night + timedelta(days=1), datetime.min.time(), UTC), into)
    return Tables(into)


def test_mistakes_are_told(place: Path, lines: list[dict[str, Any]]) -> None:
    assert lines
    wrong = run(place, LAST, MONDAY, place / "x.jsonl")
    assert isinstance(wrong.exception, InputError)
    assert str(wrong.exception) == "--from 2024-06-28 is after --to 2024-01-01"
    nowhere = run(place, MONDAY, LAST, place / "nowhere/x.jsonl")
    assert isinstance(nowhere.exception, InputError)
    assert "there is no folder" in str(nowhere.exception)


def test_only_turns_that_say_something_new_get_a_line() -> None:
    first = an_alert(change=0.2)
    turns = [first, updated(first, "2024-07-14", change=0.22), updated(first, "2024-07-15", change=0.4)]
    turns.append(resolved(turns[2], "2024-07-30"))
    assert list(worth_a_line(turns)) == [turns[0], turns[2], turns[3]]
    assert list(worth_a_line(turns[1:])) == [turns[2], turns[3]]  # it had opened before
