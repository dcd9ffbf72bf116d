"""Which night should be there by now, and what is said of one that is not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from conftest import a_process

from mining.dead_man import last_due, overdue
from mining.process import Process
from mining.register import Register

FIRST, SECOND = date(2024, 7, 13), date(2024, 7, 14)
BERLIN = a_process(timezone="Europe/Berlin", nightly_at="02:00")


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2024-07-15T07:59+02:00", "2024-07-13"),  # six hours of grace after 02:00
        ("2024-07-15T08:00+02:00", "2024-07-14"),
        ("2024-07-15T06:00+00:00", "2024-07-14"),
        ("2024-07-16T03:00+02:00", "2024-07-14"),
        ("2024-03-31T09:00+02:00", "2024-03-30"),  # 02:00 did not exist that morning
        ("2024-10-27T08:00+01:00", "2024-10-26"),
    ],
)
def test_which_night_should_be_there(now: str, night: str) -> None:
    assert last_due(BERLIN, datetime.fromisoformat(now))[0].isoformat() == night


def test_a_late_run_has_its_night_the_next_morning() -> None:
    late = a_process(timezone="Europe/Berlin", nightly_at="23:30", alerts={"grace": "1 hour"})
    assert last_due(late, datetime.fromisoformat("2024-07-15T00:29+02:00"))[0].isoformat() == "2024-07-12"
    assert last_due(late, datetime.fromisoformat("2024-07-15T00:30+02:00"))[0].isoformat() == "2024-07-13"


def reasons(register: Register, now: str, process: Process = BERLIN) -> list[tuple[str, str]]:
    return [(one.night.isoformat(), one.reason) for one in overdue([process], register, datetime.fromisoformat(now))]


def test_a_night_that_did_not_run_or_did_not_end_is_overdue(register: Register) -> None:
    register.finished("orders", FIRST)
    assert reasons(register, "2024-07-15T07:00+02:00") == []
    assert reasons(register, "2024-07-15T08:30+02:00") == [
        (
            "2024-07-14",
            "Step start: no run of this night has ended or failed by 2024-07-15 08:30. "
            "It was to begin on 2024-07-15 at 02:00 (Europe/Berlin).",
        )
    ]
    register.started("orders", SECOND, datetime(2024, 7, 15, 0, 1, tzinfo=UTC))
    said = "Step end: the night began at 2024-07-15 02:01 and had neither ended nor failed by 2024-07-15 08:30."
    assert reasons(register, "2024-07-15T08:30+02:00") == [("2024-07-14", said)]
    register.failed("orders", SECOND, "Step pull: down")
    assert reasons(register, "2024-07-15T08:30+02:00") == [("2024-07-14", "Step pull: down")]
    register.finished("orders", SECOND)
    assert reasons(register, "2024-07-15T08:30+02:00") == []


def test_a_new_process_is_overdue_only_for_nights_since_it_is_looked_at(register: Register) -> None:
    assert reasons(register, "2024-07-15T12:00+02:00") == []
    assert reasons(register, "2024-07-16T07:00+02:00") == []
    assert [night for night, _ in reasons(register, "2024-07-16T08:00+02:00")] == ["2024-07-15"]
