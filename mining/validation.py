"""The gate: good rows go on, bad rows are set aside with the rule they broke, and nothing gets lost between the two."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from pydantic import TypeAdapter

from expectations import facts as measured
from mining.findings import Check, Severity
from mining.process import Process
from mining.sources.quoting import file_literal, literal, quoted

if TYPE_CHECKING:
    from expectations.event_log import Rule
    from expectations.trial import Outcome

MAPPED = "case_id, activity, completed, started, resource, order_key"
MEMORY = "3GB"  # what is more goes to the disk, beside the night's files
EXAMPLES = 5


def validate(
    process: Process,
    pulled: Path,
    into: Path,
    batches: Sequence[Path],
    loaded_at: datetime,
    *,
    accept: Collection[str] = (),
    readmitting: bool = False,
) -> tuple[Check, ...]:
    """Try every rule on one pull, and part it in two.

    Writes into/good.parquet (the columns of `pulled`), into/bad.parquet (and `rule`, the first one broken) and
    into/checks.json; the rows of both keep their order, and together are the rows of `pulled`.

    Args:
        batches: the good rows of earlier pulls, which say what is known and usual.
        loaded_at: when the pull was made, with its time zone.
        accept: names of row rules that are not tried, because their rows were looked at and are right.
        readmitting: the rows come from the quarantine, so that many of them may well be bad again.

    Returns:
        One check per rule that applies. A rule that could not be tried has failed, critically.
    """
    from expectations.event_log import log_rules, row_rules  # noqa: PLC0415 - Great Expectations takes
    from expectations.trial import tried  # noqa: PLC0415 - seconds to import

    with _scratch(into) as scratch:
        with duckdb.connect(str(scratch)) as db:
            _configure(db, into)
            _open_pull(db, process, pulled, batches)
            bounds = measured.bounds(db, **_names(process), loaded_at=loaded_at)
            rules = [rule for rule in row_rules(bounds) if rule.name not in accept]
            _part(db, rules, pulled, into)
            facts = measured.facts(db, zone=process.zone, ends=process.ends, loaded_at=loaded_at)
            facts.store(db)
            rules += log_rules(facts, shares=not readmitting)
        if not facts.pulled:
            rules = [rule for rule in rules if rule.table == "facts"]
        outcomes = tried(scratch, rules)
        with duckdb.connect(str(scratch), read_only=True) as db:
            checks = tuple(_check(db, rule, outcomes[rule.name], facts) for rule in rules)
    if not facts.pulled:
        checks = (_nothing_new(), *checks)
    (into / "checks.json").write_text(json.dumps([asdict(check) for check in checks], indent=1, ensure_ascii=False))
    return checks


def passed(checks: Sequence[Check]) -> bool:
    """Whether the night may go on: warnings do not stop it."""
    return all(check.passed or check.severity is not Severity.CRITICAL for check in checks)


@contextmanager
def _scratch(into: Path) -> Iterator[Path]:
    """A database file for the views, gone afterwards."""
    into.mkdir(parents=True, exist_ok=True)
    path = into / "gate.duckdb"
    _remove(path)
    try:
        yield path.resolve()
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_suffix(".duckdb.wal").unlink(missing_ok=True)


def _configure(db: duckdb.DuckDBPyConnection, into: Path) -> None:
    db.execute("set TimeZone = 'UTC'")
    db.execute(f"set memory_limit = '{MEMORY}'")
    db.execute(f"set temp_directory = {literal(str(into / 'gate.tmp'))}")


def _names(process: Process) -> dict[str, str]:
    columns = process.columns
    return {"case": columns.case, "activity": columns.activity, "completed": columns.completed}


def _open_pull(db: duckdb.DuckDBPyConnection, process: Process, pulled: Path, batches: Sequence[Path]) -> None:
    """The views that the rules are stated over: `pulled`, `history` and, of `pulled`, the `duplicates`."""
    source = f"read_parquet({file_literal(pulled.resolve())}, file_row_number = true)"
    columns = [name for name, *_ in db.execute(f"describe select * from {source}").fetchall()]
    db.execute(
        f"create view pulled as select *, {_time_text(process, columns)} as time_text, "
        f"least(completed, started) as first_time from {source}"
    )
    paths = ", ".join(file_literal(path.resolve()) for path in batches)
    db.execute(
        f"create view history as select {MAPPED} from read_parquet([{paths}], union_by_name = true)"
        if batches
        else f"create view history as select {MAPPED} from {source} where false"
    )
    _find_duplicates(db, [name for name in columns if name not in ("file", "row", "file_row_number")])


def _time_text(process: Process, columns: Collection[str]) -> str:
    """SQL for what the source says of the time, as text; null if it says nothing. Only unread times are looked up."""
    raw = f"source.{process.columns.completed}"
    if raw not in columns:
        return "case when completed is not null then '' end"
    missing = ", ".join(literal(text) for text in process.times.missing) or "null"
    text = f"trim({quoted(raw)}::varchar)"
    return f"case when completed is not null then '' when {text} not in ({missing}) then {text} end"


def _find_duplicates(db: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Rows that equal an earlier one but for `file` and `row`: found by their hash, then compared in full."""
    names = ", ".join(quoted(column) for column in columns)
    db.execute(f"create temp table hashed as select file_row_number, hash({names}) as hash from pulled")
    db.execute(
        "create temp table suspects as select file_row_number from hashed "
        "where hash in (select hash from hashed group by hash having count(*) > 1)"
    )
    db.execute("drop table hashed")
    db.execute(
        f"create table duplicates as select file_row_number from pulled semi join suspects using (file_row_number) "
        f"qualify row_number() over (partition by {names} order by file_row_number) > 1"
    )


def _part(db: duckdb.DuckDBPyConnection, rules: Sequence[Rule], pulled: Path, into: Path) -> None:
    """Write the good and the bad rows, and the table `bad` and the view `good` over them."""
    cases = " ".join(f"when {rule.broken} then {literal(rule.name)}" for rule in rules)
    db.execute(
        f"create table bad as select file_row_number, rule from "
        f"(select file_row_number, case {cases} end as rule from pulled) where rule is not null"
    )
    good, bad = into / "good.parquet", into / "bad.parquet"
    rows = "select * exclude (file_row_number, time_text, first_time) from pulled"
    if _has_rows(db, "bad"):
        _write(db, f"{rows} anti join bad using (file_row_number)", good)
    else:
        shutil.copyfile(pulled, good)
    _write(db, f"{rows} join bad using (file_row_number) order by file_row_number", bad)
    db.execute(f"create view good as select * from read_parquet({file_literal(good.resolve())})")


def _has_rows(db: duckdb.DuckDBPyConnection, table: str) -> bool:
    return db.execute(f"select 1 from {table} limit 1").fetchone() is not None


def _write(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    db.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression snappy)")


def _examples(db: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[str, ...]:
    db.execute("set TimeZone = 'UTC'")
    if rule.offences is None:
        return ()
    offences = rule.offences.format(batch=rule.table)
    return tuple(text for (text,) in db.execute(f"select example from ({offences}) limit {EXAMPLES}").fetchall())


def _check(db: duckdb.DuckDBPyConnection, rule: Rule, outcome: Outcome, facts: measured.Facts) -> Check:
    """One finding of one outcome; what could not be tried stops the night."""
    rows = facts.pulled if rule.table == "pulled" else facts.good
    failed = outcome.failed if rule.counts_rows else 0
    message = rule.seen.replace("{failed}", f"{outcome.failed:,}").replace("{rows}", f"{rows:,}")
    if outcome.error:
        message = f"This check could not run: {outcome.error}"
    return Check(
        rule=rule.name,
        title=rule.title,
        severity=Severity.CRITICAL if outcome.error else Severity(rule.severity),
        passed=outcome.success,
        failed_rows=failed,
        rows=rows,
        message="" if outcome.success else message,
        examples=() if outcome.success or outcome.error else _examples(db, rule),
        set_aside=rule.broken is not None and not outcome.success,
    )


def _nothing_new() -> Check:
    return Check("rows_came", "New rows came", Severity.WARNING, True, 0, 0, "Nothing new: the pull brought no rows.")


def read_checks(path: Path) -> tuple[Check, ...]:
    """The checks that `validate` wrote."""
    return TypeAdapter(tuple[Check, ...]).validate_json(path.read_bytes())


def failures(checks: Sequence[Check]) -> list[str]:
    """What stopped the night and what had rows set aside, each with the first place where it was seen."""
    told = [check for check in checks if not check.passed and (check.severity == "critical" or check.set_aside)]
    return [" ".join([f"- {check.title}: {check.message}", *check.examples[:1]]) for check in told]
