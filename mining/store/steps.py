"""Events -> steps, cases and variants: sorted once, then read in order.

Events of a case are ordered by time, then the declared order column, start, activity, resource and id, so that the order of
the rows that came in never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import duckdb

from mining.process import Process
from mining.sources.quoting import literal, quoted
from mining.store.events import OPTIONAL, coded_columns, segments_of, used

# What is kept of a step; the step before it is found again by `with_before`.
STEPS = (
    '"case" integer, position integer, activity integer, resource integer, completed_us bigint, started_us bigint, '
    "order_key double, event varchar"
)
CASES = (
    '"case" integer, case_id varchar, first_us bigint, last_us bigint, events integer, simultaneous integer, '
    "variant integer, last_activity integer, stop integer, cycle_us bigint"
)
VARIANTS = "variant integer, one ubigint, two ubigint, activities integer[], stop integer"


def with_before(steps: str) -> str:
    """SQL: steps with the activity (`after`) and the completion (`enabled_us`) of the step before; null for the first."""
    return f"""select *, lag(activity) over in_case as after, lag(completed_us) over in_case as enabled_us
        from ({steps}) window in_case as (partition by "case" order by position)"""


def kept_columns(process: Process, order: Order) -> str:
    """The columns of a step that are written: those that the events have, and the position."""
    return ", ".join(name for name, _kind in _columns(process) if name in order.there or name == quoted("position"))


def _columns(process: Process) -> list[tuple[str, str]]:
    """Names and types of what is kept of a step."""
    fixed = [column.split() for column in STEPS.split(", ")]
    return [(quoted(name.strip('"')), kind) for name, kind in fixed] + [
        (quoted(s), "integer") for s in segments_of(process)
    ]


@dataclass(frozen=True)
class Order:
    """How the events of a case are brought in order: SQL of what is joined to the events `e`, and of the keys."""

    joins: str
    keys: str
    there: frozenset[str]  # columns that the events have


def order_of(con: duckdb.DuckDBPyConnection, process: Process, *, first: bool) -> Order:
    """The codes of a first load are in the order of the names; later ones are not, and are sorted by name.

    Columns in which nothing is written are left out: sorting by them would cost for nothing.
    """
    there = frozenset(quoted(row[0]) for row in con.execute("describe events").fetchall())
    coded = [column for column in coded_columns(process) if quoted(column) in there]
    filled = used(con, "events") if not first else [column for column in OPTIONAL if quoted(column) in there]
    joins = "".join(
        f" left join (select code, row_number() over (order by name) as rank from names where kind = {literal(c)}) r_{c} "
        f"on r_{c}.code = e.{c}"
        for c in coded
        if not first
    )
    keys = ["completed_us", *filled, *(c if first else f"r_{c}.rank" for c in coded)]
    return Order(joins, ", ".join(f"{key} nulls last" for key in keys), there)


def make_steps(con: duckdb.DuckDBPyConnection, process: Process, name: str, cases: range, order: Order) -> None:
    """View NAME on a table NAME_rows: the steps of a range of cases in order, with `after` and `enabled_us`."""
    kept = [column for column, _kind in _columns(process) if column in order.there]
    in_range = f'"case" >= {cases.start} and "case" < {cases.stop}'
    con.execute(
        f"""create table {name}_rows as
        select {", ".join(kept)}, (line + (select min(before) from spans where {in_range}) - before)::integer as position,
            case when same_case then before_activity end as after, case when same_case then before_us end as enabled_us
        from (
            select *, row_number() over () as line, lag("case") over () = "case" as same_case,
                lag(activity) over () as before_activity, lag(completed_us) over () as before_us
            from (select e.* from events e {order.joins} where {in_range} order by "case", {order.keys}))
        join (from spans where {in_range}) using ("case")"""
    )
    empty = [(c, kind) for c, kind in _columns(process) if c not in order.there and c != quoted("position")]
    con.execute(
        f"create view {name} as select *{''.join(f', null::{kind} as {c}' for c, kind in empty)} from {name}_rows"
    )


def make_cases(con: duckdb.DuckDBPyConnection, process: Process, steps: str, name: str, naming: Lock) -> None:
    """Table NAME: the cases of a table of steps. Ways of running that `variants` does not have yet are added there.

    A way of running is recognised by two numbers of 64 bits made of all its positions and activities, which is many times
    faster than by the list; the list itself is read from one case of each.
    """
    segments = segments_of(process)
    last_known = "".join(f", arg_max({s}, position) filter ({s} is not null) as {s}" for s in segments)
    con.execute(
        f"""create table {name}_summary as
        select "case", min(coalesce(started_us, completed_us)) as first_us, max(completed_us) as last_us,
            count(*)::integer as events, count(*) filter (completed_us = enabled_us)::integer as simultaneous,
            bit_xor(hash(activity::bigint * 1000003 + position)) as one,
            bit_xor(hash(position::bigint * 1000033 + activity)) as two {last_known}
        from {steps} group by "case" """
    )
    with naming:
        _add_variants(con, process, steps, f"{name}_summary")
    con.execute(
        f"""create table {name} as
        select s."case", t.case_id, first_us, last_us, events, simultaneous, v.variant, v.activities[-1] as last_activity, v.stop,
            case when v.stop = events then last_us - first_us end as cycle_us {"".join(f", {s}" for s in segments)}
        from {name}_summary s join touched t using ("case") join variants v using (one, two) order by s."case" """
    )
    con.execute(
        f"""update {name} set cycle_us = s.completed_us - first_us from {steps} s
        where {name}.stop < events and s."case" = {name}."case" and s.position = {name}.stop"""
    )
    con.execute(f"drop table {name}_summary")


def _add_variants(con: duckdb.DuckDBPyConnection, process: Process, steps: str, summary: str) -> None:
    con.execute(
        f"""create temp table unknown as
        select one, two, min("case") as "case" from {summary} anti join variants using (one, two) group by one, two"""
    )
    con.execute(
        f"""create temp table paths as
        select row_number() over (order by one, two) + (select coalesce(max(variant), 0) from variants) as variant,
            one, two, activities
        from unknown join (
            select "case", list(activity order by position) as activities
            from {steps} semi join unknown using ("case") group by "case") using ("case")"""
    )
    goals = process.clock.stops if process.clock else ()
    for table, chosen in (("goals", goals), ("finals", process.final_activities)):
        con.execute(
            f"""create temp table {table} as
            select code as activity from names where kind = 'activity' and list_contains(?, name)""",
            [list(chosen)],
        )
    con.execute(
        f"""insert into variants
        with {_STOPS}
        select variant, one, two, activities, s.stop from paths left join stops s using (variant) order by variant"""
    )
    con.execute("drop table unknown; drop table paths; drop table goals; drop table finals")


# Where the clock of a case with this path stands still. With a goal: at the first event of the last run of goal steps,
# unless work done before it was done again after it: then the case was reopened. Else at the first event of the run of
# final activities that the path ends with; what has none, or goes on after it, is open.
_STOPS = """
    path as (select variant, unnest(activities) as activity, generate_subscripts(activities, 1) as position from paths),
    working as (
        select variant, max(position) as events,
            coalesce(max(position) filter (activity not in (from finals)), 0) as last_working,
            max(position) filter (activity in (from goals)) as last_goal
        from path group by variant),
    goal as (
        select variant, 1 + coalesce(max(position) filter (activity not in (from goals) and position < last_goal), 0) as stop
        from path join working using (variant) where last_goal is not null group by variant),
    reopened as (
        select variant from (
            select *, min(position) over (partition by variant, activity) as first_time from path) join goal using (variant)
        where position > stop and first_time < stop and activity not in (from finals)),
    stops as (
        select variant, coalesce(g.stop, case when last_working < events then last_working + 1 end) as stop
        from working left join (from goal anti join reopened using (variant)) g using (variant))"""
