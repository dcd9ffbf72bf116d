"""Set aside, listed, mapped anew after a fix, taken in: no row is lost, none is kept or released twice."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mining import quarantine
from mining.errors import InputError
from mining.home import Home
from mining.process import Process
from mining.sources import pull
from mining.validation import validate

LOADED = datetime(2024, 3, 12, 2, tzinfo=UTC)
HEADER = "id,what,when\n"
GOOD = "".join(f"G{n},Open order,2024-03-{n % 9 + 1:02}T08:00:00Z\n" for n in range(60))


def process(folder: Path, **more: Any) -> Process:
    columns = {"case": "id", "activity": "what", "completed": "when"}
    source = {"files": "*.csv"}
    return Process.model_validate(
        {"process": "orders", "title": "Orders", "folder": folder, "source": source, "columns": columns, **more}
    )


def night(folder: Path, rows: str, load_id: str, file: str = "a.csv", **more: Any) -> tuple[Home, Process, int]:
    """Pull one file, let it through the gate, keep what is bad."""
    source, work = folder / load_id / "source", folder / load_id / "work"
    source.mkdir(parents=True)
    (source / file).write_text(HEADER + rows)
    home, made = Home(folder / "home"), process(source, **more)
    validate(made, pull(made, work).path, work, [], LOADED)
    return home, made, quarantine.keep(home, made, load_id, work / "bad.parquet")


def taken_in(home: Home, made: Process, into: Path, load_id: str, *accept: str) -> list[tuple[Any, ...]]:
    """Re-admit what waits; the rows that got through."""
    pulled = quarantine.readmit(made, home, into, accept_rules=accept)
    if pulled is None:
        return []
    validate(made, pulled, into, [], LOADED, accept=accept, readmitting=True)
    quarantine.release(made, home, load_id, into)
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(f"select case_id, completed::varchar, file, row from '{into / 'good.parquet'}'").fetchall()


def test_bad_rows_are_kept_and_listed_with_what_the_source_wrote(tmp_path: Path) -> None:
    home, made, kept = night(tmp_path, GOOD + "X,Open order,32.03.2024\n,Open order,2024-03-01T08:00:00Z\n", "load-1")
    assert kept == quarantine.count(home, made) == 2
    unreadable, homeless = quarantine.listing(home, made)
    assert unreadable == quarantine.Quarantined(
        "load-1", "a.csv", 61, "time_unreadable", "X", "Open order", "32.03.2024"
    )
    assert (homeless.rule, homeless.case_id, homeless.row) == ("case_missing", None, 62)
    assert quarantine.listing(home, made, limit=1) == [unreadable]


def test_nothing_bad_leaves_nothing(tmp_path: Path) -> None:
    home, made, kept = night(tmp_path, GOOD, "load-1")
    assert (kept, quarantine.count(home, made), quarantine.listing(home, made)) == (0, 0, [])
    assert quarantine.readmit(made, home, tmp_path / "again") is None
    assert not list(home.quarantine("orders").glob("*"))


def test_rows_that_come_again_are_not_kept_twice(tmp_path: Path) -> None:
    bad = "X,,2024-03-01T08:00:00Z\n"
    home, made, kept = night(tmp_path, GOOD + bad + bad, "load-1")
    assert kept == 2  # two rows, though alike
    assert quarantine.keep(home, made, "load-1", tmp_path / "load-1/work/bad.parquet") == 0
    assert night(tmp_path, bad + GOOD + bad, "load-2", "b.csv")[2] == 0
    assert night(tmp_path, GOOD + bad + bad + bad + "Y,,2024-03-01T08:00:00Z\n", "load-3")[2] == 2
    assert [row.row for row in quarantine.listing(home, made)] == [61, 62, 63, 64]


def test_what_is_kept_is_never_written_over(tmp_path: Path) -> None:
    home, made, _ = night(tmp_path, GOOD + "X,,2024-03-01T08:00:00Z\n", "load-1")
    before = (home.quarantine("orders") / "load-1.parquet").read_bytes()
    _, _, _ = night(tmp_path, GOOD + "Y,,2024-03-01T08:00:00Z\n", "load-2")
    assert quarantine.keep(home, made, "load-1", tmp_path / "load-2/work/bad.parquet") == 0
    _, _, _ = night(tmp_path, GOOD + "Z,,2024-03-01T08:00:00Z\n", "load-3")
    (home.quarantine("orders") / "load-3.parquet").unlink()
    assert quarantine.keep(home, made, "load-1", tmp_path / "load-3/work/bad.parquet") == 1
    assert (home.quarantine("orders") / "load-1.parquet").read_bytes() == before
    assert len(quarantine.listing(home, made)) == 3


def test_a_fixed_mapping_takes_rows_in_and_leaves_the_rest(tmp_path: Path) -> None:
    rows = "X,Open order,05.03.2024 10:00\nY,Open order,31.02.2024 10:00\n"
    home, made, kept = night(tmp_path, GOOD + rows, "load-1")
    assert kept == 2
    fixed = process(made.folder, times={"format": "day-first"}, timezone="Europe/Berlin")
    assert taken_in(home, fixed, tmp_path / "again", "load-2") == [("X", "2024-03-05 09:00:00+00", "a.csv", 61)]
    assert [row.case_id for row in quarantine.listing(home, fixed)] == ["Y"]
    assert taken_in(home, fixed, tmp_path / "once more", "load-3") == []
    assert quarantine.count(home, fixed) == 1


def test_of_two_rows_of_a_case_the_right_one_is_released(tmp_path: Path) -> None:
    home, made, _ = night(tmp_path, GOOD + "X,Open order,31.02.2024 10:00\nX,Open order,05.03.2024 10:00\n", "load-1")
    fixed = process(made.folder, times={"format": "day-first"}, timezone="UTC")
    assert [row[3] for row in taken_in(home, fixed, tmp_path / "again", "load-2")] == [62]
    assert [row.row for row in quarantine.listing(home, fixed)] == [61]


def test_a_row_taken_in_is_not_kept_again(tmp_path: Path) -> None:
    rows = GOOD + "X,Open order,05.03.2024 10:00\n"
    home, made, _ = night(tmp_path, rows, "load-1")
    fixed = process(made.folder, times={"format": "day-first"}, timezone="Europe/Berlin")
    taken_in(home, fixed, tmp_path / "again", "load-2")
    assert night(tmp_path, rows, "load-3", "b.csv")[2] == 0
    assert quarantine.count(home, fixed) == 0


def test_a_rule_can_be_accepted(tmp_path: Path) -> None:
    home, made, kept = night(tmp_path, GOOD + "X,-100,2024-03-01T08:00:00Z\nY,,2024-03-01T08:00:00Z\n", "load-1")
    assert kept == 2
    assert taken_in(home, made, tmp_path / "a", "load-2", "placeholder_activity") == [
        ("X", "2024-03-01 08:00:00+00", "a.csv", 61)
    ]
    assert [row.rule for row in quarantine.listing(home, made)] == ["activity_missing"]


def test_copies_of_a_row_stay_until_they_are_accepted(tmp_path: Path) -> None:
    copy = "X,Open order,2024-03-01T08:00:00Z\n"
    home, made, kept = night(tmp_path, GOOD + copy * 3, "load-1")
    assert kept == 2
    assert quarantine.readmit(made, home, tmp_path / "a") is None
    assert quarantine.count(home, made) == 2
    accepted = taken_in(home, made, tmp_path / "b", "load-2", "exact_duplicate")
    assert [row[3] for row in accepted] == [62, 63]
    assert quarantine.count(home, made) == 0


def test_rows_of_several_loads_and_shapes_go_together(tmp_path: Path) -> None:
    home, made, _ = night(tmp_path, GOOD + "X,Open order,05.03.2024 10:00\n", "load-1")
    source = tmp_path / "load-2" / "source"
    source.mkdir(parents=True)
    (source / "a.csv").write_text("region,when,what,id\n" + "south,05.03.2024 10:00,Open order,X\n")
    made = process(source)
    validate(made, pull(made, tmp_path / "w").path, tmp_path / "w", [], LOADED)
    assert quarantine.keep(home, made, "load-2", tmp_path / "w/bad.parquet") == 1
    fixed = process(made.folder, times={"format": "day-first"}, timezone="UTC")
    time = "2024-03-05 10:00:00+00"
    assert taken_in(home, fixed, tmp_path / "a", "load-3") == [("X", time, "a.csv", 61), ("X", time, "a.csv", 1)]
    assert quarantine.count(home, fixed) == 0


def test_a_mapping_that_old_rows_do_not_have_is_told(tmp_path: Path) -> None:
    home, made, _ = night(tmp_path, GOOD + "X,,2024-03-01T08:00:00Z\n", "load-1")
    columns = {"case": "id", "activity": "step", "completed": "when"}
    with pytest.raises(InputError, match=r"a\.csv: columns\.activity: there is no column 'step'"):
        quarantine.readmit(process(made.folder, columns=columns), home, tmp_path / "a")


def test_work_of_an_xes_log_keeps_its_start(tmp_path: Path) -> None:
    def step(transition: str, time: str) -> str:
        return (
            '<event><string key="concept:name" value="Check"/>'
            f'<string key="lifecycle:transition" value="{transition}"/>'
            f'<date key="time:timestamp" value="{time}"/></event>'
        )

    trace = step("start", "2024-03-01T08:00:00Z") + step("complete", "2024-03-01T07:00:00Z")
    log = f'<log><trace><string key="concept:name" value="X"/>{trace}</trace></log>'
    (tmp_path / "a.xes.gz").write_bytes(gzip.compress(log.encode()))
    columns = {"case": "concept:name", "activity": "concept:name", "completed": "time:timestamp"}
    made = process(tmp_path, source={"files": "*.xes.gz"}, columns=columns)
    home, work = Home(tmp_path / "home"), tmp_path / "work"
    validate(made, pull(made, work).path, work, [], LOADED)
    assert quarantine.keep(home, made, "load-1", work / "bad.parquet") == 1
    rule = "started_after_completed"
    assert [row.rule for row in quarantine.listing(home, made)] == [rule]
    assert taken_in(home, made, tmp_path / "a", "load-2", rule) == [("X", "2024-03-01 07:00:00+00", "a.xes.gz", 2)]
    with duckdb.connect() as db:
        (started,) = db.execute(f"select epoch(started) from '{tmp_path}/a/good.parquet'").fetchone() or (None,)
    assert started == datetime(2024, 3, 1, 8, tzinfo=UTC).timestamp()
