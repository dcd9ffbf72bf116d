"""Visits: open ones stay, clocks stop as for cycle times, and nothing of a past day depends on a later one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import Event, a_process, write_batch

from mining.process import Process
from mining.store import Tables, derive
from mining.visits import BEGUN_NAME, DAY_US, OPEN, RARE_NAME, Visits, _flows, ends_seen, stopped


def told(visits: Visits) -> list[tuple[int, str, str, int, int]]:
    """case, state, next, hours from 2024-01-01 at which it was entered and left."""
    origin = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    return [
        (
            case,
            visits.names[state],
            "" if following == OPEN else visits.names[following],
            *((us - origin) // 3_600_000_000 for us in times),
        )
        for case, state, following, *times in zip(
            *(
                column.tolist()
                for column in (visits.case, visits.state, visits.next, visits.entered_us, visits.left_us)
            ),
            strict=True,
        )
    ]


def test_a_visit_lasts_from_completion_to_completion_and_open_ones_stay(mined: Callable[..., Tables]) -> None:
    events = [
        ("1", "Take", "2024-01-01 02:00", "2024-01-01 01:00"),
        ("1", "Pick", "2024-01-01 05:00"),
        ("1", "Ship", "2024-01-01 09:00"),
        ("2", "Take", "2024-01-01 03:00"),
        ("2", "Pick", "2024-01-01 04:00"),
    ]
    process = a_process(ends=["Ship"])
    visits = Visits.of(mined(events, ends=["Ship"]), process)
    assert told(visits) == [
        (0, "just begun", "Take", 1, 2),
        (0, "Take", "Pick", 2, 5),
        (0, "Pick", "Ship", 5, 9),
        (1, "Take", "Pick", 3, 4),
        (1, "Pick", "", 4, 31 * 24),
    ]


@pytest.mark.parametrize(
    ("path", "stops"),
    [
        ("AB", "00"),
        ("ABE", "001"),
        ("ABEC", "0010"),  # it went on after its end: it runs
        ("AGB", "011"),  # B was not done before the goal: it is paper work
        ("ABG", "001"),
        ("ABGC", "0011"),  # paper work after the goal
        ("ABGB", "0010"),  # reopened: work is done again
        ("ABGBG", "00101"),
        ("ABGGC", "00111"),
        ("ABGE", "0011"),
    ],
)
def test_the_clock_stands_still_as_the_steps_so_far_tell(path: str, stops: str) -> None:
    """E is a final activity, G a goal."""
    activity = np.array([ord(letter) for letter in path])
    finals, goals = np.array([ord("E"), ord("G")]), np.array([ord("G")])
    two_cases = np.repeat([0, 1], len(path))
    found = stopped(two_cases, np.tile(activity, 2), finals, goals)
    assert "".join(str(int(flag)) for flag in found) == stops * 2


def random_log(seed: int, cases: int = 60) -> list[Event]:
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for case in range(cases):
        hour = float(rng.uniform(0, 24 * 25))
        for _ in range(rng.integers(1, 8)):
            begun, hour = hour + float(rng.uniform(0, 2)), hour + float(rng.exponential(30))
            times = [_at(min(begun, hour)), _at(hour)]
            events.append((str(case), str(rng.choice(list("ABCEG"))), times[1], times[0] if case % 2 else None))
    return events


def _at(hour: float) -> str:
    return str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(int(hour * 3600), "s")).replace("T", " ")


def visits_at(events: Sequence[Event], night_end: datetime, process: Process, folder: Path) -> Visits:
    folder.mkdir()
    segments = {"region": {case: "north" if int(case) % 3 else "south" for case, *_ in events}}
    batch = write_batch(folder / "batch.parquet", events, segments)
    derive(process, [batch], night_end, folder / "tables")
    return Visits.of(Tables(folder / "tables"), process)


@pytest.mark.parametrize("ends", [{}, {"ends": ["E"]}, {"ends": ["E"], "clock": {"stops": ["G"]}}])
def test_a_past_night_is_the_later_one_cut_off(ends: dict[str, object], tmp_path: Path) -> None:
    process = a_process(segments=["region"], **ends)
    events, night = random_log(3), datetime(2024, 1, 14, tzinfo=UTC)
    then = visits_at(events, night, process, tmp_path / "then")
    later = visits_at(events, datetime(2024, 3, 1, tzinfo=UTC), process, tmp_path / "later")
    night_us = then.night_end_us
    seen = np.where(later.state == 0, later.left_us, later.entered_us) < night_us
    expected = {
        (
            int(c),
            later.names[s],
            int(e),
            min(int(left), night_us),
            later.names[n] if left < night_us and n != OPEN else "",
        )
        for c, s, e, left, n in zip(
            later.case[seen],
            later.state[seen],
            later.entered_us[seen],
            later.left_us[seen],
            later.next[seen],
            strict=True,
        )
    }
    # Cases are numbered by their beginning, which a night may learn of only later: compare by time instead of number.
    found = {
        (int(c), then.names[s], int(e), int(left), "" if n == OPEN else then.names[n])
        for c, s, e, left, n in zip(then.case, then.state, then.entered_us, then.left_us, then.next, strict=True)
    }
    assert {row[1:] for row in found} == {row[1:] for row in expected}
    assert len(then.state) == seen.sum() > 40


def test_strata_are_the_combinations_of_segments_the_commonest_first(tmp_path: Path) -> None:
    process = a_process(segments=["region"], ends=["E"])
    visits = visits_at(random_log(1), datetime(2024, 3, 1, tzinfo=UTC), process, tmp_path / "one")
    assert visits.strata == ({"region": "north"}, {"region": "south"}, {})
    assert np.bincount(visits.first_stratum, minlength=3).tolist() == [40, 20, 0]
    assert (visits.stratum == visits.first_stratum[visits.case]).all()


def test_of_very_many_activities_the_rare_ones_are_one(mined: Callable[..., Tables]) -> None:
    order = [number for number in range(50) for _ in range(2 if number % 5 else 1)]  # every fifth is rare
    log = [
        ("a", f"Step {number:02}", f"2024-01-01 {place // 60:02}:{place % 60:02}") for place, number in enumerate(order)
    ]
    visits = Visits.of(mined(log), a_process())
    assert visits.names == (BEGUN_NAME, *(f"Step {number:02}" for number in range(50) if number % 5), RARE_NAME)
    told = [visits.names[code] for code in visits.state]
    assert told == [f"Step {number:02}" if number % 5 else RARE_NAME for number in order]


def test_moves_are_counted_within_cases() -> None:
    case = np.zeros(5, np.int64)
    assert _flows(case, np.array([1, 2, 1, 2, 3])) == 3
    assert _flows(np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2])) == 1


def test_without_declared_ends_a_case_is_over_where_hardly_any_goes_on(mined: Callable[..., Tables]) -> None:
    steps = [("Take", 8), ("Ship", 12), ("Close", 15)]
    log = [(str(n), name, f"2024-01-{1 + n // 4:02} {hour:02}:{n:02}") for n in range(48) for name, hour in steps]
    log += [("3", "Take", "2024-01-03 09:00")]
    visits = Visits.of(mined(log), a_process())
    seen = [
        (visits.names[state], following == OPEN) for state, following in zip(visits.state, visits.next, strict=True)
    ]
    assert sorted(set(seen)) == [("Ship", False), ("Take", False), ("Take", True)]
    assert seen.count(("Take", True)) == 1  # the one that was taken up again


@pytest.mark.parametrize(("went_on", "final"), [(2, True), (3, False)])
def test_an_activity_after_which_one_case_in_twenty_goes_on_is_final(went_on: int, final: bool) -> None:
    completed = np.arange(40) * DAY_US  # one a day, of a log of 100 days
    followed = np.where(np.arange(40) < went_on, completed + 30 * DAY_US, np.iinfo(np.int64).max)
    found = ends_seen(np.ones(40, np.int64), completed, followed, 100 * DAY_US)
    assert found.tolist() == ([1] if final else [])


def test_what_comes_after_the_first_days_does_not_change_what_is_final() -> None:
    completed = np.arange(300) * DAY_US
    followed = np.where(completed < 60 * DAY_US, np.iinfo(np.int64).max, completed + DAY_US)
    at = [
        ends_seen(np.ones(end, np.int64), completed[:end], followed[:end], end * DAY_US).tolist() for end in (100, 300)
    ]
    assert at == [[1], [1]]
