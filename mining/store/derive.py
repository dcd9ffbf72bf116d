"""Batches -> steps and cases, as they stood at the end of a night.

The physical layout: activities, resources, cases and variants are integer codes; steps lie in (case, order) order, sorted
once; times are microseconds. Events of a case are ordered by time, then the declared order column, then start, activity
and resource, so that the order of the input's rows never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from mining.process import Process

_EVENT = "case_id, activity, completed, started, resource, order_key"  # what makes two rows the same event
_IN_ORDER = "case_id, completed, order_key, started, activity, resource"


def derive(process: Process, batches: Sequence[Path], night_end: datetime, into: Path) -> None:
    """Write steps, cases, variants, activities and resources (Parquet) of everything that happened before `night_end`.

    An event that several batches bring is one event; rows that are equal within one batch are as many events as rows.

    steps: case, position (1..), activity, resource, completed_us, started_us, after, enabled_us (the step before: its
        activity and completion; null for the first), wait_us, processing_us (null without start), sojourn_us.
    cases: case, case_id, first_us, last_us, events, activities (distinct), variant, stop (position at which the clock
        stood still; null while open), cycle_us (null while open), then one column per segment: `segment_1`, ...
    variants: variant, activities (codes in order), cases.
    """
    into.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"temp_directory": str(into / "spill")})
    try:
        _load(con, process, batches, night_end)
        _encode(con)
        _steps(con)
        _cases(con, process, night_end)
        for table in ("activities", "resources", "variants", "cases", "steps"):
            con.execute(f"copy {table} to '{_quoted(into / f'{table}.parquet')}' (format parquet, compression zstd)")
    finally:
        con.close()


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _load(con: duckdb.DuckDBPyConnection, process: Process, batches: Sequence[Path], night_end: datetime) -> None:
    """Table `events`: each event once, with the newest batch's word on its segments."""
    files = [str(path) for path in batches]
    listed = ", ".join(f"'{_quoted(path)}'" for path in batches)
    con.execute(
        f"create temp view rows as select * from read_parquet([{listed}], union_by_name = true, filename = true)"
    )
    known = {row[0] for row in con.execute("describe rows").fetchall()}
    segments = [
        (f"source.{name}" if f"source.{name}" in known else None, f"segment_{number}")
        for number, name in enumerate(process.segments, 1)
    ]
    columns = "".join(f", {_identifier(c)}::varchar {s}" if c else f", null::varchar {s}" for c, s in segments)
    newest = "".join(f", arg_max({s}, load) {s}" for _, s in segments)
    con.execute("create temp table loads (filename varchar, load integer)")
    con.executemany("insert into loads values (?, ?)", [[file, load] for load, file in enumerate(files)])
    visible = f"""select {_EVENT}, load {columns} from rows join loads using (filename) where epoch_us(completed) < ?"""
    if len(files) == 1:
        con.execute(f"create temp table events as {visible}", [_microseconds(night_end)])
        return
    con.execute(
        f"""create temp table events as
        select {_EVENT} {newest} from (
            select *, row_number() over (partition by load, {_EVENT}) as copy from ({visible})
        ) group by {_EVENT}, copy""",
        [_microseconds(night_end)],
    )


def _encode(con: duckdb.DuckDBPyConnection) -> None:
    """Codes by name, so that they depend on the content only."""
    for table, column, code in (("activities", "activity", "activity"), ("resources", "resource", "resource")):
        con.execute(
            f"""create temp table {table} as select (row_number() over (order by {column}))::integer as {code}, {column} as name
            from (select distinct {column} from events where {column} is not null) order by {code}"""
        )
    con.execute(
        """create temp table case_ids as select (row_number() over (order by case_id))::integer as "case", case_id
        from (select distinct case_id from events)"""
    )


def _steps(con: duckdb.DuckDBPyConnection) -> None:
    """Sort once; then `lag` over rows that already lie in order, which DuckDB streams."""
    con.execute(
        """create temp table sorted as
        select c."case", a.activity, r.resource, epoch_us(e.completed) as completed_us, epoch_us(e.started) as started_us
        from events e join case_ids c using (case_id) join activities a on a.name = e.activity
        left join resources r on r.name = e.resource
        order by c."case", e.completed, e.order_key nulls last, e.started nulls last, a.activity, r.resource nulls last"""
    )
    con.execute(
        """create temp table steps as
        with numbered as (select *, row_number() over () as line from sorted),
        before as (
            select *, lag("case") over () = "case" as continues, lag(activity) over () as before_activity,
                lag(completed_us) over () as before_us
            from numbered),
        first as (select "case", min(line) as first_line from numbered group by "case")
        select b."case", (b.line - f.first_line + 1)::integer as position, activity, resource, completed_us, started_us,
            case when continues then before_activity end as after,
            case when continues then before_us end as enabled_us,
            case when continues then greatest(0, coalesce(started_us, completed_us) - before_us) end as wait_us,
            completed_us - started_us as processing_us,
            case when continues then completed_us - before_us end as sojourn_us
        from before b join first f using ("case") order by b.line"""
    )


def _cases(con: duckdb.DuckDBPyConnection, process: Process, night_end: datetime) -> None:
    goals = process.clock.stops if process.clock else ()
    for table, chosen in (("goals", goals), ("finals", process.final_activities)):
        con.execute(
            f"create temp table {table} as select activity from activities where list_contains(?, name)", [list(chosen)]
        )
    con.execute(
        """create temp table summary as
        select "case", min(coalesce(started_us, completed_us)) as first_us, max(completed_us) as last_us,
            count(*)::integer as events, count(distinct activity)::integer as activities,
            list(activity order by position) as path,
            coalesce(max(position) filter (activity not in (from finals)), 0) as last_working,
            max(position) filter (activity in (from goals)) as last_goal
        from steps group by "case" """
    )
    con.execute(
        """create temp table variants as
        select (row_number() over (order by count(*) desc, path))::integer as variant, path as activities, count(*) as cases
        from summary group by path order by variant"""
    )
    con.execute(f"create temp table stops as {_FINAL_STOPS}" if process.final_activities else _silent(night_end))
    segments = [f"segment_{number}" for number in range(1, len(process.segments) + 1)]
    last_known = "".join(f", arg_max({s}, (completed, order_key)) filter ({s} is not null) as {s}" for s in segments)
    con.execute(
        f"""create temp table cases as
        select s."case", c.case_id, first_us, last_us, events, s.activities, v.variant, p.position as stop,
            p.completed_us - first_us as cycle_us {"".join(f", g.{s}" for s in segments)}
        from summary s join case_ids c using ("case") join variants v on v.activities = s.path
        left join stops st using ("case") left join steps p on p."case" = s."case" and p.position = st.stop
        join (select case_id {last_known} from events group by case_id) g using (case_id)
        order by s."case" """
    )


# Where the clock of each finished case stood still. With a goal: at the first event of the last run of goal steps, unless
# work done before it was done again after it: then the case was reopened. Else at the first event of the run of final
# activities that the case ends with; what has none, or goes on after it, is open.
_FINAL_STOPS = """
    with goal as (
        select s."case", 1 + coalesce(max(position) filter (activity not in (from goals) and position < last_goal), 0) as stop
        from summary s join steps using ("case") where last_goal is not null group by s."case"),
    reopened as (
        select distinct "case" from (
            select "case", position, activity, min(position) over (partition by "case", activity) as first_time from steps
        ) join goal using ("case")
        where position > stop and first_time < stop and activity not in (from finals))
    select s."case", coalesce(g.stop, case when s.last_working < s.events then s.last_working + 1 end) as stop
    from summary s left join (select * from goal anti join reopened using ("case")) g using ("case")
    where g.stop is not null or s.last_working < s.events"""


def _silent(night_end: datetime) -> str:
    """Without final activities: a case is over when, of the cases that were silent for as long after the same step, at
    most 1 in 20 went on; or when it is silent for longer than 99 % of all waits between two events.
    """
    return f"""create temp table stops as
        with usual as (select coalesce(quantile_disc(sojourn_us, 0.99), 0) as longest from steps),
        silent as (
            select s."case", events, p.activity, {_microseconds(night_end)} - last_us as silence_us
            from summary s join steps p on p."case" = s."case" and p.position = s.events),
        over as (select activity, count(*) as cases from silent where silence_us > (select longest from usual) group by activity),
        waits as (
            select after as activity, sojourn_us, row_number() over (partition by after order by sojourn_us desc) as place
            from steps where after is not null),
        enough as (
            select o.activity, coalesce(max(sojourn_us), 0) as silence_us
            from over o left join waits w on w.activity = o.activity and w.place > o.cases // 19 group by o.activity)
        select s."case", s.events as stop from silent s left join enough e using (activity)
        where s.silence_us > least(coalesce(e.silence_us, (select longest from usual)), (select longest from usual))"""
