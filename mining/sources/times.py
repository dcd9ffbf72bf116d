"""Times as SQL: from what a source wrote to an instant, in DuckDB, for every row at once.

Each function takes and gives SQL text. `with_instant` adds two columns to a relation: the instant (TIMESTAMPTZ, null
where nothing can be read) and the wall-clock time of values that came without an offset.
"""

from __future__ import annotations

import duckdb

from mining.errors import InputError
from mining.process import Process, Times
from mining.sources.quoting import literal, quoted

_ISO = r"(\d{4})-(\d{1,2})-(\d{1,2})([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?)?"
_USUAL = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?"
_OFFSET = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_DATE_FIRST = {  # the two orders of a date that ISO 8601 does not know, and how to turn them into it
    "day-first": (r"^(\d{1,2})[-./](\d{1,2})[-./](\d{4})\b", r"\3-\2-\1"),
    "month-first": (r"^(\d{1,2})[-./](\d{1,2})[-./](\d{4})\b", r"\3-\1-\2"),
    "iso": (r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})\b", r"\1-\2-\3"),
}
_HALF_DAY = "['%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S%p', '%Y-%m-%d %I:%M%p']"
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
_NAIVE = ("TIMESTAMP", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


def with_instant(relation: str, column: str, kind: str, process: Process, name: str) -> str:
    """`relation` with two more columns, `#NAME` (TIMESTAMPTZ) and `#NAME.wall` (TIMESTAMP without a zone).

    Args:
        relation: what stands after FROM, in brackets if it is a query.
        column: SQL of the value, already null where it is missing.
        kind: DuckDB's name of the type of that value; anything that is no time is read as text.
        process: says how times are written, and the zone of those without an offset; without a zone they stay null.
        name: of the new columns.
    """
    times, zone = process.times, process.timezone
    instant, wall = quoted(f"#{name}"), quoted(f"#{name}.wall")
    if kind.startswith(_ZONED):
        relation = f"(SELECT *, {column} AS aware, NULL::TIMESTAMP AS naive FROM {relation})"
    elif kind in _NAIVE:
        relation = f"(SELECT *, NULL::TIMESTAMPTZ AS aware, {column}::TIMESTAMP AS naive FROM {relation})"
    elif times.format in _DATE_FIRST:
        relation = _iso_text(relation, column, times.format)
    else:
        relation = _patterned(relation, column, times.format)
    return (
        f"(SELECT * EXCLUDE (aware, naive), {_within_calendar(_instant('aware', 'naive', times, zone))} AS {instant}, "
        f"naive AS {wall} FROM {relation})"
    )


def refuse_unknown_pattern(connection: duckdb.DuckDBPyConnection, times: Times) -> None:
    """Say so if `times.format` is neither a word that is known nor a pattern."""
    try:
        connection.execute(f"SELECT try_strptime('', {literal(times.format)})")
    except duckdb.Error:
        raise InputError(
            f"times.format: {times.format!r} is no way to write times; "
            f'use iso, day-first, month-first, or a pattern such as "%d.%m.%Y %H:%M"'
        ) from None


def _patterned(relation: str, column: str, pattern: str) -> str:
    """Text by a strptime pattern; with %z in it the text carries its offset."""
    read = f"try_strptime({column}::VARCHAR, {literal(pattern)})"
    carries_offset = "%z" in pattern or "%Z" in pattern
    aware, naive = (read, "NULL::TIMESTAMP") if carries_offset else ("NULL::TIMESTAMPTZ", read)
    return f"(SELECT *, {aware} AS aware, {naive} AS naive FROM {relation})"


def _iso_text(relation: str, column: str, order: str) -> str:
    """Text in ISO 8601, or with day or month first, made ISO before DuckDB casts it.

    DuckDB alone would also take `infinity`, `epoch` and offsets of 99 hours; the shape is checked first.
    """
    pattern, iso = _DATE_FIRST[order]
    text = "replace(replace(upper(text), ', ', ' '), ',', '.')"
    text = rf"regexp_replace({text}, ' ?(UTC|GMT)$', 'Z')"
    text = f"regexp_replace({text}, {literal(pattern)}, {literal(iso)})"
    text = rf"regexp_replace({text}, ' ({_OFFSET})$', '\1')"
    as_usual = f"regexp_full_match(text, {literal(_USUAL)})"  # spares most texts what follows
    relation = f"(SELECT *, {column}::VARCHAR AS text FROM {relation})"
    relation = f"(SELECT * REPLACE (CASE WHEN {as_usual} THEN text ELSE {text} END AS text) FROM {relation})"
    clock = f"regexp_full_match(text, {literal(_ISO)})"
    offset = f"regexp_full_match(text, {literal(_ISO + _OFFSET)})"
    half_day = f"try_strptime(text, {_HALF_DAY})"
    return (
        f"(SELECT * EXCLUDE (text), CASE WHEN {offset} THEN TRY_CAST(text AS TIMESTAMPTZ) END AS aware, "
        f"CASE WHEN NOT {clock} THEN NULL WHEN text[-1] = 'M' THEN {half_day} "
        f"ELSE TRY_CAST(text AS TIMESTAMP) END AS naive FROM {relation})"
    )


def _within_calendar(instant: str) -> str:
    """Null outside the years that Python and Parquet readers can hold: such a time is unreadable, not a crash."""
    return (
        f"CASE WHEN {instant} BETWEEN TIMESTAMPTZ '0001-01-02 00:00:00+00' "
        f"AND TIMESTAMPTZ '9999-12-30 00:00:00+00' THEN {instant} END"
    )


def _instant(aware: str, naive: str, times: Times, zone: str | None) -> str:
    if zone is None:
        return aware
    in_range = f"{naive} BETWEEN TIMESTAMP '0001-01-03' AND TIMESTAMP '9999-12-29'"
    return f"coalesce({aware}, CASE WHEN {in_range} THEN timezone('UTC', {_utc(naive, times, zone)}) END)"


def _utc(wall: str, times: Times, zone: str) -> str:
    """Wall-clock time to UTC, with the declared rule where the clock is set forward or back.

    A wall-clock time can only mean the offset of the day before or that of the day after. They differ around a change
    of the clock alone; there both are tried: neither gives the time back when the hour was skipped, both when it
    happened twice.
    """

    def local(utc: str) -> str:
        return f"timezone({literal(zone)}, timezone('UTC', {utc}))"

    def by_offset_of(moment: str) -> str:
        return f"({wall} - ({local(moment)} - ({moment})))"

    before, after = by_offset_of(f"{wall} - INTERVAL 1 DAY"), by_offset_of(f"{wall} + INTERVAL 1 DAY")
    is_before, is_after = f"{local(before)} = {wall}", f"{local(after)} = {wall}"
    twice = before if times.ambiguous == "earlier" else after
    never = before if times.nonexistent == "shift" else "NULL"
    return (
        f"CASE WHEN {before} = {after} THEN {before} WHEN {is_before} AND {is_after} THEN {twice} "
        f"WHEN {is_before} THEN {before} WHEN {is_after} THEN {after} ELSE {never} END"
    )
