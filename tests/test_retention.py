"""How long things are kept: old cases go whole, old nights are thinned, the newest stays, and the lists follow."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import ORDERS_YAML, a_process
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mining import quarantine
from mining.commands.store import tidy as command
from mining.home import Home
from mining.lock import alone
from mining.night import Night
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import write_site
from mining.process import KeptNights, Process
from mining.process_file import load
from mining.retention import RHYTHM, drop_old_when_due, thin, tidy, to_remove
from mining.store import Batches
from mining.verify import State, verify

YAML = ORDERS_YAML + "timezone: UTC\nkeep: {events: 30 days}\n"
NOW = datetime(2024, 4, 15, tzinfo=UTC)  # 30 days after 2024-03-16
NEWEST = date(2024, 12, 31)
RULE = KeptNights()


# ---- events


def rows(*events: tuple[str, str, str]) -> str:
    return "order,step,at\n" + "".join(f"{case},{step},{at}\n" for case, step, at in events)


@pytest.fixture(scope="module")
def two_loads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases that ended long ago, lately, or long ago but for one event that came later; and rows set aside."""
    place = tmp_path_factory.mktemp("two-loads")
    (place / "landing").mkdir()
    (place / "orders.yaml").write_text(YAML.replace("keep:", "#"))
    filling = [(f"f{n}", "Order", f"2024-03-20 08:{n % 60:02}") for n in range(120)]
    first = [("old", "Order", "2024-03-01 08:00"), ("old", "Ship", "2024-03-15 23:59"), ("open", "Order", "2024-03-02")]
    first += [("woken", "Order", "2024-03-03"), ("old", "-", "2024-03-04"), ("f1", "-", "2024-03-20 09:00")]
    (place / "landing/1.csv").write_text(rows(*filling, *first))
    night(place, 20).run()
    (place / "landing/2.csv").write_text(rows(("woken", "Ship", "2024-03-16 00:00"), ("new", "Order", "2024-03-21")))
    night(place, 21).run()
    (place / "orders.yaml").write_text(YAML)
    return place


@pytest.fixture
def place(two_loads: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_loads, tmp_path / "place")


def night(place: Path, day: int) -> Night:
    return Night.of(place / "orders.yaml", date(2024, 3, day), Home(place / "home"))


def held(place: Path) -> dict[str, int]:
    """Cases and their events, but for those that only fill."""
    paths = [str(path) for path in Batches(Home(place / "home").batches("orders")).paths()]
    query = "select case_id, count(*) from read_parquet(?) where case_id[1] <> 'f' group by all order by all"
    with duckdb.connect() as db:
        return dict(db.execute(query, [paths]).fetchall())


def of(place: Path) -> tuple[Process, Home]:
    return load(place / "orders.yaml"), Home(place / "home")


def test_cases_go_by_their_last_event_finished_or_not(place: Path) -> None:
    assert held(place) == {"new": 1, "old": 2, "open": 1, "woken": 2}
    gone = tidy(*of(place), NOW)
    assert (gone.cases, gone.rows, gone.nights) == (2, 4, ())  # with the row of `old` that was set aside
    assert held(place) == {"new": 1, "woken": 2}
    assert [row.case_id for row in quarantine.listing(Home(place / "home"), load(place / "orders.yaml"))] == ["f1"]
    assert tidy(*of(place), NOW).rows == 0


def test_what_was_rewritten_is_sound_and_the_next_night_counts_what_is_left(place: Path) -> None:
    tidy(*of(place), NOW)
    batches = Batches(Home(place / "home").batches("orders"))
    assert [batch.forgotten for batch in batches.described()] == [3, 0]
    assert {finding.state for finding in verify(*of(place))} == {State.SOUND}
    (place / "orders.yaml").write_text(YAML.replace("keep:", "#"))  # the day of the test is years after the log
    page = Path(night(place, 21).run()).with_name("cases.parquet")
    cases = duckdb.sql(f"select case_id from '{page}' where case_id[1] <> 'f' order by 1").fetchall()
    assert cases == [("new",), ("woken",)]


def test_everything_can_be_too_old(place: Path) -> None:
    gone = tidy(*of(place), NOW.replace(year=2030))
    assert (gone.cases, gone.rows) == (124, 128)
    assert held(place) == {}
    assert quarantine.count(Home(place / "home"), load(place / "orders.yaml")) == 0
    assert Batches(Home(place / "home").batches("orders")).inputs_loaded()  # its files are not read again


def test_tidy_says_what_it_dropped(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process, home = of(place)
    published(home, process, date(2023, 3, 7), date(2023, 3, 8))
    command(place / "orders.yaml", home.root)
    said = capsys.readouterr().out
    assert said == "Events: 124 cases dropped, 128 rows (older than 30 days).\nNights: 1 removed.\n"


def test_without_an_age_nothing_is_dropped(place: Path) -> None:
    (place / "orders.yaml").write_text(YAML.replace("keep:", "#"))
    assert tidy(*of(place), NOW.replace(year=2100)).rows == 0
    assert held(place) == {"new": 1, "old": 2, "open": 1, "woken": 2}


def test_a_night_looks_for_old_cases_once_in_a_while(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    process, home = of(place)
    drop_old_when_due(process, home, NOW - RHYTHM)
    assert held(place) == {"new": 1, "old": 2, "open": 1, "woken": 2}
    drop_old_when_due(process, home, NOW - timedelta(seconds=1))
    assert len(held(place)) == 4
    drop_old_when_due(process, home, NOW)
    assert held(place) == {"new": 1, "woken": 2}
    assert "cases of orders, older than it keeps, were dropped" in caplog.text


def test_a_night_drops_old_cases_before_it_counts(place: Path) -> None:
    """The day of the test is years after the log."""
    (place / "landing/3.csv").write_text(rows(("now", "Order", f"{datetime.now(UTC):%Y-%m-%d} 00:00")))
    today = Night.of(place / "orders.yaml", datetime.now(UTC).date(), Home(place / "home"))
    today.run()
    assert held(place) == {"now": 1}
    assert duckdb.sql(f"select case_id from '{today.target / 'cases.parquet'}'").fetchall() == [("now",)]


# ---- nights


def nights(*ages: int, good: bool = True) -> dict[date, bool]:
    return {NEWEST - timedelta(days=age): good for age in ages}


def test_sixty_days_a_year_and_for_ever() -> None:
    every = nights(*range(3000))
    kept = sorted(set(every) - set(to_remove(every, RULE)))
    ages = [(NEWEST - day).days for day in kept]
    assert [age for age in ages if age < 60] == list(range(59, -1, -1))
    weekly = [day for day in kept if 60 <= (NEWEST - day).days < 366]
    assert all(b - a == timedelta(days=7) for a, b in pairwise(weekly[:-1]))
    assert {day.isoweekday() for day in weekly[:-1]} == {7}
    monthly = [day for day in kept if (NEWEST - day).days >= 366]
    assert len({(day.year, day.month) for day in monthly}) == len(monthly) == 2024 * 12 - (2016 * 12 + 10) + 1
    assert all((day + timedelta(days=1)).day == 1 for day in monthly[:-1])


def test_the_last_good_night_of_a_week_stays() -> None:
    monday = date(2024, 7, 1)
    week = {monday + timedelta(days=n): n in (1, 3) for n in range(7)}
    assert set(week) - set(to_remove(week | nights(0), RULE)) == {monday + timedelta(days=3)}
    failed = dict.fromkeys(week, False)
    assert set(week) - set(to_remove(failed | nights(0), RULE)) == {monday + timedelta(days=6)}


def test_the_newest_good_night_stays_though_it_is_old() -> None:
    rule = KeptNights(daily="2 days", weekly="1 week", monthly="1 month")  # type: ignore[arg-type]
    assert to_remove(nights(500, 400) | nights(0, good=False), rule) == [NEWEST - timedelta(days=500)]
    assert to_remove(nights(500, 400, 0), rule) == [NEWEST - timedelta(days=500), NEWEST - timedelta(days=400)]


@given(st.dictionaries(st.integers(0, 1500), st.booleans(), min_size=1))
@settings(deadline=None)
def test_the_rule_is_stable_and_leaves_what_it_says(ages: dict[int, bool]) -> None:
    mined = {NEWEST - timedelta(days=age): good for age, good in ages.items()}
    gone = to_remove(mined, RULE)
    kept = {day: good for day, good in mined.items() if day not in gone}
    assert max(mined) in kept
    assert to_remove(kept, RULE) == []
    assert {day for day in mined if (max(mined) - day).days < 60} <= kept.keys()
    newest_good = max((day for day in mined if mined[day]), default=None)
    for zone, name in ((range(60, 366), "%G-%V"), (range(366, 2000), "%Y-%m")):
        there = sorted(day for day in mined if (max(mined) - day).days in zone)
        for group in {day.strftime(name) for day in there}:
            days = [day for day in there if day.strftime(name) == group]
            [left] = [day for day in days if day in kept and (day != newest_good or mined[day])]
            assert mined[left] or not any(mined[day] for day in days)
            assert all(day <= left for day in days if mined[day] == mined[left])


def test_night_by_night_leaves_no_more_and_no_week_is_lost() -> None:
    kept: dict[date, bool] = {}
    for n in range(800):
        kept[NEWEST + timedelta(days=n)] = True
        for day in to_remove(kept, RULE):
            del kept[day]
    newest = max(kept)
    assert len(kept) <= 60 + 45 + 16
    weeks = {day.isocalendar()[:2] for day in kept if (newest - day).days < 366}
    assert len(weeks) == len({(newest - timedelta(days=n)).isocalendar()[:2] for n in range(366)})


def published(home: Home, process: Process, *days: date) -> None:
    for day in days:
        write_failed_night(process, day, "no data", (), home.night(process.process, day))
    write_site(home.all_nights)


def test_nights_are_removed_and_the_lists_follow(tmp_path: Path) -> None:
    home, process = Home(tmp_path), a_process()
    old = [date(2024, 1, 2), date(2024, 1, 30), date(2024, 3, 4), date(2024, 3, 5)]
    published(home, process, *old, NEWEST)
    assert tidy(process, home, NOW).nights == (date(2024, 3, 4),)
    listed = (home.nights("orders") / "nights.js").read_text()
    assert all((day.isoformat() in listed) == (day != date(2024, 3, 4)) for day in [*old, NEWEST])
    assert sorted(p.name for p in home.nights("orders").glob("2*")) == [
        str(day) for day in [*old, NEWEST] if day != date(2024, 3, 4)
    ]
    assert list(home.work("orders").iterdir()) == []


def test_a_night_that_was_just_published_is_spared(tmp_path: Path) -> None:
    home, process = Home(tmp_path), a_process()
    published(home, process, date(2024, 3, 4), date(2024, 3, 5), NEWEST)
    with alone(home.lock("orders"), "test"):
        assert thin(process, home, spare=date(2024, 3, 4)) == ()
        assert thin(process, home) == (date(2024, 3, 4),)


def test_all_nights_can_be_kept(tmp_path: Path) -> None:
    home, process = Home(tmp_path), a_process(keep={"nights": "all"})
    published(home, process, date(2024, 3, 4), date(2024, 3, 5), NEWEST)
    assert tidy(process, home, NOW).nights == ()


def test_publishing_thins_older_nights(place: Path) -> None:
    process, home = of(place)
    (place / "orders.yaml").write_text(YAML.replace("keep:", "#"))
    published(home, process, date(2023, 3, 7), date(2023, 3, 8))
    night(place, 21).run()
    assert sorted(p.name for p in home.nights("orders").glob("2*")) == ["2023-03-08", "2024-03-20", "2024-03-21"]


# ---- the process file


@pytest.mark.parametrize(
    ("written", "days"), [("60 days", 60), ("8 weeks", 56), ("1 month", 31), ("3 years", 1098), ("3 Year", 1098)]
)
def test_ages(written: str, days: int) -> None:
    kept = a_process(keep={"events": written}).keep.events
    assert kept == timedelta(days=days)


@pytest.mark.parametrize("wrong", ["0 days", "3", "-1 year", "2.5 years", "for ever", "5 hours", 3, "1000 years"])
def test_no_ages(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="write a whole number below 1,000 and a unit"):
        a_process(keep={"events": wrong})
