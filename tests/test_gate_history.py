"""The gate against what is usual: volume, freshness, names and numbers, held against earlier nights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_gate import LOADED, Row, event, gate, ordinary, read

from mining.findings import Severity


def test_an_empty_pull_is_told_and_passes(tmp_path: Path) -> None:
    checks = gate(tmp_path, [])
    assert all(check.passed for check in checks.values())
    assert "no rows" in checks["rows_came"].message
    assert read(tmp_path / "bad.parquet") == []


def test_an_empty_pull_after_a_busy_past_is_stale(tmp_path: Path) -> None:
    checks = gate(tmp_path, [], ordinary(), loaded_at=LOADED + timedelta(days=9))
    assert (checks["freshness"].passed, checks["freshness"].severity) == (False, Severity.WARNING)
    assert "10 days old" in checks["freshness"].message
    later = gate(tmp_path, [], ordinary(), loaded_at=LOADED + timedelta(days=9, hours=2))
    assert later["freshness"].message == checks["freshness"].message, "the hour of the load is not on the page"


def test_freshness_allows_for_a_weekend(tmp_path: Path) -> None:
    friday, monday = datetime(2024, 3, 8, 16, tzinfo=UTC), datetime(2024, 3, 11, 2, tzinfo=UTC)
    weeks = [friday - timedelta(days=7 * week + day) for week in range(3) for day in range(5)]
    rows = [
        event(f"{n:03}a", "Open order", (time - datetime(2024, 3, 1, tzinfo=UTC)).total_seconds() / 3600)
        for n, time in enumerate(weeks)
    ]
    assert gate(tmp_path / "a", rows, loaded_at=monday)["freshness"].passed
    assert not gate(tmp_path / "b", rows, loaded_at=monday + timedelta(days=2))["freshness"].passed


def days_of(counts: dict[int, int]) -> list[Row]:
    """So many events on the days so long before the loading."""
    return [
        event(f"C{day}-{n}x", "Open order", 12 + 24 * (11 - day) + n / 100)
        for day, count in counts.items()
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("today", "fine"), [(100, True), (55, True), (195, True), (45, False), (0, False), (205, False)]
)
def test_volume_is_compared_with_the_same_weekday(tmp_path: Path, today: int, fine: bool) -> None:
    past = days_of({1 + 7 * week: 100 for week in range(1, 9)} | {2 + 7 * week: 7 for week in range(8)})
    checks = gate(tmp_path, days_of({1: today, 2: 1}), past)
    assert (checks["volume"].passed, checks["volume"].severity) == (fine, Severity.WARNING)
    assert fine or f"{today} events on Monday 2024-03-11, usually about 100" in checks["volume"].message


def test_volume_counts_an_event_of_overlapping_pulls_once(tmp_path: Path) -> None:
    past = days_of({1 + 7 * week: 100 for week in range(1, 9)})
    today = days_of({1: 150})
    assert gate(tmp_path, today, [*past, *today])["volume"].passed


def test_volume_needs_four_weeks(tmp_path: Path) -> None:
    assert "volume" not in gate(tmp_path / "a", days_of({1: 500}), days_of({8: 100, 15: 100, 22: 100}))
    assert not gate(tmp_path / "b", days_of({1: 500}), days_of({8: 100, 15: 100, 22: 100, 29: 100}))["volume"].passed


def test_an_unknown_activity_is_told_once_the_history_is_long_enough(tmp_path: Path) -> None:
    new = [*ordinary(), event("X", "It's {new}: :x", 5)]
    assert "known_activity" not in gate(tmp_path / "a", new, ordinary(333))
    check = gate(tmp_path / "b", new, ordinary(334))["known_activity"]
    assert (check.passed, check.failed_rows, check.set_aside) == (False, 1, False)
    assert check.examples == ("It's {new}: :x",)


def test_ties_without_an_order_are_told(tmp_path: Path) -> None:
    tied = [event(f"T{n}x", step, n) for n in range(9) for step in ("Open order", "Close order")]
    check = gate(tmp_path / "a", [*ordinary(), *tied])["time_order"]
    assert (check.passed, check.severity) == (False, Severity.WARNING)
    assert "23%" in check.message
    ordered = [{**row, "order_key": float(n)} for n, row in enumerate([*ordinary(), *tied])]
    assert gate(tmp_path / "b", ordered)["time_order"].passed


def test_overlapping_work_of_one_resource_is_told(tmp_path: Path) -> None:
    def worked(n: int, resource: str, hours: float) -> Row:
        row = event(f"W{n}x", "Check order", n)
        return {**row, "started": row["completed"] - timedelta(hours=hours), "resource": resource}

    assert gate(tmp_path / "a", [worked(n, "ann", 1) for n in range(20)])["overlapping_work"].passed
    assert gate(tmp_path / "b", [worked(n, f"person {n}", 9) for n in range(20)])["overlapping_work"].passed
    check = gate(tmp_path / "c", [worked(n, "ann", 1 if n < 15 else 2) for n in range(20)])["overlapping_work"]
    assert not check.passed
    assert "25%" in check.message


@pytest.mark.parametrize(
    ("typo", "times", "found"),
    [
        ("check  ORDER!", 1, True),
        ("Check ordre", 1, True),
        ("Chek order", 1, True),
        ("Check order", 1, False),
        ("Check ordre", 5, False),  # not rare
        ("Check order 2", 1, False),  # a number tells two things apart
        ("Check the order", 1, False),
    ],
)
def test_labels_written_in_two_ways_are_told(tmp_path: Path, typo: str, times: int, found: bool) -> None:
    rows = [*ordinary(110), *[event(f"X{n}x", typo, n) for n in range(times)]]
    check = gate(tmp_path, rows, loaded_at=LOADED + timedelta(days=60))["similar_labels"]
    assert check.passed is not found
    assert not found or (typo in check.examples[0] and "Check order" in check.examples[0])


def test_short_labels_a_letter_apart_are_two_labels(tmp_path: Path) -> None:
    rows = [*[event(f"A{n}x", "Step A", n / 10) for n in range(200)], event("Z", "Step B", 5)]
    assert gate(tmp_path, rows)["similar_labels"].passed


def numbered(numbers: Sequence[int]) -> list[Row]:
    return [event(f"INC{number:07}", "Open order", n / 10) for n, number in enumerate(numbers)]


def test_a_gap_in_the_numbers_of_new_cases_is_told_once(tmp_path: Path) -> None:
    old, new = range(1, 1501), range(1801, 1850)
    check = gate(tmp_path / "a", numbered(new), numbered(old))["case_numbers"]
    assert not check.passed
    assert check.examples == ("300 numbers missing before INC0001801",)
    assert gate(tmp_path / "b", numbered(range(1850, 1870)), numbered([*old, *new]))["case_numbers"].passed


def test_numbers_that_jump_every_day_have_no_gaps(tmp_path: Path) -> None:
    by_day = [20240300000 + 1000 * day + n for day in range(1, 12) for n in range(200)]
    assert gate(tmp_path, numbered(by_day))["case_numbers"].passed


def test_what_happens_after_the_end_is_told_across_nights(tmp_path: Path) -> None:
    late = event("O00003", "Check order", 200)
    repeated = event("O00004", "Close order", 200)
    check = gate(tmp_path, [late, repeated], ordinary(), ends=["Close order", "It's :over"])["nothing_after_the_end"]
    assert (check.passed, check.failed_rows) == (False, 1)
    assert check.examples == ("case O00003: Check order at 2024-03-09 08:00:00+00",)
