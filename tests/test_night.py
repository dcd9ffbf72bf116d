"""A night from file or database to page: in order, repeatable, and never half."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from conftest import ORDERS_YAML
from sqlalchemy import create_engine, text

from mining.errors import GateError, InputError, StoreError
from mining.home import Home
from mining.newest import newest_pulled
from mining.night import STEPS, Night
from mining.process_file import load
from mining.register import Register
from mining.workplace import Workplace, clear, run_name

YAML = ORDERS_YAML + "timezone: Europe/Berlin\n"
HEADER = "order,step,at\n"


def rows(first: int, cases: int, day: str = "2024-03-01") -> str:
    """`cases` orders of two steps each."""
    return "".join(
        f"o{n:04},Order,{day} 09:{n % 60:02}:00\no{n:04},Ship,{day} 15:{n % 60:02}:00\n"
        for n in range(first, first + cases)
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "landing").mkdir()
    (tmp_path / "orders.yaml").write_text(YAML)
    (tmp_path / "landing" / "1.csv").write_text(HEADER + rows(0, 50))
    return tmp_path


def a_night(place: Path, day: str) -> Night:
    return Night.of(place / "orders.yaml", date.fromisoformat(day), Home(place / "home"))


def findings(place: Path, day: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((place / "home/nights/orders" / day / "findings.json").read_text())
    return found


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_a_night_publishes_everything_and_leaves_no_work_behind(place: Path) -> None:
    page = Path(a_night(place, "2024-03-01").run())
    assert page == place / "home/nights/orders/2024-03-01/index.html"
    names = {path.name for path in page.parent.iterdir()}
    assert names >= {
        "map.svg",
        "map.png",
        "map.pdf",
        "map.dot",
        "model.bpmn",
        "model.pnml",
        "flows.csv",
        "variants.csv",
    }
    assert names >= {"bottlenecks.csv", "cases.parquet", "findings.json"}
    assert findings(place, "2024-03-01")["kpis"]["finished"] == 50
    assert not (place / "home/work/orders/2024-03-01").exists()
    assert (place / "home/nights/index.html").exists()


def test_the_same_night_again_gives_the_same_bytes(place: Path) -> None:
    published = place / "home/nights/orders/2024-03-01"
    a_night(place, "2024-03-01").run()
    first = fingerprints(published)
    a_night(place, "2024-03-01").run()
    assert fingerprints(published) == first


def test_the_same_night_in_a_new_home_gives_the_same_numbers(place: Path) -> None:
    for home in ("one", "two"):
        Night.of(place / "orders.yaml", date(2024, 3, 1), Home(place / home)).run()
    same = ("map.svg", "model.bpmn", "flows.csv", "cases.parquet", "bottlenecks.csv", "findings.json")
    for name in same:
        one, two = (place / home / "nights/orders/2024-03-01" / name for home in ("one", "two"))
        if name == "findings.json":
            first, second = (json.loads(path.read_text()) | {"checks": None} for path in (one, two))
            assert first == second
        else:
            assert one.read_bytes() == two.read_bytes(), name


def test_the_next_night_adds_what_is_new_and_an_old_one_can_be_played_again(place: Path) -> None:
    a_night(place, "2024-03-01").run()
    before = findings(place, "2024-03-01")
    (place / "landing/2.csv").write_text(HEADER + rows(50, 30, "2024-03-02"))
    a_night(place, "2024-03-02").run()
    second = findings(place, "2024-03-02")
    assert (second["kpis"]["cases"], second["data"]["new_events"], second["data"]["batches"]) == (80, 60, 2)
    a_night(place, "2024-03-01").run()
    assert findings(place, "2024-03-01") == before


def test_a_night_says_what_its_pull_did(place: Path) -> None:
    a_night(place, "2024-03-01").run()
    late = "o0003,Check,2024-03-01 10:00\n"
    (place / "landing/2.csv").write_text(HEADER + rows(3, 1) + late + rows(50, 30, "2024-03-02"))
    a_night(place, "2024-03-02").run()
    told = {"rows": 63, "new": 61, "repeated": 2, "corrected": 0, "late": 1, "cases": 31, "new_cases": 30}
    assert findings(place, "2024-03-02")["data"]["effect"] == told
    page = (place / "home/nights/orders/2024-03-02/index.html").read_text()
    assert "<dd>31, 30 of them new</dd>" in page


def test_a_night_before_the_first_pull_can_be_played(place: Path) -> None:
    (place / "landing/2.csv").write_text(HEADER + rows(50, 30, "2024-03-05"))
    a_night(place, "2024-03-05").run()
    a_night(place, "2024-03-01").run()
    found = findings(place, "2024-03-01")
    assert (found["kpis"]["cases"], found["data"]["new_events"]) == (50, 0)


@pytest.mark.parametrize("rule", ["time_missing", "exact_duplicate", "nonsense"])
def test_a_rule_whose_rows_cannot_be_mined_is_not_accepted(place: Path, rule: str) -> None:
    (place / "landing/1.csv").write_text(HEADER + rows(0, 50) + "o0001,Pay,\n")
    night = a_night(place, "2024-03-01")
    night.run()
    with pytest.raises(InputError, match=f"--accept {rule}: this rule cannot be accepted"):
        night.readmit(accept=[rule])


def test_an_overlapping_file_changes_nothing(place: Path) -> None:
    a_night(place, "2024-03-01").run()
    before = findings(place, "2024-03-01")["graph"]
    (place / "landing/again.csv").write_text(HEADER + rows(20, 10))
    a_night(place, "2024-03-01").run()
    assert findings(place, "2024-03-01")["graph"] == before


def test_events_after_midnight_local_time_belong_to_the_next_night(place: Path) -> None:
    (place / "landing/1.csv").write_text(HEADER + "o1,Order,2024-03-01 23:59:59\no1,Ship,2024-03-02 00:00:00\n")
    a_night(place, "2024-03-01").run()
    assert (findings(place, "2024-03-01")["kpis"]["events"], findings(place, "2024-03-01")["kpis"]["open"]) == (1, 1)


def test_a_failed_gate_leaves_yesterdays_pages_and_says_why(place: Path) -> None:
    a_night(place, "2024-03-01").run()
    kept = fingerprints(place / "home/nights/orders/2024-03-01")
    bad = "".join(f"o9{n},Ship,not a time\n" for n in range(50))
    (place / "landing/2.csv").write_text(HEADER + rows(50, 5, "2024-03-02") + bad)
    with pytest.raises(GateError, match="did not pass the gate"):
        a_night(place, "2024-03-02").run()
    assert fingerprints(place / "home/nights/orders/2024-03-01") == kept
    failed = place / "home/nights/orders/2024-03-02"
    assert {path.name for path in failed.iterdir()} == {"index.html", "index.zh.html", "failed.json"}
    assert "did not pass the gate" in (failed / "index.html").read_text()
    assert len(Night.of(place / "orders.yaml", date(2024, 3, 2), Home(place / "home")).batches.all()) == 1


def test_after_the_source_is_mended_the_failed_night_runs(place: Path) -> None:
    (place / "landing/1.csv").write_text(HEADER + "o1,Ship,never\n")
    with pytest.raises(GateError):
        a_night(place, "2024-03-01").run()
    (place / "landing/1.csv").write_text(HEADER + rows(0, 50))
    a_night(place, "2024-03-01").run()
    assert not (place / "home/nights/orders/2024-03-01/failed.json").exists()
    assert findings(place, "2024-03-01")["kpis"]["cases"] == 50


def test_a_night_before_the_first_event_says_that_there_is_nothing(place: Path) -> None:
    with pytest.raises(GateError, match="nothing to mine"):
        a_night(place, "2024-02-01").run()
    assert (place / "home/nights/orders/2024-02-01/failed.json").exists()


def test_the_day_by_default_is_the_last_with_events(place: Path) -> None:
    (place / "landing/2.csv").write_text(HEADER + "o1,Order,2999-01-01 00:00:00\n")
    night = newest_pulled(load(place / "orders.yaml"), Home(place / "home"))
    assert night.day == date(2024, 3, 1)
    night.run(pulled=True)
    assert findings(place, "2024-03-01")["kpis"]["finished"] == 50


def test_without_any_readable_time_there_is_no_day(place: Path) -> None:
    (place / "landing/1.csv").write_text(HEADER + "o1,Order,never\n")
    with pytest.raises(InputError, match="no event with a readable time"):
        newest_pulled(load(place / "orders.yaml"), Home(place / "home"))


def test_rows_set_aside_go_in_after_a_fix(place: Path) -> None:
    good = rows(0, 100)
    (place / "landing/1.csv").write_text(HEADER + good + "o0001,Pay,01.03.2024 16:00\n")
    night = a_night(place, "2024-03-01")
    night.run()
    assert (findings(place, "2024-03-01")["kpis"]["events"], findings(place, "2024-03-01")["data"]["quarantined"]) == (
        200,
        1,
    )
    assert night.readmit() == (1, 0)
    (place / "orders.yaml").write_text(YAML + 'times: {format: "%d.%m.%Y %H:%M"}\n')
    assert a_night(place, "2024-03-01").readmit() == (1, 1)
    a_night(place, "2024-03-01").run()
    assert findings(place, "2024-03-01")["kpis"]["events"] == 201
    assert a_night(place, "2024-03-01").readmit() == (0, 0)


def shop(place: Path, events: Sequence[tuple[str, str, str]]) -> None:
    with create_engine(f"sqlite:///{place / 'shop.db'}").begin() as db:
        db.execute(text("create table if not exists events (order_id text, step text, at text)"))
        for order, step, at in events:
            db.execute(text("insert into events values (:o, :s, :a)"), {"o": order, "s": step, "a": at})


def test_a_query_asked_again_brings_nothing_twice(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    (place / "orders.yaml").write_text(SQL_YAML)
    first = [
        (f"o{n}", step, f"2024-03-01 {hour}:00:00")
        for n in range(30)
        for step, hour in (("Order", "09"), ("Ship", "15"))
    ]
    shop(place, first)
    a_night(place, "2024-03-01").run()
    before = fingerprints(place / "home/nights/orders/2024-03-01")
    a_night(place, "2024-03-01").run()
    assert fingerprints(place / "home/nights/orders/2024-03-01") == before
    shop(
        place, [("o99", "Ship", "2024-03-01 15:00:00"), ("o99", "Order", "2024-03-02 09:00:00")]
    )  # one as late as the cursor
    a_night(place, "2024-03-02").run()
    found = findings(place, "2024-03-02")
    assert (found["kpis"]["events"], found["data"]["new_events"]) == (62, 2)


SQL_YAML = """
process: orders
title: Orders
languages: [en]
source:
  sql:
    connection: sqlite:///shop.db
    query: select order_id, step, at from events where at >= :since order by at
    cursor: at
columns: {case: order_id, activity: step, completed: at}
ends: [Ship]
timezone: UTC
"""


@pytest.mark.parametrize("kind", ["files", "sql"])
def test_what_another_run_stored_meanwhile_is_not_stored_again(
    place: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows come between the two pulls, so that neither pull is the other."""
    monkeypatch.chdir(place)
    if kind == "sql":
        (place / "orders.yaml").write_text(SQL_YAML)
        shop(place, [(f"o{n}", step, f"2024-03-01 1{n}:00:00") for n in range(5) for step in ("Order", "Ship")])
    slow, fast = a_night(place, "2024-03-01"), a_night(place, "2024-03-01")
    slow.pull()
    slow.validate()
    if kind == "sql":
        shop(place, [("o9", "Order", "2024-03-01 19:00:00")])
    else:
        (place / "landing/2.csv").write_text(HEADER + rows(50, 10))
    fast.run()
    alone = fingerprints(place / "home/nights")
    [batch] = fast.batches.all()
    for step in STEPS[2:]:
        slow.do(step)
    assert [again.load_id for again in slow.batches.all()] == [batch.load_id]
    assert fingerprints(place / "home/nights") == alone


def test_a_slow_run_does_not_replace_a_newer_page(place: Path) -> None:
    slow = a_night(place, "2024-03-01")
    for step in STEPS[: STEPS.index("publish")]:
        slow.do(step)
    (place / "landing/2.csv").write_text(HEADER + rows(50, 10))
    a_night(place, "2024-03-01").run()
    slow.do("publish")
    assert findings(place, "2024-03-01")["kpis"]["cases"] == 60
    assert not list((place / "home/work/orders").iterdir())


def test_each_run_has_a_folder_of_its_own_and_one_that_is_gone_is_told(place: Path) -> None:
    process, home = place / "orders.yaml", Home(place / "home")
    one = Night.of(process, date(2024, 3, 1), home, run="manual__2024-03-02T00:00:00+00:00")
    same = Night.of(process, date(2024, 3, 1), home, run="manual__2024-03-02T00:00:00+00:00")
    other = Night.of(process, date(2024, 3, 1), home, run="manual__2024-03-02T00:00:00-00:00")
    assert one.work == same.work != other.work
    assert one.work.parent == other.work.parent == place / "home/work/orders"
    one.do("pull")
    assert same.do("validate") == 0
    with pytest.raises(StoreError, match=r"Begin again with the step `pull`"):
        other.do("validate")


def test_folders_of_dead_runs_are_cleared_away_and_others_stay(tmp_path: Path) -> None:
    held, resting, forgotten = (Workplace(tmp_path, name) for name in ("local-1", run_name("a"), run_name("b")))
    dead = tmp_path / "local-2"
    for place in (held, resting, forgotten):
        place.enter()
    for place in (resting, forgotten):
        vars(place).pop("_held").close()
    Workplace(tmp_path, dead.name).enter()
    for path in (forgotten.folder, dead):
        (path / "pull.json").touch()
    two_days_ago = time.time() - 2 * 86_400
    for path in (forgotten.folder / "pull.json", forgotten.folder):
        os.utime(path, (two_days_ago, two_days_ago))
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {held.name, resting.name}
    held.leave()
    assert not held.folder.exists()


def test_the_register_knows_that_a_night_has_begun(place: Path) -> None:
    night, register = a_night(place, "2024-03-01"), Register.open(Home(place / "home"))
    night.do("pull")
    [begun] = register.runs("orders")
    assert (begun.night, begun.finished_at, begun.failed) == ("2024-03-01", None, None)
    night.run(pulled=True)
    [ended] = register.runs("orders")
    assert ended.started_at == begun.started_at and ended.finished_at
