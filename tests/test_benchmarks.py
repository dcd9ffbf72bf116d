"""The benchmarks: logs that are what they promise, and comparisons that notice when two contenders do not say the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.answers import Answer, differences
from benchmarks.contenders import CONTENDERS
from benchmarks.events import ACTIVITIES, SEED, provide
from benchmarks.night import measure as measure_night
from benchmarks.report import table, with_section
from benchmarks.runs import ROOT, BenchmarkError, Run
from benchmarks.scale import measure as measure_scale
from benchmarks.speed import check_equal

EVENTS, NIGHT = 20_000, 400


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small log, and the night after it."""
    folder = tmp_path_factory.mktemp("logs")
    return provide(folder, EVENTS), provide(folder, EVENTS, NIGHT)


def ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        return db.execute(query).fetchall()


def test_one_seed_gives_the_same_bytes(logs: tuple[Path, Path], tmp_path: Path) -> None:
    for first, again in zip(logs, (provide(tmp_path, EVENTS), provide(tmp_path, EVENTS, NIGHT)), strict=True):
        assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_another_seed_gives_other_events(logs: tuple[Path, Path], tmp_path: Path) -> None:
    other = provide(tmp_path, EVENTS, seed=SEED + 1)
    same = f"select count(*) from (select case_id, completed from '{other}' intersect select case_id, completed from '{logs[0]}')"
    assert ask(same) == [(0,)]


def test_a_log_has_the_columns_of_a_batch(logs: tuple[Path, Path]) -> None:
    for log in logs:
        assert [(name, kind) for name, kind, *_ in ask(f"describe from '{log}'")] == [
            ("case_id", "VARCHAR"),
            ("activity", "VARCHAR"),
            ("completed", "TIMESTAMP WITH TIME ZONE"),
            ("started", "TIMESTAMP WITH TIME ZONE"),
            ("resource", "VARCHAR"),
            ("order_key", "DOUBLE"),
            ("file", "VARCHAR"),
            ("row", "BIGINT"),
            ("source.region", "VARCHAR"),
            ("source.channel", "VARCHAR"),
        ]


def test_rows_lie_in_the_order_of_completion(logs: tuple[Path, Path]) -> None:
    log = logs[0]
    assert ask(f'select count(*), min("row"), max("row"), count(distinct "row") from \'{log}\'') == [
        (EVENTS, 1, EVENTS, EVENTS)
    ]
    assert ask(f"""select count(*) from (select completed, lag(completed) over (order by "row") as before from '{log}')
        where completed < before""") == [(0,)]  # fmt: skip
    interleaved = ask(f"""select count(*) from (select case_id, lag(case_id) over (order by "row") as before from '{log}')
        where case_id = before""")  # fmt: skip
    assert interleaved[0][0] < EVENTS / 10


def test_the_process_is_the_one_that_was_promised(logs: tuple[Path, Path]) -> None:
    log = logs[0]
    cases, activities, resources, days, regions = ask(
        f"""select count(distinct case_id), count(distinct activity), count(distinct resource),
            date_diff('day', min(completed), max(completed)), count(distinct "source.region") from '{log}'"""
    )[0]
    assert 8 < EVENTS / cases < 11
    assert activities == len(ACTIVITIES) == 16
    assert 150 < resources <= 200
    assert 700 < days < 760
    assert regions == 5
    assert ask(
        f"select count(*) from (select case_id from '{log}' group by case_id, completed having count(*) > 1)"
    ) == [(0,)]
    again = ask(f"select count(*) from (select case_id from '{log}' group by case_id, activity having count(*) > 1)")[
        0
    ][0]
    assert again > cases / 10
    torn = f"""select case_id from '{log}' group by case_id having count(distinct "source.region") > 1"""
    assert ask(f"select count(*) from ({torn})") == [(0,)]


def test_some_cases_are_open_and_one_wait_is_a_timer(logs: tuple[Path, Path]) -> None:
    log = logs[0]
    over = "count(*) filter (activity in ('Close order', 'Cancel order')) > 0"
    cases, finished = ask(
        f"select count(*), count(*) filter (over) from (select {over} as over from '{log}' group by case_id)"
    )[0]
    assert 0.01 * cases < cases - finished < 0.2 * cases
    waits = ask(f"""select distinct wait from (
        select activity, lag(activity) over w as after, epoch_us(completed) - epoch_us(lag(completed) over w) as wait
        from '{log}' window w as (partition by case_id order by completed))
        where activity = 'Close order' and after = 'Receive payment'""")
    assert waits == [(7 * 24 * 3600 * 1_000_000,)]


def test_a_night_goes_on_where_the_log_ended(logs: tuple[Path, Path]) -> None:
    log, night = logs
    assert ask(f"select count(*) from '{night}'") == [(NIGHT,)]
    assert ask(f"select count(*) from (from '{night}' semi join '{log}' using (case_id, completed))") == [(0,)]
    late = f"completed <= (select max(completed) from '{log}')"
    known = f"case_id in (select case_id from '{log}')"
    kinds = (late, f"not {late} and {known}", f"not {known}")
    counts = ask(f"select {', '.join(f'count(*) filter ({kind})' for kind in kinds)} from '{night}'")
    assert counts[0][0] == NIGHT // 100
    assert min(counts[0]) > 0
    over = f"select case_id from '{log}' where activity in ('Close order', 'Cancel order')"
    assert ask(f"select count(*) > 0 from '{night}' where {late} and case_id in ({over})") == [(True,)]


ANSWER = Answer(
    pairs={"a > b": 3},
    mean_wait_s={"a > b": 100.0},
    median_wait_s={"a > b": 90.0},
    starts={"a": 3},
    ends={"b": 2, "a": 1},
    variants={"a > b": 2, "a > b > b": 1},
    rework={"b": 1},
    median_case_s=500.0,
)


@pytest.mark.parametrize(
    "changed",
    [
        {"pairs": {"a > b": 4}},
        {"pairs": {"a > b": 3, "b > b": 1}},
        {"mean_wait_s": {"a > b": 100.001}},
        {"median_wait_s": {"a > b": 90.6}},
        {"starts": {"a": 2}},
        {"ends": {"b": 3}},
        {"variants": {"a > b": 3}},
        {"rework": {}},
        {"median_case_s": 505.0},
    ],
    ids=str,
)
def test_one_changed_number_is_a_difference(changed: dict[str, Any]) -> None:
    other = replace(ANSWER, **changed)
    assert any(line.startswith(next(iter(changed))) for line in differences(ANSWER, other))
    runs = [Run("pm4py on pandas", 1.0, 1.0, 1.0, {}, ANSWER), Run("DuckDB windows", 1.0, 1.0, 1.0, {}, other)]
    with pytest.raises(BenchmarkError, match=next(iter(changed))):
        check_equal(runs)


def test_what_one_has_not_is_not_a_difference_and_rounding_is_allowed() -> None:
    assert differences(ANSWER, ANSWER) == []
    assert differences(ANSWER, Answer()) == []
    assert differences(ANSWER, replace(ANSWER, mean_wait_s={"a > b": 100.00001}, median_case_s=501.0)) == []


def test_the_same_program_is_to_say_exactly_the_same() -> None:
    assert differences(ANSWER, replace(ANSWER, median_case_s=500.001), exactly=True)
    assert differences(ANSWER, ANSWER, exactly=True) == []


def test_whole_seconds_excuse_times_but_no_counts() -> None:
    coarse = replace(ANSWER, mean_wait_s={"a > b": 99.4})
    assert differences(ANSWER, coarse)
    assert differences(ANSWER, coarse, seconds=1.0) == []
    assert differences(ANSWER, replace(ANSWER, pairs={"a > b": 4}), seconds=1.0)


def test_a_command_rewrites_its_own_section_only() -> None:
    text = with_section("# Head\n", "bench-a", "## A: `make bench-a`\n\nold\n\n### 1 M\n")
    text = with_section(text, "bench-b", "## B: `make bench-b`\n\nother\n")
    text = with_section(text, "bench-a", "## A: `make bench-a`\n\nnew\n")
    assert text == "# Head\n\n## A: `make bench-a`\n\nnew\n\n## B: `make bench-b`\n\nother\n"


def test_a_table_has_its_numbers_to_the_right() -> None:
    assert table(["who", "s"], [["a", 1234.5], ["b", None]]).splitlines() == [
        "| who |     s |",
        "| --- | ----: |",
        "| a   | 1,234 |",
        "| b   |       |",
    ]


def test_a_small_speed_run_ends_with_all_contenders_in_its_table(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="pm4py on Polars needs the extra `bench`")
    kept = tmp_path / "RESULTS.md"
    command = [sys.executable, "-m", "benchmarks.speed", str(EVENTS), "--folder", str(tmp_path), "--results", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = kept.read_text()
    assert told[told.index("## Speed") :].strip() in done.stdout
    assert all(f"| {name} " in told for name in CONTENDERS if name != "Headrace night")
    assert "0.02 M events" in told
    assert "cores" in told


def test_a_small_night_says_what_a_new_build_says(tmp_path: Path) -> None:
    found = measure_night(tmp_path, EVENTS, [200])
    assert [(one.history, one.events) for one in found] == [(EVENTS, 200)]
    assert found[0].night.stages["store"] > 0


def test_a_build_tells_its_size_on_the_disk(tmp_path: Path) -> None:
    built = measure_scale(tmp_path, EVENTS)
    assert built.store_mb > 0
    assert built.batch_mb > 0
    assert built.us_per_event > 0
