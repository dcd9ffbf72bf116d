"""Night after night equals all at once: increments, late and corrected events, replays, damaged tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Event, a_process, write_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_store import dump

from mining.errors import GateError
from mining.findings import Effect
from mining.process import Process
from mining.store import Load, Tables, advance, derive, differences, tallies

DAY = timedelta(days=1)
FIRST = datetime(2024, 1, 2, tzinfo=UTC)  # end of the first night


def at(hour: int) -> str:
    return (FIRST - DAY + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M")


class Nights:
    """A store that is fed batch by batch."""

    def __init__(self, folder: Path, process: Process) -> None:
        self.folder, self.process = folder, process
        self.loads: list[Load] = []
        folder.mkdir(exist_ok=True)

    def load(self, events: list[Event], **more: dict[str, dict[str, str]]) -> None:
        number = len(self.loads)
        path = write_batch(self.folder / f"load-{number}.parquet", events, **more)
        self.loads.append(Load(str(number), path))

    def night(self, number: int) -> Effect | None:
        """Run night `number` (0, 1, ...); its tables are in `tables`."""
        return advance(self.process, self.loads, FIRST + number * DAY, self.folder / "derived", self.tables)

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    def anew(self, number: int) -> Path:
        """Everything up to the end of a night, made from nothing."""
        into = self.folder / f"anew-{number}"
        shutil.rmtree(into, ignore_errors=True)
        derive(self.process, [load.path for load in self.loads], FIRST + number * DAY, into)
        return into


@pytest.fixture(params=["exact", "classes"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Small logs are kept exactly; with a limit of three events they are treated as large ones."""
    if request.param == "classes":
        monkeypatch.setattr(tallies, "EXACT", 3)
        monkeypatch.setattr(tallies, "SAMPLE", 3)
    yield request.param


an_event = st.tuples(st.sampled_from("abc"), st.sampled_from(["X", "Y", "Z"]), st.integers(0, 5 * 24 - 1).map(at))
logs_by_night = st.lists(st.lists(an_event, max_size=6), min_size=2, max_size=5)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=logs_by_night, ends=st.sampled_from([{}, {"ends": ["Z"]}, {"ends": ["Z"], "clock": {"stops": ["Y"]}}]))
def test_night_after_night_equals_all_at_once(
    tmp_path_factory: pytest.TempPathFactory, size: str, batches: list[list[Event]], ends: dict[str, list[str]]
) -> None:
    """Batches come in any order, overlap, repeat, are late, or bring what has not happened yet."""
    nights = Nights(tmp_path_factory.mktemp("nights"), a_process(**ends))
    for number, events in enumerate(batches):
        if events:
            nights.load(events)
        if any(event[2] < at(24 * (number + 1)) for batch in batches[: number + 1] for event in batch):
            nights.night(number)
            assert dump(nights.tables) == dump(nights.anew(number))


def test_only_the_touched_cases_are_written(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([(f"old{number}", step, at(number)) for number in range(20) for step in ("X", "Y")])
    nights.night(0)
    nights.load([("old3", "Z", at(25)), ("new", "X", at(26))])
    effect = nights.night(1)
    assert effect == Effect(rows=2, new=2, repeated=0, corrected=0, late=0, cases=2, new_cases=1)
    state = Tables(nights.tables).state
    assert [generation.steps for generation in state.generations] == [40, 4]


def test_late_repeated_and_new_events_are_told_apart(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process(ends=["Z"]))
    nights.load([("a", "X", at(1)), ("a", "Z", at(10)), ("b", "X", at(2))])
    nights.night(0)
    nights.load([("a", "X", at(1)), ("a", "Y", at(5)), ("a", "Y", at(6)), ("b", "Y", at(30))])
    effect = nights.night(1)
    assert effect == Effect(rows=4, new=3, repeated=1, corrected=0, late=2, cases=2, new_cases=0)
    assert dump(nights.tables) == dump(nights.anew(1))


def test_a_column_that_was_empty_at_first_is_filled_later(tmp_path: Path) -> None:
    """Files of steps lack columns in which nothing is: here starts, order numbers and people, which the second night brings."""
    nights = Nights(tmp_path, a_process(ends=["Z"]))
    nights.load([("a", "X", at(1)), ("b", "X", at(2)), ("b", "Z", at(5)), ("c", "X", at(3)), ("c", "Z", at(4))])
    nights.night(0)
    assert not stored_columns(nights) & {"started_us", "order_key", "resource"}
    nights.load([("a", "Y", at(30), at(28), 2, "Ann"), ("a", "Z", at(30), at(29), 1, "Bob")])
    nights.night(1)
    assert dump(nights.tables) == dump(nights.anew(1))
    filled = "select count(started_us), sum(order_key), list(resource order by resource) filter (resource is not null) from steps"
    assert Tables(nights.tables).engine.con.execute(filled).fetchall() == [(2, 3.0, [1, 2])]


def stored_columns(nights: Nights) -> set[str]:
    files = nights.folder / "derived" / "*" / "steps-*.parquet"
    return {row[0] for row in duckdb.execute(f"describe select * from read_parquet('{files}')").fetchall()}


def test_an_event_with_an_id_is_corrected_by_a_later_row(tmp_path: Path) -> None:
    columns = {"case": "case", "activity": "activity", "completed": "time", "event": "id"}
    nights = Nights(tmp_path, a_process(columns=columns, ends=["Z"]))
    nights.load([("a", "X", at(1)), ("a", "Y", at(3))], segments={"id": {"a": "1"}})
    nights.night(0)
    tables = Tables(nights.tables)
    assert tables.count_cases() == 1
    assert [row["activity"] for row in tables.rows(tables.steps)] == [
        2
    ]  # the later row of the same id, within one load
    nights.load([("a", "Z", at(20))], segments={"id": {"a": "1"}})
    effect = nights.night(1)
    assert effect == Effect(rows=1, new=0, repeated=0, corrected=1, late=0, cases=1, new_cases=0)
    tables = Tables(nights.tables)
    assert [tables.names[row["activity"]] for row in tables.rows(tables.steps)] == ["Z"]
    assert dump(nights.tables) == dump(nights.anew(1))


def test_a_night_that_is_over_is_played_again_beside_the_store(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([("a", "X", at(1)), ("a", "Y", at(30)), ("b", "X", at(50))])
    nights.night(0)
    first, kept = dump(nights.tables), (tmp_path / "derived" / "state.json").read_bytes()
    nights.night(2)
    assert (tmp_path / "derived" / "state.json").read_bytes() != kept
    kept = (tmp_path / "derived" / "state.json").read_bytes()
    nights.night(0)
    assert dump(nights.tables) == first
    assert (tmp_path / "derived" / "state.json").read_bytes() == kept


def test_a_night_again_changes_nothing(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([("a", "X", at(1))])
    nights.night(0)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "derived").rglob("*.parquet")}
    nights.night(0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "derived").rglob("*.parquet")} == before


@pytest.mark.parametrize("harm", ["cut", "gone", "state", "unfinished"])
def test_damaged_tables_are_made_again_from_the_batches(tmp_path: Path, harm: str) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([("a", "X", at(1)), ("b", "Y", at(2))])
    nights.night(0)
    whole = dump(nights.tables)
    derived = tmp_path / "derived"
    [steps] = derived.glob("*/steps-*.parquet")
    if harm == "cut":
        steps.unlink()
        steps.write_bytes(b"PAR1 cut off")
    elif harm == "gone":
        steps.unlink()
    elif harm == "state":
        (derived / "state.json").write_text('{"made_by": ')
    else:
        (derived / "000002").mkdir()
        (derived / "000002" / "steps-000.parquet").write_bytes(b"half")
    assert dump(nights.tables) == whole  # a snapshot has its own names for the files
    nights.load([("b", "Z", at(30))])
    nights.night(1)
    assert dump(nights.tables) == dump(nights.anew(1))


def test_other_rules_make_everything_anew(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([("a", "X", at(1)), ("a", "Z", at(2))])
    nights.night(0)
    nights.process = a_process(ends=["X"])
    nights.night(0)
    assert dump(nights.tables) == dump(nights.anew(0))


def test_small_generations_are_merged(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([(f"c{number:03}", "X", at(number % 24)) for number in range(200)])
    nights.night(0)
    for number in range(1, 9):
        nights.load([(f"c{number:03}", "Y", at(24 * number + 1)), (f"n{number}", "X", at(24 * number + 2))])
        nights.night(number)
        assert dump(nights.tables) == dump(nights.anew(number))
    generations = Tables(nights.tables).state.generations
    sizes = [generation.steps for generation in generations]
    assert sizes[0] == 200
    assert len(sizes) <= 4
    assert all(one > 2 * sum(sizes[place + 1 :]) for place, one in enumerate(sizes[:-1]))


def test_nothing_to_mine_is_told(tmp_path: Path) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([("a", "X", at(30))])
    with pytest.raises(GateError, match="No event of orders had happened by 2024-01-02 00:00"):
        nights.night(0)


@pytest.mark.parametrize(("table", "told"), [("cases", ["cases"]), ("waits", ["waits"]), ("recent", ["recent"])])
def test_tables_that_differ_from_the_batches_are_told_and_made_again(
    tmp_path: Path, size: str, table: str, told: list[str]
) -> None:
    nights = Nights(tmp_path, a_process())
    nights.load([(case, step, at(hour)) for case in "abc" for hour, step in enumerate(("X", "Y", "Z"))])
    nights.night(0)
    nights.load([("b", "X", at(30))])
    nights.night(1)
    derived = tmp_path / "derived"
    assert differences(nights.process, nights.loads, derived, tmp_path / "beside") == []
    changed = max(derived.glob(f"*/{table}*.parquet"))
    column = {"cases": "first_us", "waits": "total_us", "recent": "left_us"}[table]
    rows = duckdb.sql(f"select * replace ({column} + 1 as {column}) from '{changed}'").to_arrow_table()
    changed.unlink()
    duckdb.sql(f"copy (from rows) to '{changed}' (format parquet, compression snappy, parquet_version v2)")
    state = json.loads((derived / "state.json").read_text())
    state["generations"][-1]["files"][changed.name] = changed.stat().st_size
    (derived / "state.json").write_text(json.dumps(state))
    assert differences(nights.process, nights.loads, derived, tmp_path / "beside") == told
    assert differences(nights.process, nights.loads, derived, tmp_path / "beside") == []
    assert not (tmp_path / "beside").exists()
    assert rows.num_rows
