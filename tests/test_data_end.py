"""Where the data end before the night does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from lives import HOUR, UTC, lives

from mining.data_end import data_end
from mining.lifetimes import Ints, micros
from mining.morning_findings import Tone
from mining.verdict import silence

NIGHT_END = datetime(2024, 6, 3, tzinfo=UTC)


def begun(each: int, unlike: Mapping[int, int], days: int = 140) -> Ints:
    """So many cases on each day, but others on some: days are counted back from the night's, which is 1."""
    at = [
        micros(NIGHT_END - timedelta(days=back) + timedelta(minutes=number))
        for back in range(days, 0, -1)
        for number in range(unlike.get(back, each))
    ]
    return np.array(at, np.int64)


@pytest.mark.parametrize("silent", [7, 8, 30])
def test_the_data_end_after_the_last_day_on_which_a_case_began(silent: int) -> None:
    found = data_end(begun(5, dict.fromkeys(range(1, silent + 1), 0)), NIGHT_END)
    assert found == date(2024, 6, 3) - timedelta(days=silent)


def test_a_week_with_hardly_a_case_is_silent_too() -> None:
    """35 cases are usual in a week: 1 is hardly any (5 % are 1.75), 2 are some."""
    quiet = dict.fromkeys(range(1, 8), 0)
    assert data_end(begun(5, quiet | {3: 1}), NIGHT_END) == date(2024, 5, 27)
    assert data_end(begun(5, quiet | {3: 2}), NIGHT_END) is None


def test_less_than_a_week_is_no_end() -> None:
    assert data_end(begun(5, dict.fromkeys(range(1, 7), 0)), NIGHT_END) is None


def test_of_few_cases_a_week_without_one_is_chance() -> None:
    quiet = dict.fromkeys(range(1, 8), 0)
    assert data_end(begun(3, quiet), NIGHT_END) is not None  # 21 a week
    assert data_end(begun(2, quiet), NIGHT_END) is None


def test_a_process_that_pauses_is_not_at_its_end() -> None:
    pauses = dict.fromkeys([*range(1, 9), *range(60, 76)], 0)
    assert data_end(begun(5, pauses), NIGHT_END) is None
    shorter = dict.fromkeys([*range(1, 16), *range(60, 68)], 0)
    assert data_end(begun(5, shorter), NIGHT_END) == date(2024, 5, 19)


def test_a_young_or_an_empty_log_has_no_end() -> None:
    quiet = dict.fromkeys(range(1, 8), 0)
    assert data_end(begun(5, quiet, days=55), NIGHT_END) is None
    assert data_end(begun(5, {}, days=0), NIGHT_END) is None


def test_the_day_is_that_of_the_process() -> None:
    """The last case began at 23:56 of 26 May in London, on the 27th in Berlin."""
    quiet = begun(5, dict.fromkeys(range(1, 8), 0))
    late = np.append(quiet, micros(datetime(2024, 5, 26, 22, 56, tzinfo=UTC)))
    berlin = datetime(2024, 6, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    london = datetime(2024, 6, 3, tzinfo=ZoneInfo("Europe/London"))
    assert data_end(late[late < micros(berlin)], london) == date(2024, 5, 27)
    assert data_end(late, berlin + timedelta(hours=4)) == date(2024, 5, 28)


def test_the_headline_says_so() -> None:
    finished = lives([(NIGHT_END - timedelta(days=20), HOUR)] * 3, NIGHT_END)
    found = silence(date(2024, 5, 27), finished)
    assert found is not None and (found.tone, found.typical_s, found.since) == (Tone.ENDED, HOUR, "2024-05-27")
    assert silence(date(2024, 5, 27), lives([(NIGHT_END - timedelta(days=20), None)], NIGHT_END)) is None
