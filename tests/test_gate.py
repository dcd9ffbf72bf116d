"""The gate: each rule on a tiny log with a known answer, and no row lost between good and bad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations import event_log
from expectations.event_log import Rule
from expectations.facts import Bounds, Facts
from mining.findings import Check, Severity
from mining.languages import language, speaking
from mining.languages.recalled import pieces
from mining.process import Process
from mining.validation import passed, validate

LOGS = Path(__file__).parents[2] / "shared" / "logs"
LOADED = datetime(2024, 3, 12, 2, tzinfo=UTC)
COLUMNS = pa.schema(
    {
        "case_id": pa.string(),
        "activity": pa.string(),
        "completed": pa.timestamp("us", "UTC"),
        "started": pa.timestamp("us", "UTC"),
        "resource": pa.string(),
        "order_key": pa.float64(),
        "file": pa.string(),
        "row": pa.int64(),
        "source.when": pa.string(),
        "source.note": pa.string(),
    }
)
Row = dict[str, Any]


def process(**more: Any) -> Process:
    columns = {"case": "id", "activity": "what", "completed": "when"}
    return Process.model_validate(
        {"process": "orders", "title": "Orders", "source": {"files": "*.csv"}, "columns": columns, **more}
    )


def event(case: str | None, activity: str | None, hours: float | None, **more: Any) -> Row:
    """One event, so many hours after the first of March; its source text is its time."""
    time = None if hours is None else datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=hours)
    row = {"case_id": case, "activity": activity, "completed": time, "source.when": time and time.isoformat()}
    return {**dict.fromkeys(COLUMNS.names), "file": "a.csv", **row, **more}


def ordinary(cases: int = 20) -> list[Row]:
    """A log that breaks no rule: every case is opened, checked and closed, the last the day before loading."""
    steps = ("Open order", "Check order", "Close order")
    return [event(f"O{n:05}", step, 12 * n + 2 * i) for n in range(cases) for i, step in enumerate(steps)]


def write(rows: Sequence[Row], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = [{**row, "row": number} for number, row in enumerate(rows, 1)]
    pq.write_table(pa.Table.from_pylist(numbered, COLUMNS), path)
    return path


def gate(folder: Path, rows: Sequence[Row], history: Sequence[Row] = (), **more: Any) -> dict[str, Check]:
    """The checks by name. Whatever the rows: good and bad are the pulled ones, in their order."""
    options = {name: more.pop(name) for name in ("accept", "readmitting", "loaded_at") if name in more}
    pulled = write(rows, folder / "pulled.parquet")
    batches = [write(history, folder / "batch.parquet")] if history else []
    checks = validate(process(**more), pulled, folder, batches, **{"loaded_at": LOADED, **options})
    good, bad = read(folder / "good.parquet"), read(folder / "bad.parquet")
    everything = [*good, *[row[:-1] for row in bad]]
    assert sorted(everything, key=str) == sorted(read(pulled), key=str)
    assert [row[7] for row in good] == sorted(row[7] for row in good)
    return {check.rule: check for check in checks}


def read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(f"from '{path}'").fetchall()


def rules_broken(folder: Path) -> dict[int, str]:
    return {row[7]: row[-1] for row in read(folder / "bad.parquet")}


def test_a_good_log_passes_every_check(tmp_path: Path) -> None:
    checks = gate(tmp_path, ordinary(), ends=["Close order"])
    assert {name for name, check in checks.items() if not check.passed} == set()
    assert {"case_missing", "similar_labels", "nothing_after_the_end", "freshness"} <= checks.keys()
    assert passed(tuple(checks.values()))
    assert not any(check.message for check in checks.values())
    assert not list(tmp_path.glob("gate*"))


BROKEN = {
    "case_missing": event(None, "Open order", 5),
    "activity_missing": event("X", None, 5),
    "time_missing": event("X", "Open order", None, **{"source.when": "?"}),
    "time_unreadable": event("X", "Open order", None, **{"source.when": "31/02/2024"}),
    "started_after_completed": event("X", "Open order", 5, started=datetime(2024, 3, 2, tzinfo=UTC)),
    "time_in_future": event("X", "Open order", 24 * 13),
    "time_in_far_past": event("X", "Open order", -24 * 366 * 31),
    "placeholder_activity": event("X", "-100", 5),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_row_is_set_aside_with_its_rule(tmp_path: Path, rule: str) -> None:
    checks = gate(tmp_path, [*ordinary(), BROKEN[rule]])
    assert rules_broken(tmp_path) == {61: rule}
    check = checks[rule]
    assert (check.passed, check.severity, check.failed_rows, check.rows) == (False, Severity.WARNING, 1, 61)
    assert check.set_aside
    assert check.message
    assert check.examples[0].startswith("a.csv row 61: ")
    assert [name for name, other in checks.items() if not other.passed] == [rule]
    assert passed(tuple(checks.values()))


def test_a_far_past_start_is_no_work(tmp_path: Path) -> None:
    gate(tmp_path, [*ordinary(), event("X", "Open order", 5, started=datetime(1900, 1, 1, tzinfo=UTC))])
    assert rules_broken(tmp_path) == {61: "time_in_far_past"}


def test_thirty_years_before_the_rest_is_the_far_past(tmp_path: Path) -> None:
    gate(tmp_path, [*ordinary(), event("X", "Open order", -24 * 365.25 * 31), event("X", "Open order", -24 * 365 * 29)])
    assert rules_broken(tmp_path) == {61: "time_in_far_past"}


def test_the_bounds_of_time_are_kept_to_the_second(tmp_path: Path) -> None:
    latest = (LOADED + timedelta(days=1) - datetime(2024, 3, 1, tzinfo=UTC)).total_seconds() / 3600
    same = event("X", "Open order", 5)
    rows = [
        event("X", "Open order", latest),
        event("X", "Check order", latest + 1 / 3600),
        {**same, "started": same["completed"]},
    ]
    gate(tmp_path, [*ordinary(), *rows])
    assert rules_broken(tmp_path) == {62: "time_in_future"}


def test_the_first_rule_in_order_is_recorded_and_every_rule_counts(tmp_path: Path) -> None:
    checks = gate(tmp_path, [*ordinary(), event(None, None, None)])
    assert rules_broken(tmp_path) == {61: "case_missing"}
    assert [checks[rule].failed_rows for rule in ("case_missing", "activity_missing", "time_missing")] == [1, 1, 1]


def test_the_first_of_exact_duplicates_stays(tmp_path: Path) -> None:
    row = event("X", "Open order", 5)
    other = {**row, "source.note": "another"}
    checks = gate(tmp_path, [*ordinary(), row, other, {**row, "file": "b.csv"}, row, {**row, "order_key": 1.0}])
    assert rules_broken(tmp_path) == {63: "exact_duplicate", 64: "exact_duplicate"}
    assert checks["exact_duplicate"].failed_rows == 2


def test_numbers_are_activities_where_most_of_them_are_numbers(tmp_path: Path) -> None:
    codes = [{**row, "activity": {"O": "100", "C": "200"}[row["activity"][0]]} for row in ordinary()]
    checks = gate(tmp_path, [*codes, event("X", "NaN", 5)])
    assert rules_broken(tmp_path) == {61: "placeholder_activity"}
    assert checks["placeholder_activity"].failed_rows == 1


def test_an_accepted_rule_is_not_tried(tmp_path: Path) -> None:
    checks = gate(tmp_path, [*ordinary(), BROKEN["placeholder_activity"]], accept=["placeholder_activity"])
    assert rules_broken(tmp_path) == {}
    assert "placeholder_activity" not in checks


def test_too_much_set_aside_stops_the_night_unless_it_was_in_quarantine_anyway(tmp_path: Path) -> None:
    at_the_limit = [*ordinary(19), *[event(f"X{n}", None, 5) for n in range(3)]]
    assert gate(tmp_path / "a", at_the_limit)["share_set_aside"].passed
    above = [*at_the_limit, event("X", None, 6)]
    checks = gate(tmp_path / "b", above)
    assert (checks["share_set_aside"].passed, checks["some_rows_good"].passed) == (False, True)
    assert checks["share_set_aside"].severity is Severity.CRITICAL
    assert not passed(tuple(checks.values()))
    assert passed(tuple(gate(tmp_path / "c", above, readmitting=True).values()))


def test_no_good_row_at_all_is_critical(tmp_path: Path) -> None:
    checks = gate(tmp_path, [event("X", None, 5), event(None, "Open order", 5)])
    assert not checks["some_rows_good"].passed
    assert checks["some_rows_good"].severity is Severity.CRITICAL


def test_a_check_that_cannot_run_fails_critically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lame = Rule("lame", "Cannot be tried", "good", "…", query="select no_such_column as example from {batch}")
    log_rules = event_log.log_rules
    monkeypatch.setattr(event_log, "log_rules", lambda facts, **more: (*log_rules(facts, **more), lame))
    check = gate(tmp_path, ordinary())["lame"]
    assert (check.passed, check.severity) == (False, Severity.CRITICAL)
    assert "could not run" in check.message
    assert "no_such_column" in check.message


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    columns = {"case": "id", "activity": 'it\'s {failed} "what"', "completed": "wh'en\" {0}"}
    rows = [*ordinary(), event("'; drop table x --", "<script>\n\u202e订单 {batch} :a %s", 5), event("X", None, None)]
    checks = gate(tmp_path, rows, columns=columns, ends=["'); --"])
    assert rules_broken(tmp_path) == {62: "activity_missing"}
    assert checks["nothing_after_the_end"].passed


def test_five_thousand_activities_of_three_hundred_letters_are_no_typos(tmp_path: Path) -> None:
    rows = [event("X", f"Activity {chr(0x4E00 + n)} of this one" + "x" * 250, n / 100) for n in range(5000)]
    checks = gate(tmp_path, rows)
    assert [name for name, check in checks.items() if not check.passed] == ["freshness"]


values = st.sampled_from
log_rows = st.builds(
    event,
    values([None, "a", "b"]),
    values([None, "Open", "Close", "-100", "null"]),
    values([None, 1.0, 2.0, 24 * 20, -24 * 366 * 40]),
    started=values([None, datetime(2024, 3, 1, 1, 30, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC)]),
    order_key=values([None, 1.0]),
)


def expected_rule(row: Row, earlier: Sequence[Row], wordy: bool) -> str | None:
    """The rules again, one row at a time."""
    time, first = row["completed"], min((t for t in (row["completed"], row["started"]) if t), default=None)
    plain = {name: value for name, value in row.items() if name not in ("file", "row")}
    found = {
        "case_missing": row["case_id"] is None,
        "activity_missing": row["activity"] is None,
        "time_missing": time is None,
        "started_after_completed": time is not None and row["started"] is not None and row["started"] > time,
        "time_in_future": time is not None and time > LOADED + timedelta(days=1),
        "time_in_far_past": first is not None and first < datetime(1990, 1, 1, tzinfo=UTC),
        "exact_duplicate": any(plain == {k: v for k, v in other.items() if k in plain} for other in earlier),
        "placeholder_activity": row["activity"] == "null" or (wordy and row["activity"] == "-100"),
    }
    return next((rule for rule, broken in found.items() if broken), None)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(log_rows, min_size=20, max_size=60))
def test_every_row_meets_the_first_rule_it_breaks(tmp_path: Path, rows: list[Row]) -> None:
    checks = gate(tmp_path, rows, times={"missing": [""]})
    named = [row["activity"] for row in rows if row["activity"]]
    wordy = bool(named) and sum(name != "-100" for name in named) / len(named) >= 0.9
    oracle = {n: expected_rule(row, rows[: n - 1], wordy) for n, row in enumerate(rows, 1)}
    times = sorted(row["completed"] for row in rows if row["completed"])
    if times and times[len(times) // 2].year > 2000:
        assert rules_broken(tmp_path) == {n: rule for n, rule in oracle.items() if rule}
        assert all(check.passed or check.message for check in checks.values())


@pytest.mark.skipif(not LOGS.exists(), reason=f"the real logs are not at {LOGS}")
def test_five_placeholder_states_of_the_servicenow_log_are_set_aside(tmp_path: Path) -> None:
    source = LOGS / "uci_servicenow_incidents.parquet"
    pulled = tmp_path / "pulled.parquet"
    with duckdb.connect() as db:
        db.execute(
            f"""copy (select case_id, activity, timestamp as completed, null::timestamptz as started, resource,
                event_idx::double as order_key, 'log' as file, row_number() over () as row,
                columns(*) as "source.\\0" from '{source}') to '{pulled}' (format parquet)"""
        )
    checks = {
        check.rule: check for check in validate(process(), pulled, tmp_path, [], datetime(2017, 2, 19, tzinfo=UTC))
    }
    assert checks["placeholder_activity"].failed_rows == 5
    with duckdb.connect() as db:
        kept = db.execute(f"select count(*) from '{tmp_path}/good.parquet'").fetchone()
        aside = db.execute(
            f"select distinct activity, rule, count(*) from '{tmp_path}/bad.parquet' group by all"
        ).fetchall()
    assert (kept, aside) == ((141_707,), [("-100", "placeholder_activity", 5)])
    assert passed(tuple(checks.values()))


def test_every_rule_is_known_in_every_language() -> None:
    """What the checks say is kept in English; pages in other languages know it again."""
    day, now = date(2026, 11, 20), datetime(2026, 11, 21, tzinfo=UTC)
    bounds = Bounds("case", "activity", "at", datetime(1980, 1, 1, tzinfo=UTC), now, activities_are_words=True)
    facts = Facts(9100, 1003, 5000, ("Ship",), True, 0.2, 0.3, day, 1200, 3000.0, 12.5, 2.0)
    rules = [*event_log.row_rules(bounds), *event_log.log_rules(facts)]
    assert len(rules) >= 18
    with speaking(language("zh")):
        for rule in rules:
            seen = rule.seen.format(failed="1,003", rows="9,100")
            for text in (rule.title, seen, f"- {rule.title}: {seen} orders.csv row 4: time x"):
                assert all(piece.known for piece in pieces(text)), text
