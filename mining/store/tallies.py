"""Counts and sums over steps, kept beside them so that a night adds only what it changed.

Every tally adds up: a night takes away what the touched cases had brought and adds what they bring now.

waits: after, activity, us -> n, total_us. Waits of all moves, by class of time.
stays: after, us -> n, total_us. Sojourns before the clock stopped, by the state left and class of time.
weeks: week (7 days since 1970 of entering), after, activity -> n, total_us, processed, processing_us. The same moves.
work: activity -> processed, processing_us. Events with a start.
cycles: variant, us -> n, total_us. Cycle times by class of time; null: cases that are open as far as final activities tell.
recent: after, activity, case, entered_us, left_us. The newest moves before the clock stopped, for what needs single ones.

A class of time is a single microsecond for a log of up to EXACT events; above, all times that agree in their first 10 binary
digits, which are at most 0.2 % apart and of which the sum is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb

from mining.store.session import count

EXACT = 2_000_000  # events
DIGITS = 10
SAMPLE = 500_000  # events at most in the sample of a larger log
RECENT = 5_000  # moves of each pair that are looked at; a few more are kept, because some are taken away
_SPARE = 6_000
_CODES = ("after", "activity", "variant")
_WEEK = 7 * 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Tally:
    """One table of counts and sums: SQL over moves, or over cases."""

    keys: dict[str, str]
    sums: dict[str, str]
    of: str = "after is not null"


_PROCESSED = {"processed": "count(processing_us)", "processing_us": "coalesce(sum(processing_us), 0)"}
_CYCLES = {"n": "count(*)", "total_us": "coalesce(sum(cycle_us), 0)"}
_STAYED = {"n": "count(*)", "total_us": "sum(sojourn_us)"}


def tallies(digits: int) -> dict[str, Tally]:
    """All tallies, with times told apart by so many binary digits."""
    pair = {"after": "after", "activity": "activity"}
    waited = {"n": "count(*)", "total_us": "sum(wait_us)"}
    return {
        "waits": Tally({**pair, "us": time_class("wait_us", digits)}, waited),
        "stays": Tally({"after": "after", "us": time_class("sojourn_us", digits)}, _STAYED),
        "weeks": Tally({"week": f"enabled_us // {_WEEK}", **pair}, {**_STAYED, **_PROCESSED}),
        "work": Tally({"activity": "activity"}, _PROCESSED, of="started_us is not null"),
        "cycles": Tally({"variant": "variant", "us": time_class("cycle_us", digits)}, _CYCLES, of="true"),
    }


def digits_of(events: int) -> int:
    """Binary digits of a time that tell classes apart; 63: all."""
    return 63 if events <= EXACT else DIGITS


def sample_power(events: int) -> int:
    """One case in 2 to this power is in the sample that stands for a large log."""
    return 0 if events <= EXACT else max(0, math.ceil(math.log2(events / SAMPLE)))


def in_sample(power: int) -> str:
    """SQL: whether a case is in the sample."""
    return f"hash(case_id) % {2**power} = 0"


def time_class(us: str, digits: int) -> str:
    """SQL of the class of a time: its first binary digits."""
    if digits >= 63:
        return us
    shift = f"greatest(0, ceil(log2({us} + 1))::integer - {digits})"
    return f"(({us} >> {shift}) << {shift})"


def count_changes(
    con: duckdb.DuckDBPyConnection, steps: str, cases: str, digits: int, sign: int, *, started: bool
) -> None:
    """Add (sign 1) or take away (-1) what steps bring to the tallies, in tables `changes_...`.

    `steps` have `after` and `enabled_us`. Moves that came after the clock had stopped are taken away where they do not count.
    started: whether of any step, here or elsewhere among those that are added up, the start is known. If not, a stay is a wait,
    and `add_up` counts it.
    """
    moves = f"({_MOVES} from {steps})"
    halted = f"""(select m.* from {moves} m join (select "case", stop from {cases} where stop < events) using ("case")
        where position > stop)"""
    made = tallies(digits)
    _count(con, "cycles", made["cycles"], cases, sign)
    for name in ("waits", "weeks", *(("stays", "work") if started else ())):
        _count(con, name, made[name], moves, sign)
    for name in ("stays", "weeks"):
        _count(con, name, made[name], halted, -sign)
    if sign > 0:
        _find_newest(con, moves, halted)


_MOVES = """select *, completed_us - started_us as processing_us, completed_us - enabled_us as sojourn_us,
    greatest(0, coalesce(started_us, completed_us) - enabled_us) as wait_us"""


def _count(con: duckdb.DuckDBPyConnection, name: str, made: Tally, moves: str, sign: int) -> None:
    columns = ", ".join(f"{sql} as {column}" for column, sql in {**made.keys, **made.sums}.items())
    con.execute(
        f"insert into changes_{name} by name select {sign} as sign, {columns} from {moves} where {made.of} group by all"
    )


def add_up(con: duckdb.DuckDBPyConnection, *, started: bool) -> None:
    """Tables `waits`, `stays`, `weeks`, `work` and `recent`: those of `known_...` with their changes."""
    if not started:  # adding up what was counted is quicker than counting again
        con.execute(
            "insert into changes_stays select sign, after, us, sum(n), sum(total_us) from changes_waits group by all"
        )
    for name, made in tallies(63).items():
        keys, sums = ", ".join(made.keys), list(made.sums)
        con.execute(
            f"""create table {name} as
            select {keys}, {", ".join(f"sum(sign * {s})::bigint as {s}" for s in sums)}
            from (select 1 as sign, {keys}, {", ".join(sums)} from known_{name} union all by name from changes_{name})
            group by {keys} having sum(sign * {sums[0]}) <> 0 order by {keys}"""
        )
    con.execute(
        f"""create table recent as {
            _newest('''
        select * from changes_recent union all select * from known_recent anti join touched using ("case")''')
        }"""
    )


def open_tallies(con: duckdb.DuckDBPyConnection, known: dict[str, str]) -> None:
    """Tables `known_...` (by SQL; empty without) and `changes_...`."""
    for name, made in tallies(63).items():
        columns = ", ".join(f"{c} {'integer' if c in _CODES else 'bigint'}" for c in [*made.keys, *made.sums])
        con.execute(f"create table changes_{name} (sign integer, {columns})")
        con.execute(f"create table known_{name} ({columns})")
    for name in ("known_recent", "changes_recent"):
        con.execute(
            f'create table {name} (after integer, activity integer, "case" integer, entered_us bigint, left_us bigint)'
        )
    for name, query in known.items():
        con.execute(f"insert into known_{name} by name {query}")


def coarsen(con: duckdb.DuckDBPyConnection, digits: int) -> None:
    """Bring the known tallies of a log that has grown large to its classes of time."""
    for name in ("waits", "stays", "cycles"):
        keys = [key for key in tallies(digits)[name].keys if key != "us"]
        con.execute(
            f"""create or replace table known_{name} as
            select {", ".join(keys)}, {time_class("us", digits)} as us, sum(n)::bigint as n, sum(total_us)::bigint as total_us
            from known_{name} group by all"""
        )


def _find_newest(con: duckdb.DuckDBPyConnection, moves: str, halted: str) -> None:
    """The moves of each pair since the week from which on enough have begun, here and in what was counted before: the newest
    are among them, and nothing is sorted.
    """
    con.execute(
        f"""insert into changes_recent
        with counted as (select after, activity, week, sum(sign * n) as n from changes_weeks group by all),
        newer as (select *, sum(n) over (partition by after, activity order by week desc) as begun from counted),
        since as (
            select after, activity, coalesce(max(week) filter (begun >= {_SPARE}), min(week)) as week
            from newer group by all)
        select after, activity, "case", enabled_us, completed_us
        from {moves} join since using (after, activity) anti join (select "case", position from {halted}) using ("case", position)
        where completed_us >= (week - (week <= 0)::integer) * {_WEEK}"""  # before 1970 weeks are cut off upwards
    )


def _newest(moves: str) -> str:
    return f"""select * from ({moves}) qualify row_number() over (
            partition by after, activity order by left_us desc, entered_us desc, "case" desc) <= {_SPARE}
        order by after, activity, left_us, entered_us, "case" """


def recent_is_short(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether fewer moves of a pair are kept than are looked at, though there were more."""
    return bool(
        count(
            con,
            f"""select count(*) from (select after, activity, sum(n) as n from weeks group by all) w
            left join (select after, activity, count(*) as kept from recent group by all) r using (after, activity)
            where coalesce(kept, 0) < least(n, {RECENT})""",
        )
    )


def recount_recent(con: duckdb.DuckDBPyConnection, steps: str, cases: str) -> None:
    """Make `recent` anew from all steps."""
    moves = f"""select after, activity, "case", enabled_us as entered_us, completed_us as left_us
        from ({steps}) s join (select "case", stop from ({cases})) c using ("case")
        where after is not null and (stop is null or position <= stop)"""
    con.execute(f"create or replace table recent as {_newest(moves)}")
