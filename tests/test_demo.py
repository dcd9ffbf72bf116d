"""The demo company: repeatable, plausible, and with the trouble in it that its docstrings promise."""

import csv
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import mean

import pytest

from mining.demo import build
from mining.demo.company import HOUR, ZONE, Office, Period, moment
from mining.process_file import SCHEMA_LINE, load, schema

UNTIL = date(2026, 11, 22)
PROCESSES = Path(__file__).parents[1] / "processes"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    build(folder, UNTIL)
    return folder


@pytest.fixture(scope="module")
def shop(demo: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(demo / "shop.db")
    yield database
    database.close()


@pytest.fixture(scope="module")
def entries(demo: Path) -> list[dict[str, str]]:
    drops = sorted((demo / "landing" / "tickets").glob("*.csv"))
    return [row for drop in drops for row in csv.DictReader(drop.open(encoding="utf-8"))]


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_day_and_seed_give_the_same_bytes_even_over_an_older_demo(demo: Path, tmp_path: Path) -> None:
    stale = tmp_path / "landing" / "tickets" / "tickets-1999-01-01.csv"
    stale.parent.mkdir(parents=True)
    stale.touch()
    build(tmp_path, UNTIL)
    assert _digests(tmp_path) == _digests(demo)


def test_another_seed_gives_another_company(demo: Path, tmp_path: Path) -> None:
    build(tmp_path, UNTIL, seed=8)
    assert _digests(tmp_path)["shop.db"] != _digests(demo)["shop.db"]


def test_drops_cover_nine_months_and_end_the_day_before(demo: Path) -> None:
    days = sorted(path.stem.removeprefix("tickets-") for path in (demo / "landing" / "tickets").glob("*.csv"))
    assert days[0] <= "2026-02-23" and days[-1] <= "2026-11-21"
    assert len(days) > 190


@pytest.mark.parametrize("name", ["orders", "tickets"])
def test_the_process_files_are_good_and_name_their_schema(name: str) -> None:
    path = PROCESSES / f"{name}.yaml"
    assert load(path).process == name
    assert path.read_text().startswith(SCHEMA_LINE)


def test_the_published_schema_is_the_current_one() -> None:
    assert (PROCESSES / "schema.json").read_text() == schema(), "write mining.process_file.schema() to the file"


def test_the_query_of_orders_brings_every_activity_and_respects_its_cursor(shop: sqlite3.Connection) -> None:
    sql = load(PROCESSES / "orders.yaml").source.sql
    assert sql is not None
    everything = shop.execute(sql.query, {"since": ""}).fetchall()
    late = shop.execute(sql.query, {"since": "2026-11-20T00:00:00Z"}).fetchall()
    assert {"Place order", "Ship order", "Deliver order", "Send invoice", "Receive payment"} <= {
        r[1] for r in everything
    }
    assert set(late) == {row for row in everything if row[-1] >= "2026-11-20T00:00:00Z"}
    assert 0 < len(late) < len(everything) / 50


def test_sizes(shop: sqlite3.Connection, entries: list[dict[str, str]]) -> None:
    assert 6_000 <= shop.execute("select count(*) from orders").fetchone()[0] <= 10_000
    assert 4_500 <= len({entry["Ticket"] for entry in entries}) <= 5_500


def test_people_work_in_office_hours_only(shop: sqlite3.Connection) -> None:
    people = "('Ole', 'Pia', 'Sven', 'Karim', 'Lena', 'Tom', 'Uta', 'Veit', 'Anna Berg')"
    for (text,) in shop.execute(f"select started_at from order_events where done_by in {people}"):
        local = datetime.fromisoformat(text).astimezone(ZONE)
        assert local.weekday() < 5 and time(8) <= local.time() <= time(17), text
        assert local.date() != date(2026, 5, 1)


def test_picking_in_the_southern_warehouse_slows_down_in_the_last_weeks(shop: sqlite3.Connection) -> None:
    query = """select o.warehouse, e.started_at >= ?, (unixepoch(e.finished_at) - unixepoch(e.started_at)) / 3600.0
               from order_events e join orders o using (order_id)
               where e.event = 'Pick goods' and e.finished_at < '2027' and date(e.started_at) = date(e.finished_at)"""
    change = datetime.combine(UNTIL - timedelta(weeks=5), time(), UTC).isoformat()
    hours: dict[tuple[str, int], list[float]] = {}
    for warehouse, late, taken in shop.execute(query, (change,)):
        hours.setdefault((warehouse, late), []).append(taken)
    slower = {house: mean(hours[house, 1]) / mean(hours[house, 0]) for house in ("North", "South")}
    assert slower["South"] > 1.15
    assert 0.93 < slower["North"] < 1.07


def test_the_share_of_export_orders_grows(shop: sqlite3.Connection) -> None:
    query = "select avg(region = 'export') from orders group by placed_at >= ? order by placed_at >= ?"
    change = (UNTIL - timedelta(weeks=8)).isoformat()
    (before,), (after,) = shop.execute(query, (change, change)).fetchall()
    assert before < 0.14
    assert after > 0.2


def test_some_rows_are_dirty_but_few(shop: sqlite3.Connection, entries: list[dict[str, str]]) -> None:
    nameless = sum(not entry["Status"] for entry in entries)
    unreadable = sum(entry["Changed"].startswith("00/") for entry in entries)
    typos = sum("tikcet" in entry["Status"] for entry in entries)
    repeats = sum(n - 1 for n in Counter(tuple(entry.values()) for entry in entries).values())
    assert all((nameless, unreadable, typos, repeats))
    assert nameless + unreadable + typos + repeats < len(entries) / 200
    assert any(entry["Agent"] == "?" for entry in entries)
    assert shop.execute("select count(*) from order_events where event is null").fetchone()[0] > 3
    assert shop.execute("select count(*) from order_events where finished_at > '2040'").fetchone()[0] == 1


def test_work_stops_at_noon_overnight_and_on_a_holiday() -> None:
    office = Office(Period(date(2026, 4, 20), date(2026, 5, 10)))
    before_may_day = moment(date(2026, 4, 30), time(16, 30))
    assert office.after(before_may_day, 1 * HOUR) == moment(date(2026, 5, 4), time(8, 30))
    assert office.after(moment(date(2026, 4, 20), time(11)), 2 * HOUR) == moment(date(2026, 4, 20), time(14))
