"""Who works, who hands over, what waits longest, and the moves of the worst bottleneck: literal logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Event, a_process, write_batch
from pydantic import ValidationError

from mining.findings import Bottleneck, Interval
from mining.lifetimes import Lifetimes
from mining.open_cases import link_to, open_cases
from mining.spectrum import spectrum
from mining.store import Tables, derive
from mining.workload import workload

NIGHT = datetime(2024, 2, 1, tzinfo=UTC)  # a Thursday
PROCESS = a_process(ends=["Ship"], case_link="https://shop.example.com/order/{case}?tab=all")


def tables(tmp_path: Path, events: list[Event], who: list[str | None] | None = None) -> Tables:
    """Of a log, with who did each of its events."""
    batch = write_batch(tmp_path / "batch.parquet", events)
    if who:
        with duckdb.connect() as db:
            db.execute(f"create table t as from '{batch}'")
            for row, name in enumerate(who, 1):
                db.execute('update t set resource = ? where "row" = ?', [name, row])
            db.execute(f"copy t to '{batch}' (format parquet)")
    derive(PROCESS, [batch], NIGHT, tmp_path / "tables")
    return Tables(tmp_path / "tables")


ORDERS: list[Event] = [
    ("1", "Order", "2024-01-08 09:00"),  # Ann
    ("1", "Pick", "2024-01-09 09:00"),  # Bob
    ("1", "Ship", "2024-01-16 09:00"),  # Bob
    ("2", "Order", "2024-01-08 10:00"),  # Ann
    ("2", "Pick", "2024-01-08 16:00"),  # Bob
    ("3", "Order", "2024-01-22 09:00"),  # nobody
    ("3", "Pick", "2024-01-23 09:00"),  # Ann
    ("4", "Order", "2024-01-30 09:00"),  # Ann, in the week that still runs
]
WHO = ["Ann", "Bob", "Bob", "Ann", "Bob", None, "Ann", "Ann"]


def test_steps_by_week_and_resource(tmp_path: Path) -> None:
    mined = tables(tmp_path, ORDERS, WHO)
    found = workload(mined, Lifetimes.of(mined, PROCESS))
    assert found is not None
    assert found.weeks == ("2024-01-08", "2024-01-15", "2024-01-22")
    assert [(load.resource, load.steps, load.total) for load in found.loads] == [
        ("Ann", (2, 0, 1), 3),
        ("Bob", (2, 1, 0), 3),
    ]
    assert (found.resources, found.others) == (2, None)


def test_hand_overs_are_from_one_to_another(tmp_path: Path) -> None:
    mined = tables(tmp_path, ORDERS, WHO)
    found = workload(mined, Lifetimes.of(mined, PROCESS))
    assert found is not None
    [pair] = found.hand_overs
    assert (pair.giver, pair.taker, pair.n, pair.cases, pair.typical_s) == ("Ann", "Bob", 2, 2, 15 * 3600)  # 24 h, 6 h
    assert found.handed_over == pytest.approx(2 / 3)  # Bob kept one; nobody's step was handed by nobody


def test_all_but_the_busiest_are_counted_together(tmp_path: Path) -> None:
    events: list[Event] = [(str(n), "Order", "2024-01-08 09:00") for n in range(30)]
    mined = tables(tmp_path, events, [f"r{n % 15:02}" for n in range(30)])
    found = workload(mined, Lifetimes.of(mined, PROCESS))
    assert found is not None and found.others is not None
    assert (found.resources, len(found.loads), found.others.steps) == (15, 10, (10, 0, 0))


def test_a_log_without_resources_has_no_workload(tmp_path: Path) -> None:
    mined = tables(tmp_path, ORDERS)
    assert workload(mined, Lifetimes.of(mined, PROCESS)) is None


def test_the_oldest_open_cases_come_first(tmp_path: Path) -> None:
    found = open_cases(tables(tmp_path, ORDERS), PROCESS)
    assert [(case.case, case.last_activity) for case in found] == [("2", "Pick"), ("3", "Pick"), ("4", "Order")]
    assert found[0].age_s == timedelta(days=23, hours=14).total_seconds()
    assert found[0].silent_s == timedelta(days=23, hours=8).total_seconds()
    assert found[0].link == "https://shop.example.com/order/2?tab=all"


def test_twenty_at_most(tmp_path: Path) -> None:
    events: list[Event] = [(f"{n:02}", "Order", "2024-01-09 09:00") for n in range(30)]
    assert [case.case for case in open_cases(tables(tmp_path, events), PROCESS)] == [f"{n:02}" for n in range(20)]


def test_an_id_cannot_leave_its_place_in_the_link() -> None:
    assert (
        link_to("https://a.example/{case}", "../x?y=1#z&\"'<é")
        == "https://a.example/..%2Fx%3Fy%3D1%23z%26%22%27%3C%C3%A9"
    )
    assert link_to(None, "1") is None


@pytest.mark.parametrize(
    "link",
    ["javascript:alert({case})", "https://a.example/x", "https://{case}/", "https://a.example/{case} x", "/{case}"],
)
def test_a_link_is_an_address_with_the_case_in_it(link: str) -> None:
    with pytest.raises(ValidationError):
        a_process(case_link=link)


def worst(after: str, step: str) -> Bottleneck:
    return Bottleneck(
        1, after, step, 0.5, Interval(0.4, 0.6), 12, 0, 1.0, 3600.0, 3600.0, 3600.0, None, None, None, None
    )


def test_the_moves_of_the_worst_bottleneck(tmp_path: Path) -> None:
    events: list[Event] = []
    for n in range(1, 13):  # case n waits n hours; the last in an old time
        day = 10 + n if n < 12 else 1
        events += [(str(n), "Order", f"2024-01-{day:02} 00:00"), (str(n), "Pick", f"2024-01-{day:02} {n:02}:00")]
    events += [("old", "Order", "2023-06-01 00:00"), ("old", "Pick", "2023-06-02 00:00")]
    mined = tables(tmp_path, events)
    found = spectrum(mined, Lifetimes.of(mined, PROCESS), [worst("Order", "Pick")])
    assert found is not None
    assert (found.after, found.step, found.moves, len(found.passages)) == ("Order", "Pick", 12, 12)  # not the old one
    assert found.typical_s == 6.5 * 3600
    assert (found.passages[0].entered, found.passages[0].left) == (
        "2024-01-01T00:00:00+00:00",
        "2024-01-01T12:00:00+00:00",
    )
    assert [(week.first, week.moves) for week in found.weeks] == [
        ("2024-01-01", 1),
        ("2024-01-08", 4),
        ("2024-01-15", 7),
    ]
    assert spectrum(mined, Lifetimes.of(mined, PROCESS), []) is None
