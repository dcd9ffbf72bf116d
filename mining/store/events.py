"""Rows of batches -> the events of the cases that they touch, each event once, as codes.

Two rows are the same event when they agree in case, activity, completion, start, resource and order; rows that agree within
one batch are as many events as rows. Where the process names a column with the event's own id, case and id alone make
the event, and the newest row has the word on all the rest. On segments the newest batch always has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mining.findings import Effect
from mining.process import Process
from mining.sources.quoting import literal, quoted
from mining.store.session import count, parquet

OPTIONAL = ("order_key", "started_us", "event")
MAY_LACK = (*OPTIONAL, "resource")  # columns that are not written of a first load that has nothing in them
EVENT = '"case", activity, completed_us, started_us, resource, order_key'


@dataclass(frozen=True)
class Part:
    """The rows of one batch that are new to a night: those completed at `since_us` (microseconds) or later; None: all."""

    path: Path
    since_us: int | None = None
    new: bool = True  # whether the effect of its rows is to be told


def segments_of(process: Process) -> tuple[str, ...]:
    """The columns that hold the segments' codes."""
    return tuple(f"segment_{number}" for number in range(1, len(process.segments) + 1))


def coded_columns(process: Process) -> tuple[str, ...]:
    """The columns that hold codes; the names to them are in the table `names`, under the column's name as kind."""
    return ("activity", "resource", *segments_of(process))


def load_events(
    con: duckdb.DuckDBPyConnection, process: Process, parts: Sequence[Part], night_end_us: int, *, first: bool
) -> Effect:
    """Make `events` (every event of every touched case), `spans` (case, rows: how many, before: how many have the cases before
    it), `touched` and complete `names`.

    Needs `names`, `known_cases` and `known_steps`: what was there before; `first`: nothing was. Gives what the parts did
    that are new, which are the last ones.
    """
    _arriving(con, process, parts, night_end_us)
    _name(con, process)
    _touch(con, first=first, one=len(parts) == 1)
    if first and len(parts) == 1 and process.columns.event is None:
        return _take_as_they_are(con, process)
    con.execute(f"create table coded as {_coded(coded_columns(process), [*OPTIONAL, 'load', quoted('row')])}")
    con.execute('create view departed_cases as from known_cases semi join (from touched where known) using ("case")')
    con.execute('create table known_events as from known_steps semi join (from touched where known) using ("case")')
    first_new = next((number for number, part in enumerate(parts, 1) if part.new), len(parts) + 1)
    _merge(con, process, first_new)
    con.execute("create view events as from merged")
    _span(con, '(select "case", count(*) as rows from merged group by "case")')
    return _effect(con, first_new)


def any_start(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether it is known of any event of the touched cases, as they are or as they were, when its work began."""
    of_all = "select null::bigint as started_us where false union all by name from events union all by name from known_events"
    return count(con, f"select count(started_us) from ({of_all})") > 0


def used(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str] = OPTIONAL) -> list[str]:
    """Of columns that may be empty those that are not."""
    [found] = con.execute(f"select {', '.join(f'count({c}) > 0' for c in columns)} from {relation}").fetchall()
    return [column for column, there in zip(columns, found, strict=True) if there]


def _take_as_they_are(con: duckdb.DuckDBPyConnection, process: Process) -> Effect:
    """The one load of a new store: nothing is to be compared, and what is empty takes no room."""
    there = used(con, "arriving", MAY_LACK)
    coded = [column for column in coded_columns(process) if column in there or column not in MAY_LACK]
    con.execute(f"create table events as {_coded(coded, [column for column in there if column in OPTIONAL])}")
    _span(con, "touched")
    con.execute("create table departed_cases as from known_cases")
    con.execute("create table known_events as from known_steps")
    rows, cases = count(con, "select count(*) from events"), count(con, "select count(*) from touched")
    return Effect(rows, rows, 0, 0, 0, cases, cases)


def _arriving(con: duckdb.DuckDBPyConnection, process: Process, parts: Sequence[Part], night_end_us: int) -> None:
    """View `arriving`: the rows that happened before the night's end, with the number of their load."""
    source = parquet(*(part.path for part in parts))
    source = source[:-1] + ", union_by_name = true, filename = true)"
    con.execute("create table loads (filename varchar, load integer, since_us bigint)")
    listed = [[str(part.path), number, part.since_us] for number, part in enumerate(parts, 1)]
    con.executemany("insert into loads values (?, ?, ?)", listed)
    there = {row[0] for row in con.execute(f"describe select * from {source}").fetchall()}
    wanted = [("event", process.columns.event), *zip(segments_of(process), process.segments, strict=True)]
    extra = "".join(
        f", {quoted(f'source.{column}') if f'source.{column}' in there else 'null'}::varchar as {name}"
        for name, column in wanted
    )
    one = len(parts) == 1 and parts[0].since_us is None
    since = "" if one else "and epoch_us(completed) >= coalesce(since_us, -(1::bigint << 62))"
    con.execute(
        f"""create view arriving as
        select case_id, activity, epoch_us(completed) as completed_us, epoch_us(started) as started_us,
            resource, order_key, "row", {"1 as load" if one else "load"} {extra}
        from {source} {"" if one else "join loads using (filename)"}
        where epoch_us(completed) < {night_end_us} {since}"""
    )


def _name(con: duckdb.DuckDBPyConnection, process: Process) -> None:
    """Codes for the names that are new, in the order of the names."""
    for column in coded_columns(process):
        kind = literal(column)
        con.execute(
            f"""insert into names select {kind},
                row_number() over (order by name) + (select coalesce(max(code), 0) from names where kind = {kind}), name
            from (select distinct {column} as name from arriving where {column} is not null)
            anti join (from names where kind = {kind}) using (name)"""
        )


def _touch(con: duckdb.DuckDBPyConnection, *, first: bool, one: bool) -> None:
    """Cases in the order in which they began, so that later ones lie further back in the files.

    first: none is known. one: all rows come in one load.
    """
    at_once = "true" if one else "min(load) = max(load)"
    arrivals = f"""select case_id, min(completed_us) as first_us, count(*) as rows, {at_once} as at_once
        from arriving group by case_id"""
    number, known, joined = "row_number() over (order by a.first_us, case_id)", "false", ""
    if not first:
        known, joined = 'k."case" is not null', "left join known_cases k using (case_id)"
        new = f"row_number() over (partition by {known} order by a.first_us, case_id)"
        number = f'coalesce(k."case", (select coalesce(max("case"), 0) from known_cases) + {new})'
    con.execute(
        f"""create table touched as
        select ({number})::integer as "case", case_id, rows, at_once, {known} as known from ({arrivals}) a {joined}"""
    )


def _span(con: duckdb.DuckDBPyConnection, cases: str) -> None:
    con.execute(
        f"""create table spans as
        select "case", rows, (sum(rows) over (order by "case") - rows)::bigint as before from {cases}"""
    )


def _coded(coded: Sequence[str], more: Sequence[str]) -> str:
    """SQL of the arriving rows: columns as codes, and more as they are."""
    joins = " ".join(
        f"left join (select code, name from names where kind = {literal(column)}) n_{column} on n_{column}.name = a.{column}"
        for column in coded
    )
    columns = ", ".join([f"n_{column}.code as {column}" for column in coded] + ["completed_us", *more])
    return f'select "case", {columns} from arriving a join touched using (case_id) {joins}'


def _merge(con: duckdb.DuckDBPyConnection, process: Process, first_new: int) -> None:
    """Table `merged`: known and arriving rows brought together, with the first load (0: known before) that had each event
    and how many rows of new loads (from number `first_new` on) told it.

    Of a case that is new and came in one load, equal rows are events of their own: nothing is to be compared.
    """
    columns = ", ".join(['"case"', *coded_columns(process), "completed_us", "started_us", "order_key", "event"])
    con.execute('create view numbered as from coded join (select "case", known, at_once from touched) using ("case")')
    con.execute(
        f"""create view compared as
        select {columns}, load, "row" from numbered where known or not at_once or event is not null
        union all by name select {columns}, 0 as load, 0 as "row" from known_events"""
    )
    segments = segments_of(process)
    con.execute(
        f"""create table merged as
        select {columns}, load as first_load, false as corrected, (load >= {first_new})::integer as rows
            from numbered where not known and at_once and event is null
        union all by name {_same_content(segments, first_new)}
        union all by name {_same_id(process, first_new)}"""
    )


def _same_content(segments: Sequence[str], first_new: int) -> str:
    newest = "".join(f", arg_max({s}, load) as {s}" for s in segments)
    order = ", ".join(segments) or "load"
    return f"""select {EVENT} {newest}, null as event, min(load) as first_load, false as corrected,
            count(*) filter (load >= {first_new}) as rows
        from (select *, row_number() over (partition by load, {EVENT} order by {order}) as copy
              from compared where event is null)
        group by {EVENT}, copy"""


def _same_id(process: Process, first_new: int) -> str:
    newest = '(load, "row")'
    told = [*coded_columns(process)[:2], "completed_us", "started_us", "order_key"]
    chosen = [f"arg_max(struct_pack(v := {c}), {newest}).v as {c}" for c in told]
    chosen += [f"arg_max({s}, {newest}) as {s}" for s in segments_of(process)]
    return f"""select "case", event, {", ".join(chosen)}, min(load) as first_load,
            min(load) < {first_new} and max(load) >= {first_new} and count(distinct row({", ".join(told)})) > 1 as corrected,
            count(*) filter (load >= {first_new}) as rows
        from compared where event is not null group by "case", event"""


def _effect(con: duckdb.DuckDBPyConnection, first_new: int) -> Effect:
    found = con.execute(
        f"""with before as (
            select "case", max(completed_us) filter (first_load < {first_new}) as last_us, sum(rows) > 0 as got
            from merged group by "case")
        select coalesce(sum(rows), 0), count(*) filter (first_load >= {first_new}), count(*) filter (corrected),
            count(*) filter (first_load >= {first_new} and completed_us < last_us),
            count(distinct "case") filter (got), count(distinct "case") filter (last_us is null)
        from merged join before using ("case")"""
    ).fetchone()
    rows, new, corrected, late, cases, new_cases = (int(value) for value in found or (0,) * 6)
    return Effect(rows, new, rows - new - corrected, corrected, late, cases, new_cases)
