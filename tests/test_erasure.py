"""Forgetting a case: no file has it afterwards, all others are as they were, it does not come back, and kills do no harm.

HEADRACE_KILLS says how many kills are tried; with 100 it is every point at which the command changes a file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import ORDERS_YAML, a_process
from crashing import Child, nursery
from markupsafe import escape
from morning_samples import sample_morning
from pages_samples import sample_findings
from pydantic import TypeAdapter
from sqlalchemy import create_engine, text

from mining import quarantine
from mining.erasure import ERASED, Erased, Trace, _from_night, forget
from mining.errors import InputError, StoreError
from mining.findings import Findings
from mining.home import Home
from mining.languages import language, speaking
from mining.night import Night
from mining.pages.night_page import write_night
from mining.process_file import load
from mining.register import Register
from mining.sources.forgotten import forgotten_cases
from mining.store import Batches
from mining.store.rewriting import finish_rewriting, take_out
from mining.verify import State, verify
from mining.workplace import Workplace

YAML = ORDERS_YAML + "timezone: UTC\n"
HEADER = "order,step,at\n"
WILD = ['o\'Neil "x"', "004242", "4242", "Ü  ñ ☃", "<b>&amp;%_*[1]"]
Rows = list[tuple[Any, ...]]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def rows(cases: list[str], day: str, *steps: str) -> str:
    return "".join(
        f"{quoted(case)},{step},{day} {8 + hour:02}:{n % 60:02}\n"
        for n, case in enumerate(cases)
        for hour, step in enumerate(steps or ("Order", "Ship"))
    )


KILLS = int(os.environ.get("HEADRACE_KILLS", "8"))
PLAIN = [f"p{n}" for n in range(200)]


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights with every wild case in batch, quarantine, the examples of the checks and the published tables.

    The rows set aside on the first one were taken in, and the next night brings the ends again, a day after them.
    """
    place = tmp_path_factory.mktemp("two-nights")
    (place / "landing").mkdir()
    (place / "orders.yaml").write_text(YAML)
    bad = "".join(f"{quoted(f'  {case} ')},-,2024-03-01 12:00\n" for case in WILD)
    (place / "landing/1.csv").write_text(HEADER + rows([*PLAIN, *WILD], "2024-03-01") + bad)
    night(place, 1).run()
    assert night(place, 1).readmit(["placeholder_activity"]) == (5, 5)
    (place / "landing/2.csv").write_text(HEADER + rows([*PLAIN, *WILD], "2024-03-02", "Pay"))
    night(place, 2).run()
    return place


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return nursery()


@pytest.fixture
def place(two_nights: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_nights, tmp_path / "place")


def night(place: Path, day: int) -> Night:
    return Night.of(place / "orders.yaml", date(2024, 3, day), Home(place / "home"))


def forgotten(place: Path, case: str) -> list[Erased]:
    return forget(load(place / "orders.yaml"), Home(place / "home"), case)


def tables(place: Path) -> dict[str, Rows]:
    """What every Parquet file below the home holds, as texts."""
    with duckdb.connect() as db:
        return {
            str(path.relative_to(place)): db.execute(
                "select columns(*)::varchar from read_parquet(?)", [str(path)]
            ).fetchall()
            for path in sorted((place / "home").rglob("*.parquet"))
        }


def traces(place: Path, case: str) -> list[str]:
    """The files below the home that tell of a case: with a value that is its id, or an example that names it."""
    found = [name for name, held in tables(place).items() if any(case in map(stripped, row) for row in held)]
    for path in (place / "home").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".html"):
            told = path.read_text()
            shown = str(escape(" ".join(case.split())))
            forms = (case, shown, json.dumps(case)[1:-1], json.dumps(case, ensure_ascii=False)[1:-1])
            if any(re.search(rf"case {re.escape(form)}(?!\w)", told) for form in forms):
                found.append(str(path.relative_to(place)))
    return found


def stripped(value: str | None) -> str | None:
    return value if value is None else value.strip()


def without(held: dict[str, Rows], case: str) -> dict[str, Rows]:
    """The same files without the rows of a case, and without what was only of it."""
    return {name: [row for row in rows if case not in map(stripped, row)] for name, rows in held.items()}


def everything(place: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted((place / "home").rglob("*")) if p.is_file() and p.name != "lock"}


# ---- what goes and what stays


@pytest.mark.parametrize("case", WILD)
def test_a_forgotten_case_is_nowhere_and_the_others_are_as_before(place: Path, case: str) -> None:
    before, told = tables(place), traces(place, case)
    assert {name.split("/")[1] + "/" + Path(name).name for name in told} >= {
        "nights/cases.parquet",
        "nights/index.html",
    }
    assert sum("/batches/" in name and name.endswith(".parquet") for name in told) == 3
    found = {erased.what: erased.rows for erased in forgotten(place, f" {case} ")}
    assert (found["batches"], found["quarantine"], found["published nights"]) == (4, 1, 2)
    assert traces(place, case) == []
    after = tables(place)
    released = next(name for name in before if "/released/" in name)
    gone = set(before[released]) - set(after[released])
    assert len(gone) == 1
    for others in (before, after):
        others.pop(released)
    assert after == without({name: held for name, held in before.items() if name in after}, case)
    assert all("/derived/" in name for name in before if name not in after)
    states = {finding.state for finding in verify(load(place / "orders.yaml"), Home(place / "home"))}
    assert states == {State.SOUND}


def test_batches_keep_their_name_and_say_how_many_rows_went(place: Path) -> None:
    batches = Batches(Home(place / "home").batches("orders"))
    before = batches.described()
    forgotten(place, "4242")
    after = batches.described()
    assert [(b.load_id, b.inputs, b.night) for b in after] == [(b.load_id, b.inputs, b.night) for b in before]
    assert [(b.forgotten, c.rows - b.rows) for b, c in zip(after, before, strict=True)] == [(2, 2), (1, 1), (1, 1)]
    assert all(batches.damage(batch) is None for batch in after)


@pytest.mark.parametrize("case", ["424", "04242", 'o\'neil "x"', "a b", "", "%", "nobody"])
def test_an_unknown_case_is_told_and_nothing_changes(place: Path, case: str) -> None:
    before = everything(place)
    with pytest.raises(InputError, match="orders has no such case"):
        forgotten(place, case)
    assert everything(place) == before


def test_the_id_in_clear_is_not_in_the_list(place: Path) -> None:
    forgotten(place, "Ü  ñ ☃")
    home = Home(place / "home")
    listed = home.forgotten("orders").read_text()
    assert "Ü" not in listed
    assert len(json.loads(listed)) == 1
    known = forgotten_cases(home, "orders")
    assert known is not None
    assert (known.has("Ü  ñ ☃"), known.has("4242")) == (True, False)
    key = home.key.with_name("cases.key")
    assert key.read_bytes().strip() == known.key
    key.unlink()
    with pytest.raises(
        InputError, match=r"cases\.key: the key .* is gone; restore it \(from a copy\)\. Without it forgotten"
    ):
        night(place, 3).pull()


def test_forgetting_twice_finds_nothing_more(place: Path) -> None:
    forgotten(place, "4242")
    assert not any(erased.rows for erased in forgotten(place, "4242"))
    forgotten(place, "004242")
    known = forgotten_cases(Home(place / "home"), "orders")
    assert known is not None
    assert (known.has("4242"), known.has("004242")) == (True, True)


def test_a_case_that_only_a_failed_night_names(place: Path) -> None:
    (place / "landing/3.csv").write_text(HEADER + "".join(f"solo{n},,2024-03-03 08:00\n" for n in range(3)))
    with pytest.raises(Exception, match="did not pass the gate"):
        night(place, 3).run()
    assert sorted(Path(name).name for name in traces(place, "solo0")) == [
        "failed.json",
        "index.en.html",  # of the list of processes, which tells why it failed
        *["index.html"] * 2,  # of that list and the night
        *["index.zh.html"] * 2,
    ]
    forgotten(place, "solo0")
    assert traces(place, "solo0") == []
    assert len(traces(place, "solo1")) == 3


# ---- it does not come back


def test_why_a_night_failed_is_kept_without_the_lines_that_name_the_case(place: Path) -> None:
    register = Register.open(Home(place / "home"))
    register.failed("orders", date(2024, 3, 3), "Step validate: closed\n- row 7, case p7\n- row 8, case p8")
    found = {erased.what: erased.rows for erased in forgotten(place, "p7")}
    assert found["register, why nights failed"]
    told = [run.failed or "" for run in register.runs("orders")]
    assert told[-1] == f"Step validate: closed\n{ERASED}\n- row 8, case p8"


def test_a_forgotten_case_does_not_come_back_with_files(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    forgotten(place, "4242")
    again = HEADER + rows([*PLAIN, "4242", "004242"], "2024-03-03", "Thank") + "4242,-,2024-03-03 09:00\n"
    (place / "landing/3.csv").write_text(again)
    night(place, 3).run()
    assert traces(place, "4242") == []
    assert "2 rows of forgotten cases (1) came again and were left out" in caplog.text
    assert any("/3/" in name or "2024-03-03" in name for name in traces(place, "004242"))
    assert quarantine.count(Home(place / "home"), load(place / "orders.yaml")) == 0


def test_a_forgotten_case_does_not_come_back_from_sql(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with create_engine(url).begin() as db:
        db.execute(text('create table events (number integer, "order" text, step text, at text)'))
        for number in range(120):
            at = f"2024-03-01 {8 + number // 60:02}:{number % 60:02}:00"
            db.execute(
                text("insert into events values (:n, :o, :s, :a)"),
                {"n": number, "o": f"p{number % 60}", "s": ("Order", "Pay")[number // 60], "a": at},
            )
    query = 'select number, "order", step, at from events where number >= :since order by number'
    source = f"source:\n  sql: {{connection: '{url}', query: '{query}', cursor: number}}"
    (tmp_path / "orders.yaml").write_text(YAML.replace("source: {files: landing/*.csv}", source))
    night(tmp_path, 1).run()
    forgotten(tmp_path, "p59")  # its last row is that of the cursor
    with create_engine(url).begin() as db:
        db.execute(
            text(
                "insert into events values (120, 'p59', 'Ship', '2024-03-02 08:00'), (121, 'p1', 'Ship', '2024-03-02 08:01')"
            )
        )
    night(tmp_path, 2).run()
    assert traces(tmp_path, "p59") == []
    assert len(traces(tmp_path, "p1")) >= 3


# ---- runs at the same time


def test_a_run_at_work_is_waited_for(place: Path) -> None:
    before = everything(place)
    at_work = Workplace(place / "home/work/orders")
    at_work.enter()
    with pytest.raises(StoreError, match=r"a run of orders is at work .* Nothing was changed"):
        forgotten(place, "4242")
    at_work.leave()
    assert everything(place) == before


def test_a_run_that_rests_loses_its_folder(place: Path) -> None:
    """As one of Airflow's, between two of its processes; it is told to begin again."""
    (place / "landing/3.csv").write_text(HEADER + rows(["4242"], "2024-03-03"))
    home = Home(place / "home")
    resting = Night.of(place / "orders.yaml", date(2024, 3, 3), home, "scheduled")
    resting.do("pull")
    resting.place.__dict__.pop("_held").close()
    forgotten(place, "4242")
    assert traces(place, "4242") == []
    with pytest.raises(StoreError, match="Begin again with the step `pull`"):
        Night.of(place / "orders.yaml", date(2024, 3, 3), home, "scheduled").do("validate")


# ---- killed


def test_killed_at_any_moment_the_same_command_finishes(
    place: Path, tmp_path: Path, context: ForkServerContext
) -> None:
    case = "4242"
    words = ["forget", "orders.yaml", "--case", case, "--home", "home"]
    whole = shutil.copytree(place, tmp_path / "whole")
    ended = Child(context, whole, words).ended()
    assert ended.code == 0, ended.said
    expected = tables(whole)

    def killed(at: int) -> list[str]:
        there = shutil.copytree(place, tmp_path / f"killed-{at}")
        first = Child(context, there, words, kill_at=at).ended()
        if first.code != -signal.SIGKILL:
            return [f"{at}: was not killed: {first.code} {first.said}"]
        between = shutil.copytree(there, tmp_path / f"between-{at}")
        states = {finding.state for finding in verify(load(between / "orders.yaml"), Home(between / "home"))}
        again = Child(context, there, words).ended()
        wrong = [f"{at}: {again.said}"] if again.code else []
        wrong += [f"{at}: {name} still tells" for name in traces(there, case)]
        wrong += [f"{at}: others changed"] * (tables(there) != expected)
        wrong += [f"{at}: a store that is damaged in between"] * (State.DAMAGED in states)
        wrong += [f"{at}: left over {p}" for p in (there / "home/store").rglob(".*")]
        for folder in (there, between):
            shutil.rmtree(folder)
        return wrong

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        events = len(ended.events)
        trials = pool.map(killed, sorted({1 + n * events // KILLS for n in range(KILLS)}))
        wrong = [what for trial in trials for what in trial]
    assert events > 20
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("cut", ["begun", "journal", "rows"])
def test_a_rewriting_that_was_cut_is_finished_or_has_not_begun(place: Path, cut: str) -> None:
    batches = Batches(Home(place / "home").batches("orders"))
    [batch, *_] = batches.described()
    path, sidecar = batches.path(batch.load_id), batches.sidecar(batch.load_id)
    old = (path.read_bytes(), sidecar.read_bytes())
    assert take_out(batches, batch, "case_id = '4242'", batch.checks) == 2
    new, described = path.read_bytes(), batches.read(batch.load_id)
    journal, part = batches.folder.parent / "rewriting.json", batches.folder / f".{batch.load_id}.rewritten"
    sidecar.write_bytes(old[1])
    if cut != "rows":
        path.write_bytes(old[0])
        part.write_bytes(new)
    if cut != "begun":
        journal.write_text(json.dumps({**json.loads(old[1]), "forgotten": 2, "rows": described.rows,
                                       "bytes": described.bytes, "sha256": described.sha256}))  # fmt: skip
    finish_rewriting(batches)
    assert (path.read_bytes(), batches.read(batch.load_id).forgotten) == ((old[0], 0) if cut == "begun" else (new, 2))
    assert batches.damage(batches.read(batch.load_id)) is None
    assert (journal.exists(), part.exists()) == (False, False)


# ---- the command line


def test_the_command_prints_what_it_erased(place: Path, context: ForkServerContext) -> None:
    done = Child(context, place, ["forget", "orders.yaml", "--case", "<b>&amp;%_*[1]", "--home", "home"]).ended()
    assert done.code == 0, done.said
    for what in ("batches", "quarantine", "published nights", "derived tables"):
        assert what in done.said
    done = Child(context, place, ["forget", "orders.yaml", "--case", "<b>&amp;%_*[1]", "--home", "home"]).ended()
    assert "had been forgotten before" in done.said
    done = Child(context, place, ["forget", "orders.yaml", "--case", "[/]", "--home", "home"]).ended()
    assert (done.code, "no such case" in done.said) == (2, True)


def test_an_open_case_is_struck_from_the_list_of_the_oldest(tmp_path: Path) -> None:
    findings = replace(sample_findings(), morning=sample_morning(), languages=("en", "zh"))
    pages = [write_night(findings, [], [], tmp_path)]
    with speaking(language("zh")):
        pages.append(write_night(findings, [], [], tmp_path))
    (tmp_path / "findings.json").write_bytes(TypeAdapter(Findings).dump_json(findings))
    (tmp_path / "open-cases.csv").write_text("case,age_s\r\n4000,1.0\r\n40001,2.0\r\n")
    assert all("4000" in page.read_text() for page in pages)
    _from_night(Trace(a_process(), "4000"), tmp_path)
    assert all("4000" not in page.read_text() and "4001" in page.read_text() for page in pages)
    kept = (tmp_path / "findings.json").read_text()
    assert '"4000"' not in kept and "/4000" not in kept and '"4001"' in kept
    assert (tmp_path / "open-cases.csv").read_text() == "case,age_s\n40001,2.0\n"
