"""Times as they are written, to instants: shapes, zones, and the hours that the clock skips or repeats."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.process import Process
from mining.sources.times import with_instant

BERLIN = "Europe/Berlin"


def read(values: list[Any], zone: str | None = None, kind: str = "VARCHAR", **times: Any) -> list[datetime | None]:
    process = Process.model_validate(
        {
            "process": "p",
            "title": "P",
            "source": {"files": "x.csv"},
            "columns": {"case": "c", "activity": "a", "completed": "t"},
            "timezone": zone,
            "times": times,
        }
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE written (number BIGINT, value {kind})")
        connection.executemany("INSERT INTO written VALUES (?, ?)", list(enumerate(values)))
        relation = with_instant("written", "value", kind, process, "t")
        return [row[0] for row in connection.execute(f'SELECT "#t" FROM {relation} ORDER BY number').fetchall()]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2016-02-29T01:16:05+02:00", utc(2016, 2, 28, 23, 16, 5)),
        ("2016-02-29 01:16:05+0200", utc(2016, 2, 28, 23, 16, 5)),
        ("2016-02-29T01:16:05Z", utc(2016, 2, 29, 1, 16, 5)),
        ("2016-02-29T01:16:05.250-03:30", utc(2016, 2, 29, 4, 46, 5, 250_000)),
        ("2016-02-29T01:16:05,123456789Z", utc(2016, 2, 29, 1, 16, 5, 123_456)),
        ("2016-02-29 01:16:05 +02:00", utc(2016, 2, 28, 23, 16, 5)),
        ("2016-02-29 01:16:05 UTC", utc(2016, 2, 29, 1, 16, 5)),
        ("2016-02-29 01:16:05", None),
        ("2016-02-30 01:16:05Z", None),
        ("2016-02-29 25:16:05Z", None),
        ("2016-02-29 01:16:05+99:00", None),
        ("infinity", None),
        ("epoch", None),
        ("1709164800", None),
        ("99999-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("0000-01-01T00:00:00Z", None),
        ("<script>", None),
        (None, None),
    ],
)
def test_iso_with_offset(text: str | None, instant: datetime | None) -> None:
    assert read([text]) == [instant]


def test_without_offset_the_declared_zone_counts() -> None:
    texts = ["2016-02-29 1:16", "2016-2-9", "2016-07-01T12:00:00.5", "2016/07/01 12:00", "2016-07-01T12:00+00:00"]
    assert read(texts, BERLIN) == [
        utc(2016, 2, 29, 0, 16),
        utc(2016, 2, 8, 23),
        utc(2016, 7, 1, 10, 0, 0, 500_000),
        utc(2016, 7, 1, 10),
        utc(2016, 7, 1, 12),
    ]


def test_day_first() -> None:
    texts = [
        "29/2/2016 01:16",
        "29.02.2016 1:16:05",
        "29-02-2016",
        "1/2/2016 01:16 PM",
        "29.02.2016, 01:16",
        "2/29/2016",
    ]
    assert read(texts, "UTC", format="day-first") == [
        utc(2016, 2, 29, 1, 16),
        utc(2016, 2, 29, 1, 16, 5),
        utc(2016, 2, 29),
        utc(2016, 2, 1, 13, 16),
        utc(2016, 2, 29, 1, 16),
        None,
    ]


def test_month_first() -> None:
    texts = ["2/29/2016 01:16 PM", "02/01/2016 12:05:00 am", "29/2/2016", "2/29/2016 1:16+01:00"]
    assert read(texts, "UTC", format="month-first") == [
        utc(2016, 2, 29, 13, 16),
        utc(2016, 2, 1, 0, 5),
        None,
        utc(2016, 2, 29, 0, 16),
    ]


def test_pattern() -> None:
    assert read(["29|02|16 7", "2016"], BERLIN, format="%d|%m|%y %H") == [utc(2016, 2, 29, 6), None]
    assert read(["29.02.2016 07:00 +0100", "29.02.2016 07:00"], BERLIN, format="%d.%m.%Y %H:%M %z") == [
        utc(2016, 2, 29, 6),
        None,
    ]


def test_skipped_hour() -> None:
    skipped = ["2024-03-31 01:59", "2024-03-31 02:30", "2024-03-31 03:00"]
    assert read(skipped, BERLIN) == [utc(2024, 3, 31, 0, 59), None, utc(2024, 3, 31, 1)]
    assert read(skipped, BERLIN, nonexistent="shift")[1] == utc(2024, 3, 31, 1, 30)  # 03:30 on the clock


def test_hour_that_happens_twice() -> None:
    twice = ["2024-10-27 01:59", "2024-10-27 02:30", "2024-10-27 03:00"]
    assert read(twice, BERLIN) == [utc(2024, 10, 26, 23, 59), utc(2024, 10, 27, 0, 30), utc(2024, 10, 27, 2)]
    assert read(twice, BERLIN, ambiguous="later")[1] == utc(2024, 10, 27, 1, 30)


def test_half_an_hour_on_lord_howe() -> None:
    zone = "Australia/Lord_Howe"
    assert read(["2024-10-06 02:15"], zone) == [None]
    assert read(["2024-10-06 02:15"], zone, nonexistent="shift") == [utc(2024, 10, 5, 15, 45)]
    assert read(["2024-04-07 01:45"], zone, ambiguous="later") == [utc(2024, 4, 6, 15, 15)]
    assert read(["2024-04-07 01:45"], zone) == [utc(2024, 4, 6, 14, 45)]


def test_native_times() -> None:
    wall = datetime(2024, 3, 31, 2, 30)
    assert read([wall], BERLIN, "TIMESTAMP") == [None]
    assert read([wall], None, "TIMESTAMP") == [None]
    assert read([wall], BERLIN, "TIMESTAMP", nonexistent="shift") == [utc(2024, 3, 31, 1, 30)]
    assert read(["2024-05-01"], BERLIN, "DATE") == [utc(2024, 4, 30, 22)]
    assert read(["infinity", "290000-01-01", "0044-03-15 (BC)"], BERLIN, "TIMESTAMP") == [None, None, None]
    assert read([utc(2024, 5, 1)], BERLIN, "TIMESTAMP WITH TIME ZONE") == [utc(2024, 5, 1)]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
MOMENTS = st.lists(st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1)), min_size=1, max_size=50)


@settings(max_examples=40, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["earlier", "later"]), st.integers(-90, 90))
def test_agrees_with_zoneinfo(moments: list[datetime], zone: str, ambiguous: str, minutes: int) -> None:
    """Python's own rules (PEP 495) are the oracle, on any moment and close to the changes of the clock."""
    changes = [
        datetime(2024, 3, 31, 1),
        datetime(2024, 10, 27, 1),
        datetime(2024, 11, 3, 6),
        datetime(2011, 12, 30, 10),
    ]
    near = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in changes]
    walls = moments + [wall + timedelta(minutes=minutes) for wall in near]
    assert read([str(wall) for wall in walls], zone, ambiguous=ambiguous) == [
        _by_python(wall, ZoneInfo(zone), fold=int(ambiguous == "later")) for wall in walls
    ]


def _by_python(wall: datetime, zone: ZoneInfo, fold: int) -> datetime | None:
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == wall else None
