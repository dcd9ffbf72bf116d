"""Numbers about one pull that the rules are stated in: measured in DuckDB, before the rules are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import duckdb

WEEKS = 8  # of the past that say what is usual
WEEKS_NEEDED = 4  # before there is a "usual"
# No system that keeps events by case is older, and 1900-01-01 or 1970-01-01 are the usual defaults of an empty field.
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
LONG_BEFORE_THE_MEDIAN = timedelta(days=30 * 365.25)
# Clocks of other machines may run ahead; a whole day also covers a time zone that was read wrongly by a few hours.
AHEAD = timedelta(days=1)
# Where nine in ten events have an activity with letters in it, an activity without any is no name.
MOSTLY_WORDS = 0.9


@dataclass(frozen=True)
class Bounds:
    """What the rules for single rows need to know."""

    case: str  # names of the source's columns, for messages
    activity: str
    completed: str
    earliest: datetime
    latest: datetime
    activities_are_words: bool


@dataclass(frozen=True)
class Facts:
    """What the rules for the whole pull need to know; None where there is nothing to measure."""

    pulled: int
    set_aside: int
    history: int  # events of earlier pulls
    known_activities: tuple[str, ...]  # of earlier pulls
    has_ends: bool
    tied_share: float | None
    overlapping_share: float | None
    day: date  # the last whole day before loading, in the process's time zone
    day_events: int
    day_usual: float | None  # median of the same weekday in the last weeks
    age_days: float | None  # of the newest event, when loaded
    age_limit_days: float | None

    @property
    def good(self) -> int:
        return self.pulled - self.set_aside

    @property
    def set_aside_share(self) -> float | None:
        return self.set_aside / self.pulled if self.pulled else None

    @property
    def good_share(self) -> float | None:
        return self.good / self.pulled if self.pulled else None

    @property
    def day_low(self) -> float | None:
        """Half of the usual, and at least four standard deviations of a count (Poisson) below it."""
        return None if self.day_usual is None else min(self.day_usual / 2, self.day_usual - 4 * self.day_usual**0.5)

    @property
    def day_high(self) -> float | None:
        """Twice the usual, and at least four standard deviations of a count (Poisson) above it."""
        return None if self.day_usual is None else max(self.day_usual * 2, self.day_usual + 4 * self.day_usual**0.5)

    def store(self, db: duckdb.DuckDBPyConnection) -> None:
        """Write the one row that the expectations look at."""
        numbers = {
            "set_aside_share": self.set_aside_share,
            "good_share": self.good_share,
            "tied_share": self.tied_share,
            "overlapping_share": self.overlapping_share,
            "day_events": self.day_events,
            "age_days": self.age_days,
        }
        columns = ", ".join(f"?::double as {name}" for name in numbers)
        db.execute(f"create or replace table facts as select {columns}", list(numbers.values()))


def bounds(db: duckdb.DuckDBPyConnection, *, case: str, activity: str, completed: str, loaded_at: datetime) -> Bounds:
    """Measure `pulled` before any row is set aside."""
    middle = _number(db, "select median(epoch(completed)) from pulled where isfinite(completed)")
    words = _number(db, WORDS)
    far_back = (middle or 0) - LONG_BEFORE_THE_MEDIAN.total_seconds()
    return Bounds(
        case=case,
        activity=activity,
        completed=completed,
        earliest=datetime.fromtimestamp(max(OLDEST.timestamp(), far_back), UTC),
        latest=loaded_at.astimezone(UTC) + AHEAD,
        activities_are_words=(words or 0) >= MOSTLY_WORDS,
    )


def facts(db: duckdb.DuckDBPyConnection, *, zone: ZoneInfo, ends: Collection[str], loaded_at: datetime) -> Facts:
    """Measure `pulled`, `good` and `history` after the bad rows were set aside."""
    _tabulate(db, ends)
    day = loaded_at.astimezone(zone).date() - timedelta(days=1)
    newest = _number(db, "select max(epoch(completed)) from recent")
    known = db.execute("select distinct activity from history order by activity").fetchall()
    return Facts(
        pulled=int(_number(db, "select count(*) from pulled") or 0),
        set_aside=int(_number(db, "select count(*) from bad") or 0),
        history=int(_number(db, "select count(*) from history") or 0),
        known_activities=tuple(name for (name,) in known),
        has_ends=bool(ends),
        tied_share=_number(db, TIED),
        overlapping_share=_number(db, OVERLAPPING),
        day=day,
        day_events=_events_by_day(db, zone, day)[day],
        day_usual=_usual_events(db, zone, day),
        age_days=None if newest is None else (loaded_at.timestamp() - newest) / 86400,
        age_limit_days=_longest_silence(db, zone, newest),
    )


WORDS = r"""
    select avg(regexp_matches(activity, '\pL')::int) from
        (select activity from pulled where activity is not null union all select activity from history)"""

# Events that share case, time and order key with another. Hashes, because ten million texts would not fit in memory;
# two different keys with one hash are a matter of one in a million logs, and of one event then.
TIED = """
    select coalesce(sum(n) filter (n > 1), 0) / sum(n)
    from (select count(*) as n from good group by hash(case_id, completed, order_key))"""

OVERLAPPING = """
    select avg(coalesce(started < busy_until, false)::int) from (
        select started, max(completed) over (partition by resource order by started, completed
                                             rows between unbounded preceding and 1 preceding) as busy_until
        from good where started < completed and resource is not null)"""


def _tabulate(db: duckdb.DuckDBPyConnection, ends: Collection[str]) -> None:
    """What the rules look up: declared ends; activities with their counts; cases, and whether they are new."""
    db.execute("create table ends (activity varchar)")
    if ends:
        db.executemany("insert into ends values (?)", [[name] for name in sorted(ends)])
    db.execute(
        "create view recent as select case_id, activity, completed from history "
        "union all select case_id, activity, completed from good"
    )
    db.execute("create table labels as select activity, count(*) as events from recent group by activity")
    db.execute(
        "create table cases as select case_id, bool_and(is_new) as is_new from ("
        "select distinct case_id, true as is_new from good union all "
        "select distinct case_id, false from history) group by case_id"
    )


def _number(db: duckdb.DuckDBPyConnection, query: str) -> float | None:
    row = db.execute(query).fetchone()
    return None if row is None else row[0]


def _events_by_day(db: duckdb.DuckDBPyConnection, zone: ZoneInfo, last: date) -> Counter[date]:
    """Different events per local day, in the last weeks; batches may overlap, so the same event counts once."""
    begin = datetime.combine(last - timedelta(weeks=WEEKS), datetime.min.time(), zone)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    rows = db.execute(
        """select timezone(?, completed)::date as day, count(distinct hash(case_id, activity, completed))
           from recent where completed >= ? and completed < ? group by day""",
        [zone.key, begin, end],
    ).fetchall()
    return Counter(dict(rows))


def _usual_events(db: duckdb.DuckDBPyConnection, zone: ZoneInfo, day: date) -> float | None:
    """The median of the same weekday in the weeks before, if there are enough of them."""
    first = _number(db, "select min(epoch(completed)) from recent")
    if first is None:
        return None
    first_day = datetime.fromtimestamp(first, zone).date()
    counts = _events_by_day(db, zone, day)
    before = [day - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    seen = [counts[d] for d in before if d >= first_day]
    return median(seen) if len(seen) >= WEEKS_NEEDED else None


def _longest_silence(db: duckdb.DuckDBPyConnection, zone: ZoneInfo, newest: float | None) -> float | None:
    """Days: the longest stretch between two days with events in the last weeks, and one day more."""
    if newest is None:
        return None
    days = sorted(_events_by_day(db, zone, datetime.fromtimestamp(newest, zone).date()))
    return 1 + max((later - earlier).days for earlier, later in pairwise(days)) if days[1:] else 2
