"""Working time: as it was configured, minute by minute; as the log shows it, and only what a day could know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mining.calendar import (
    DAY_US,
    HOLIDAY_SPEED,
    LEAST_SPEED,
    Clock,
    day_edges,
    day_speeds,
    learned,
    wall_clock,
    working_time,
)
from mining.errors import InputError
from mining.process import Calendar
from mining.process_file import load
from mining.working_hours import hours, weekdays

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # changes by half an hour
APIA = ZoneInfo("Pacific/Apia")  # left out 30 December 2011
SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # changed at midnight, until 2019
DESK = Calendar(days="mon-fri", hours="08:00-17:00", holidays="DE")
HOUR = 3600.0


def us(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000_000


def between(clock: Clock, start: str, end: str) -> float:
    done, begun = clock.at([us(end), us(start)])
    return float(done - begun)


def by_hand(calendar: Calendar, zone: ZoneInfo, start: int, end: int, off: set[date]) -> float:
    """Working seconds by asking each minute for its local time."""
    days, ranges, worked = weekdays(calendar.days), hours(calendar.hours), 0
    for minute in range(start // 60_000_000, end // 60_000_000):
        local = datetime.fromtimestamp(minute * 60, zone)
        clock = local.hour * 60 + local.minute
        is_open = local.weekday() in days and local.date() not in off
        worked += is_open and any(first <= clock < last for first, last in ranges)
    return worked * 60.0


def test_a_wait_over_the_weekend_has_the_hours_of_friday_and_monday() -> None:
    clock = working_time(DESK, BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    assert between(clock, "2024-01-05T15:00", "2024-01-08T09:30") == 3.5 * HOUR
    assert between(clock, "2024-01-06T00:00", "2024-01-08T08:00") == 0
    assert between(clock, "2024-01-08T00:00", "2024-01-15T00:00") == 45 * HOUR


def test_holidays_of_the_country_are_not_worked() -> None:
    clock = working_time(DESK, BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    assert between(clock, "2024-12-23T00:00", "2024-12-30T00:00") == 3 * 9 * HOUR  # Monday, Tuesday, Friday
    assert date(2024, 12, 25) in clock.days_off
    state = working_time(Calendar(holidays="DE-BY"), BERLIN, date(2024, 1, 1), date(2024, 1, 31))
    assert date(2024, 1, 6) in state.days_off  # Epiphany, in Bavaria
    assert date(2024, 1, 6) not in clock.days_off


def test_the_day_of_the_change_has_23_or_25_hours_and_nine_working_hours() -> None:
    always = working_time(Calendar(days="mon-sun"), BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    assert between(always, "2024-03-31T00:00", "2024-04-01T00:00") == 23 * HOUR
    assert between(always, "2024-10-27T00:00", "2024-10-28T00:00") == 25 * HOUR
    sundays = working_time(Calendar(days="sun", hours="08:00-17:00"), BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    assert between(sundays, "2024-03-31T00:00", "2024-04-01T00:00") == 9 * HOUR
    nights = working_time(Calendar(days="sun", hours="01:30-02:30"), BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    assert between(nights, "2024-03-31T00:00", "2024-04-01T00:00") == 0.5 * HOUR  # 02:00 to 03:00 was left out
    assert between(nights, "2024-10-27T00:00", "2024-10-28T00:00") == 1.5 * HOUR  # 02:00 to 02:30 came twice


@pytest.mark.parametrize(
    ("zone", "day"),
    [(BERLIN, "2024-03-31"), (BERLIN, "2024-10-27"), (NEW_YORK, "2023-11-05"), (LORD_HOWE, "2024-04-07"),
     (APIA, "2011-12-30"), (SAO_PAULO, "2018-11-04")],
)  # fmt: skip
@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(days="mon-fri", hours="08:00-12:00, 13:00-17:00"),
        Calendar(days="sat-mon", hours="01:30-02:30"),
        Calendar(days="sun,fri", hours="00:00-03:00, 22:00-24:00"),
        Calendar(days="mon-sun"),
    ],
    ids=lambda calendar: f"{calendar.days} {calendar.hours}",
)
def test_every_minute_around_a_change_of_the_clocks(zone: ZoneInfo, day: str, calendar: Calendar) -> None:
    noon = us(f"{day}T12:00", ZoneInfo("UTC"))
    first = date.fromisoformat(day)
    clock = working_time(calendar, zone, first - timedelta(days=6), first + timedelta(days=6))
    moments = [noon + minutes * 60_000_000 for minutes in range(-3 * 1440, 3 * 1440, 17)]
    found = np.diff(clock.at(moments))
    assert found.tolist() == [by_hand(calendar, zone, start, end, set()) for start, end in pairwise(moments)]


@given(
    st.lists(st.integers(us("2023-12-01T00:00"), us("2025-01-31T00:00")), min_size=3, max_size=3),
    st.sampled_from([DESK, Calendar(days="mon,wed", hours="06:00-14:00, 22:00-24:00"), Calendar(days="sun-thu")]),
    st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]),
)
def test_working_time_never_falls_and_adds_up(moments: list[int], calendar: Calendar, zone: ZoneInfo) -> None:
    clock = working_time(calendar, zone, date(2024, 1, 1), date(2024, 12, 31))
    start, middle, end = clock.at(sorted(moments))
    assert start <= middle <= end <= start + (max(moments) - min(moments)) / 1e6
    assert (middle - start) + (end - middle) == pytest.approx(end - start, abs=1e-6)


@given(st.integers(us("2024-01-01T00:00"), us("2024-12-31T00:00")))
def test_moment_is_the_first_at_which_the_clock_shows_so_much(moment: int) -> None:
    clock = working_time(DESK, BERLIN, date(2024, 1, 1), date(2024, 12, 31))
    shown = clock.at(moment)
    back = int(clock.moment(shown))
    assert back <= moment + 1
    assert clock.at(back) == pytest.approx(shown, abs=2e-6)


def test_neighbouring_moments_keep_their_order_on_a_learned_clock() -> None:
    clock = learned(of_counts([7, 11, 13, 3, 5, 1, 0] * 12), BERLIN, us("2024-03-25T00:00"))
    edges = clock.edges_us[1:-1]
    near = np.sort(np.add.outer(edges, np.arange(-50, 51)).ravel())
    assert (np.diff(clock.at(near)) >= 0).all()


def test_the_wall_clock_counts_every_second() -> None:
    moments = np.array([us("2024-01-05T15:00"), us("2024-01-08T09:30"), us("1999-01-01T00:00")])
    assert np.diff(wall_clock().at(moments)).tolist() == (np.diff(moments) / 1e6).tolist()
    assert wall_clock().moment(wall_clock().at(moments)).tolist() == moments.tolist()


def test_outside_its_days_a_clock_runs_like_the_wall_clock() -> None:
    clock = working_time(DESK, BERLIN, date(2024, 1, 1), date(2024, 1, 31))
    assert between(clock, "2023-06-01T00:00", "2023-06-02T00:00") == 24 * HOUR
    assert between(clock, "2024-06-01T00:00", "2024-06-02T00:00") == 24 * HOUR


def test_labels_say_which_clock_it_is() -> None:
    days = date(2024, 1, 1), date(2024, 1, 31)
    assert working_time(DESK, BERLIN, *days).label == "working time, mon-fri 08:00-17:00, without holidays of DE"
    assert working_time(Calendar(), BERLIN, *days).label == "working time, mon-fri"
    assert learned(of_counts([5] * 7), BERLIN, us("2024-01-08T00:00")).label == "working days learned from the log"
    assert wall_clock().label == "wall clock"


def test_days_begin_at_local_midnight() -> None:
    edges = day_edges(BERLIN, date(2024, 3, 30), 3)
    assert edges.tolist() == [
        us("2024-03-30T00:00"),
        us("2024-03-31T00:00"),
        us("2024-04-01T00:00"),
        us("2024-04-02T00:00"),
    ]
    missing = day_edges(APIA, date(2011, 12, 29), 3)
    assert np.diff(missing).tolist() == [DAY_US, 0, DAY_US]


# What the log shows


def of_counts(counts: list[int], first: date = date(2024, 1, 1), zone: ZoneInfo = BERLIN) -> np.ndarray:
    """So many completed steps on each local day, evenly spread."""
    edges = day_edges(zone, first, len(counts))
    spread = [
        np.linspace(start, end, n, endpoint=False) for start, end, n in zip(edges, edges[1:], counts, strict=False)
    ]
    return np.concatenate(spread).astype(np.int64)


WEEK = [100, 100, 100, 100, 100, 20, 0]  # Monday to Sunday


def test_weekdays_are_as_fast_as_they_are_busy_and_a_week_lasts_a_week() -> None:
    clock = learned(of_counts(WEEK * 12), BERLIN, us("2024-03-25T00:00"))
    monday, saturday, sunday = (
        between(clock, f"2024-03-{day:02}T00:00", f"2024-03-{day + 1:02}T00:00") for day in (18, 23, 24)
    )
    assert monday == pytest.approx(5 * saturday, rel=1e-3)
    assert sunday == pytest.approx(LEAST_SPEED * 24 * HOUR, rel=0.02)
    assert between(clock, "2024-03-18T00:00", "2024-03-25T00:00") == pytest.approx(7 * 24 * HOUR, rel=1e-6)


def test_a_nearly_empty_weekday_is_a_holiday_and_seen_the_same_day() -> None:
    counts = WEEK * 12
    counts[77] = 25  # a Monday
    clock = learned(of_counts(counts[:78]), BERLIN, us("2024-03-19T00:00"))
    assert clock.days_off == (date(2024, 3, 18),)
    assert between(clock, "2024-03-18T00:00", "2024-03-19T00:00") == pytest.approx(HOLIDAY_SPEED * 24 * HOUR)


def test_a_third_of_the_usual_number_is_no_holiday_and_neither_is_chance() -> None:
    busy = WEEK * 12
    busy[77] = 31
    assert not day_speeds(np.array(busy), 0)[1].any()
    rare = [2, 3, 0, 1, 2, 0, 0] * 20  # nothing on a Monday happens
    rare[77] = 0
    assert not day_speeds(np.array(rare), 0)[1].any()


def test_a_weekday_given_up_is_learned_and_not_a_holiday_for_ever() -> None:
    counts = np.array([100] * 6 * 30 + [100, 100, 100, 100, 100, 1] * 30).reshape(60, 6)
    weeks = np.column_stack([counts, np.zeros(60, int)]).ravel()  # Saturdays end after 30 weeks
    speeds, holiday = day_speeds(weeks, 0)
    saturdays = holiday[5::7]
    assert not saturdays[:30].any()
    assert saturdays[30:33].all()
    assert not saturdays[33:].any()
    assert speeds[7 * 59 + 5] < 0.05


def test_the_fourth_of_six_mondays_off_is_a_holiday_as_the_others_were() -> None:
    counts = np.full(7 * 30, 400)
    off = 7 * np.array([20, 22, 23, 25])
    counts[off] = 15
    assert np.flatnonzero(day_speeds(counts, 0)[1]).tolist() == off.tolist()


def test_two_empty_weeks_are_holidays_and_a_lasting_loss_is_not() -> None:
    counts = np.array(WEEK * 60)
    counts[7 * 20 : 7 * 22] //= 20
    counts[7 * 40 :] //= 20
    holiday = day_speeds(counts, 0)[1].reshape(60, 7)[:, :5]
    assert holiday[20:22].all()
    assert holiday[40:43].all()
    assert holiday.sum() == 5 * 5


@given(st.lists(st.integers(0, 60), min_size=71, max_size=160), st.integers(0, 6), st.data())
def test_what_was_learned_for_a_day_never_changes_later(counts: list[int], weekday: int, data: st.DataObject) -> None:
    now = data.draw(st.integers(70, len(counts)))
    speeds, holiday = day_speeds(np.array(counts), weekday)
    earlier, holiday_then = day_speeds(np.array(counts[:now]), weekday)
    assert speeds[:now].tolist() == earlier.tolist()
    assert holiday[:now].tolist() == holiday_then.tolist()


def test_a_log_of_a_few_days_or_of_nothing_has_a_clock() -> None:
    assert learned(np.array([], np.int64), BERLIN, us("2024-03-25T00:00")).label == "wall clock"
    clock = learned(of_counts([5, 5]), BERLIN, us("2024-01-03T00:00"))
    assert between(clock, "2024-01-01T00:00", "2024-01-03T00:00") == 48 * HOUR


def test_local_days_are_learned_not_those_of_utc() -> None:
    moves = np.array([us(f"2024-{1 + week // 4:02}-{1 + 7 * (week % 4):02}T00:30", NEW_YORK) for week in range(40)])
    clock = learned(np.repeat(moves, 50), NEW_YORK, us("2024-11-01T00:00", NEW_YORK))
    assert clock.edges_us[1] == us("2024-01-01T00:00", NEW_YORK)


# The texts of a process file


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", [0, 1, 2, 3, 4]), ("mon, wed-fri", [0, 2, 3, 4]), ("sun-thu", [0, 1, 2, 3, 6]), ("Sat", [5])],
)
def test_weekdays(text: str, days: list[int]) -> None:
    assert list(weekdays(text)) == days


def test_hours() -> None:
    assert hours("08:00-17:00") == ((480, 1020),)
    assert hours("13:00-17:30,8:00 - 12:00") == ((480, 720), (780, 1050))
    assert hours("00:00-24:00") == ((0, 1440),)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("days", "mon-fry", '"mon-fry" is no day or range of days; write "mon-fri"'),
        ("days", "", '"" is no day'),
        ("hours", "8-17", '"8-17" is no range of hours; write "08:00-17:00"'),
        ("hours", "24:30-25:00", "is no range of hours"),
        ("hours", "22:00-06:00", 'ends before it begins; a shift over midnight is "00:00-06:00, 22:00-24:00"'),
        ("hours", "08:00-12:00, 11:00-17:00", "overlap"),
        ("holidays", "GER", '"GER" is no country that the `holidays` library knows; perhaps'),
        ("holidays", "DE-XX", '"XX" is no part of DE that the `holidays` library knows; it knows Augsburg, BB, BE'),
    ],
)
def test_what_is_wrong_with_a_calendar_is_told(key: str, value: str, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Calendar.model_validate({key: value})
    assert told in str(caught.value)


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(
        "process: orders\ntitle: Orders\nsource: {files: orders.csv}\n"
        "columns: {case: case, activity: activity, completed: time}\ncalendar:\n  days: mon-fri\n  hours: 17:00-08:00\n"
    )
    with pytest.raises(InputError, match=r"orders.yaml:7: calendar.hours: .*ends before it begins"):
        load(path)


def test_norway_is_a_country(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(
        "process: orders\ntitle: Orders\nsource: {files: orders.csv}\n"
        "columns: {case: case, activity: activity, completed: time}\ncalendar: {holidays: NO}\n"
    )
    calendar = load(path).calendar
    assert calendar is not None
    assert date(2024, 5, 17) in working_time(calendar, BERLIN, date(2024, 1, 1), date(2024, 12, 31)).days_off


def test_times_of_now_are_whole_microseconds() -> None:
    now = datetime(2026, 11, 22, 6, 45, 0, 123_457, tzinfo=UTC)
    moment = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    seconds = np.diff(wall_clock().at([moment, moment + 1]))
    assert seconds.tolist() == pytest.approx([1e-6], abs=2e-7)
