"""Who did it: pseudonyms that stay the same, keys that are not lost in silence, and no clear name in any file."""

from __future__ import annotations

import hmac
import multiprocessing
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from mining import quarantine
from mining.commands.nights import check
from mining.errors import GateError, InputError
from mining.home import Home
from mining.night import Night
from mining.process import Process
from mining.sources import preview, pull
from mining.sources.resources import VARIABLE, give_pseudonyms, key_to_try, resource_key
from mining.validation import validate

KEY = b"a key of the tests alone"
HEADER = "case,activity,at,who\n"
COLUMNS = {"case": "case", "activity": "activity", "completed": "at", "resource": "who"}
NAME = "Zebulon Quickfoot"
Rows = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def no_key_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def pseudonym(name: str, key: bytes = KEY) -> str:
    """The oracle: HMAC as Python's library has it."""
    return "r-" + hmac.digest(key, name.encode(), "sha256").hex()[:12]


def process(folder: Path = Path(), **changes: Any) -> Process:
    source = {"files": "*.csv"}
    given = {"process": "orders", "title": "Orders", "source": source, "columns": COLUMNS, "timezone": "UTC"}
    return Process.model_validate({**given, "folder": folder, **changes})


def rows(path: Path, what: str) -> Rows:
    with duckdb.connect() as db:
        return db.execute(f"select {what} from read_parquet(?) order by row", [str(path)]).fetchall()


def pulled(folder: Path, text: str, what: str = 'resource, "source.who"', **changes: Any) -> Rows:
    (folder / "log.csv").write_text(HEADER + text)
    return rows(pull(process(folder, **changes), folder / "out", key=KEY).path, what)


# ---- what is kept


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.binary(min_size=16, max_size=200))
@settings(max_examples=60, deadline=None)
def test_the_hash_is_hmac_sha256(name: str, key: bytes) -> None:
    with duckdb.connect() as db:
        db.execute("create table given as select ? as name", [name])
        give_pseudonyms(db, "select name from given union all select name from given", key, kept=False)
        assert db.execute("from pseudonyms").fetchall() == [(name, pseudonym(name, key))]


def test_by_default_names_are_pseudonyms_in_both_columns(tmp_path: Path) -> None:
    text = "1,a,2024-03-01, Ann \n1,b,2024-03-02,Ann\n1,c,2024-03-03,\n1,d,2024-03-04,?\n1,e,2024-03-05,Zoë ☃\n"
    ann, zoe = pseudonym("Ann"), pseudonym("Zoë ☃")
    assert pulled(tmp_path, text) == [(ann, ann), (ann, ann), (None, None), (None, "?"), (zoe, zoe)]


def test_rows_stay_in_order(tmp_path: Path) -> None:
    """Of many people and many row groups, as if each row were somebody else's."""
    (tmp_path / "log.csv").write_text(HEADER + "".join(f"{n},a,2024-03-01,p{n}\n" for n in range(300_000)))
    out = pull(process(tmp_path), tmp_path / "out", key=KEY).path
    with duckdb.connect() as db:
        found = db.execute(f"select case_id::int, row, resource from read_parquet('{out}')").fetchall()
    assert [(case, row) for case, row, _ in found] == [(n, n + 1) for n in range(300_000)]
    assert found[777][2] == pseudonym("p777")
    assert len({resource for *_, resource in found}) == 300_000


def test_shown_and_dropped(tmp_path: Path) -> None:
    text = "1,a,2024-03-01, Ann \n1,b,2024-03-02,?\n"
    assert pulled(tmp_path, text, resources="shown") == [("Ann", " Ann "), (None, "?")]
    assert pulled(tmp_path, text, resources="dropped") == [(None, None), (None, None)]


def test_a_segment_or_step_or_case_that_is_the_resource_is_hashed_as_well(tmp_path: Path) -> None:
    ann = pseudonym("Ann")
    what = 'case_id, activity, resource, "source.who"'
    assert pulled(tmp_path, "1,a,2024-03-01,Ann\n", what, segments=["who"]) == [("1", "a", ann, ann)]
    for role, kept in (("activity", ("1", ann, ann, ann)), ("case", (ann, "a", ann, ann))):
        assert pulled(tmp_path, "1,a,2024-03-01,Ann\n", what, columns={**COLUMNS, role: "who"}) == [kept]


def test_numbers_of_people_are_hashed_as_what_they_read(tmp_path: Path) -> None:
    duckdb.sql(
        "select 1 as \"case\", 'a' as activity, timestamp '2024-03-01' as at, unnest([7, null])::integer as who"
    ).write_parquet(str(tmp_path / "log.parquet"))
    made = process(tmp_path, source={"files": "*.parquet"})
    seven = pseudonym("7")
    found = rows(pull(made, tmp_path / "out", key=KEY).path, 'resource, "source.who"')
    assert found == [(seven, seven), (None, None)]


def test_who_began_work_in_a_xes_log_is_hidden_too(tmp_path: Path) -> None:
    def event(transition: str, who: str) -> str:
        return (
            f'<event><string key="concept:name" value="Check"/><string key="org:resource" value="{who}"/>'
            f'<string key="lifecycle:transition" value="{transition}"/>'
            '<date key="time:timestamp" value="2024-03-01T08:00:00Z"/></event>'
        )

    events = event("schedule", "Cid") + event("start", "Ann") + event("complete", "Bob")
    log = f'<log><trace><string key="concept:name" value="X"/>{events}</trace></log>'
    (tmp_path / "log.xes").write_text(log)
    columns = dict.fromkeys(("case", "activity"), "concept:name")
    columns |= {"completed": "time:timestamp", "resource": "org:resource"}
    made = process(tmp_path, source={"files": "*.xes"}, columns=columns)
    what = 'resource, "source.org:resource", "source.start:org:resource", "source.schedule:org:resource"'
    bob, ann, cid = map(pseudonym, ("Bob", "Ann", "Cid"))
    assert rows(pull(made, tmp_path / "out", key=KEY).path, what) == [(bob, bob, ann, cid)]


def test_the_same_person_is_the_same_from_files_and_sql(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql('create table log ("case", activity, at, who)')
        db.exec_driver_sql("insert into log values ('1', 'a', '2024-03-01', 'Ann')")
    engine.dispose()
    sql = {"connection": url, "query": "select * from log where at >= :since", "cursor": "at"}
    of_sql = pull(process(source={"sql": sql}), tmp_path / "sql", key=KEY).path
    assert rows(of_sql, 'resource, "source.who"') == pulled(tmp_path, "1,a,2024-03-01,Ann\n")


@pytest.mark.parametrize(
    ("resources", "role", "told"),
    [
        ("hashed", "order", "columns.order"),
        ("hashed", "started", "columns.started"),
        ("dropped", "case", "columns.case"),
        ("dropped", "activity", "columns.activity"),
    ],
)
def test_a_column_that_cannot_be_hidden_is_refused(tmp_path: Path, resources: str, role: str, told: str) -> None:
    with pytest.raises(ValueError, match=rf"columns\.resource and {told} are both 'who'.*`resources: shown`"):
        process(tmp_path, resources=resources, columns={**COLUMNS, role: "who"})
    process(tmp_path, resources="shown", columns={**COLUMNS, role: "who"})


def test_a_cursor_is_not_the_resource() -> None:
    sql = {"connection": "sqlite://", "query": "select 1", "cursor": "who"}
    with pytest.raises(ValueError, match=r"source\.sql\.cursor are both 'who'"):
        process(source={"sql": sql})


def test_nothing_is_hashed_without_a_key_by_accident(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "1,a,2024-03-01,Ann\n")
    with pytest.raises(ValueError, match="give the key"):
        pull(process(tmp_path), tmp_path / "out")


# ---- the key


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key = resource_key(home, process())
    assert key is not None
    assert len(bytes.fromhex(key.decode())) == 32
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    assert resource_key(home, process()) == key
    assert resource_key(home, process(process="tickets")) == key
    assert not [path for path in (home.root / "store").rglob("*") if path.is_file() and key in path.read_bytes()]


def test_no_key_where_none_is_needed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    nobody = {name: column for name, column in COLUMNS.items() if name != "resource"}
    for made in (process(resources="shown"), process(resources="dropped"), process(columns=nobody)):
        assert resource_key(home, made) is None
    assert not home.root.exists()


def _key_at_once(home: Home, start: Any, answers: Any) -> None:
    start.wait()
    answers.put(resource_key(home, process()))


def test_runs_at_once_end_with_one_key(tmp_path: Path) -> None:
    home, many = Home(tmp_path / "home"), 8
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(many), context.Queue()
    runs = [context.Process(target=_key_at_once, args=(home, start, answers)) for _ in range(many)]
    for run in runs:
        run.start()
    keys = {answers.get(timeout=30) for _ in runs}
    for run in runs:
        run.join()
    assert keys == {home.key.read_bytes().strip()}
    assert [path.name for path in home.key.parent.iterdir()] == ["resources.key"]


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY.decode() + "\n")
    home = Home(tmp_path / "home")
    assert resource_key(home, process()) == KEY
    assert not home.key.exists()
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(InputError, match=r"HEADRACE_RESOURCE_KEY: a key has 16 characters or more, this one 5"):
        resource_key(home, process())


def test_a_lost_key_is_told_and_not_made_anew(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key = resource_key(home, process())
    home.key.unlink()
    for ask in (lambda: resource_key(home, process()), lambda: key_to_try(home, process())[0]):
        with pytest.raises(InputError, match=r"resources\.key: the key .* is gone; restore it"):
            ask()
    assert not home.key.exists()
    home.key.write_bytes(b"")
    with pytest.raises(InputError, match="this is no key any more"):
        resource_key(home, process())
    home.key.write_bytes(key or b"")
    assert resource_key(home, process()) == key


def test_another_key_is_told_until_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    resource_key(home, process())
    monkeypatch.setenv(VARIABLE, KEY.decode())
    for ask in (lambda: resource_key(home, process()), lambda: key_to_try(home, process())[0]):
        with pytest.raises(InputError, match=r"HEADRACE_RESOURCE_KEY: this is not the key that the pseudonyms"):
            ask()
    home.key_check("orders").unlink()  # as the message says
    assert resource_key(home, process()) == KEY


# ---- previews


def test_a_preview_shows_pseudonyms_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "1,a,2024-03-01,Ann\n")
    home, made = Home(tmp_path / "home"), process(tmp_path)
    key, told = key_to_try(home, made)
    assert "pseudonyms like these" in told
    [row] = preview(made, key=key).rows
    assert row["resource"] == pseudonym("Ann", key or b"")
    assert not home.root.exists()
    real = resource_key(home, made)
    assert key_to_try(home, made) == (real, "Resources are shown as they will be stored: under pseudonyms.")
    assert key_to_try(home, process(resources="shown")) == (None, "")
    assert key_to_try(home, process(resources="dropped")) == (None, "Resources are dropped: they are not kept.")


def test_check_shows_pseudonyms_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    night = landed(tmp_path, f"o1,Order,2024-03-01,,{NAME}\n")
    check(tmp_path / "orders.yaml", night.home.root)
    said = capsys.readouterr().out
    assert "Resources will be stored under pseudonyms like these" in said
    assert (NAME in said, "r-" in said) == (False, True)


# ---- the quarantine

LOADED = datetime(2024, 3, 12, 2, tzinfo=UTC)
GOOD = "".join(f"G{n},Open,2024-03-{n % 9 + 1:02}T08:00:00,Eve\n" for n in range(60))


def set_aside(folder: Path, home: Home, bad: str, **changes: Any) -> Process:
    made = process(folder, **changes)
    (folder / "log.csv").write_text(HEADER + GOOD + bad)
    work = folder / "work"
    validate(made, pull(made, work, key=resource_key(home, made)).path, work, [], LOADED)
    assert quarantine.keep(home, made, "load-1", work / "bad.parquet") == bad.count("\n")
    return made


def readmitted(home: Home, made: Process, into: Path) -> Rows:
    found = quarantine.readmit(made, home, into)
    assert found is not None
    return rows(found, 'case_id, resource, "source.who"')


def test_pseudonyms_come_out_of_quarantine_as_they_went_in(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    made = set_aside(tmp_path, home, "X,Open,05.03.2024,Ann\nY,Open,05.03.2024,?\n")
    ann = pseudonym("Ann", home.key.read_bytes().strip())
    assert readmitted(home, made, tmp_path / "a") == [("X", ann, ann), ("Y", None, "?")]
    shown = process(tmp_path, resources="shown")
    assert readmitted(home, shown, tmp_path / "b") == [("X", ann, ann), ("Y", None, "?")]
    dropped = process(tmp_path, resources="dropped")
    assert readmitted(home, dropped, tmp_path / "c") == [("X", None, None), ("Y", None, None)]


def test_clear_names_in_quarantine_are_hidden_when_they_come_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    set_aside(tmp_path, home, "X,Open,05.03.2024,Ann\n", resources="shown")
    [(case, resource, raw)] = readmitted(home, process(tmp_path), tmp_path / "a")
    ann = pseudonym("Ann", home.key.read_bytes().strip())
    assert (case, resource, raw) == ("X", ann, ann)


# ---- no clear name in any file


def files_that_tell(folder: Path, name: str) -> Iterator[str]:
    """The files below a folder that hold a name, packed or not."""
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            if path.suffix == ".parquet":
                with duckdb.connect() as db:
                    held = str(db.execute("from read_parquet(?)", [str(path)]).fetchall()).encode()
            if name.encode() in held:
                yield str(path.relative_to(folder))


YAML = """
process: orders
title: Orders
languages: [en]
source: {files: landing/*.csv}
columns: {case: case, activity: activity, completed: at, started: began, resource: who}
segments: [who]
timezone: UTC
"""


def landed(folder: Path, text: str) -> Night:
    (folder / "landing").mkdir(exist_ok=True)
    (folder / "orders.yaml").write_text(YAML)
    number = len(list((folder / "landing").iterdir()))
    (folder / "landing" / f"{number}.csv").write_text("case,activity,at,began,who\n" + text)
    return Night.of(folder / "orders.yaml", date(2024, 3, 2), Home(folder / "home"))


def test_a_night_leaves_no_clear_name_anywhere(tmp_path: Path) -> None:
    good = "".join(
        f"o{n},{step},2024-03-01 1{hour}:{n:02},2024-03-01 08:00,{NAME} {n % 3}\n"
        for n in range(50)
        for hour, step in enumerate(("Order", "Ship"))
    )
    night = landed(tmp_path, good + f"o1,Order,someday,,{NAME}\no2,,2024-03-01,,{NAME}\n")
    night.run()
    assert quarantine.count(night.home, night.process) == 2
    assert list(files_that_tell(tmp_path / "landing", NAME))  # the search finds what is there
    assert list(files_that_tell(night.home.root, NAME)) == []
    [(people,)] = duckdb.sql(f"select count(distinct resource) from '{night.batches.paths()[0]}'").fetchall()
    assert people == 3


@pytest.mark.parametrize(
    "broken",
    [
        f"o1,Order,2024-03-01,,{NAME},too much\n",
        f'o1,Order,2024-03-01,,"{NAME}\n',
        f'o1,Order,2024-03-01,,"{NAME}\nExpected Number of Columns: {NAME}",more\n',
        f"o1,Order,2024-03-01,,{NAME}\ro1,Order,2024-03-01,,{NAME}\r\n",
    ],
)
def test_a_night_that_fails_tells_no_clear_name(tmp_path: Path, broken: str) -> None:
    night = landed(tmp_path, f"o1,Order,2024-03-01,,{NAME}\n" + broken)
    with pytest.raises((InputError, GateError)) as told:
        night.run()
    assert NAME not in str(told.value)
    assert "0.csv" in str(told.value)
    assert list(files_that_tell(night.home.root, NAME)) == []


def test_messages_of_the_gate_tell_no_clear_name(tmp_path: Path) -> None:
    night = landed(tmp_path, "".join(f"o{n},Order,someday,,{NAME}\n" for n in range(20)))
    with pytest.raises(GateError) as told:
        night.run()
    assert "someday" in str(told.value)  # examples are told
    assert NAME not in str(told.value)
    assert list(files_that_tell(night.home.root, NAME)) == []


def test_work_that_overlaps_is_found_under_pseudonyms(tmp_path: Path) -> None:
    night = landed(
        tmp_path,
        "".join(f"o{n},Order,2024-03-01 1{n % 10}:{n:02},2024-03-01 08:00,{NAME}\n" for n in range(40)),
    )
    night.pull()
    night.validate()
    assert '"rule": "overlapping_work"' in (night.work / "checks.json").read_text()
