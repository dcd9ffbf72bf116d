"""What people really hand over: broken files, wild names, one endless case. Each gives a right page or says what is wrong."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import etree

from mining import cli
from mining.home import Home
from mining.night import Night

HEADER = ("case", "activity", "time")
STEPS = ("Receive", "Prüfen", "Pay")
ORDERS = [
    (f"c{case}", step, f"2026-11-{1 + case % 9:02}T{8 + hour:02}:00:00")
    for case in range(20)
    for hour, step in enumerate(STEPS)
]
XES_COLUMNS = {"case": "concept:name", "activity": "concept:name", "completed": "time:timestamp"}
NAMES = (
    'He said "go"',
    "it's",
    "<script>alert(1)</script>",
    "two\nlines",
    "tab\there",
    "שלום עולם",
    "فحص \u202e gnp",
    "收到订单",
    "x" * 300,
    r"\N",
    r"\n\l\r",
    "a,b;c",
    "=cmd()|'/C calc'!A0",
    "&amp; <b>",
    "{{ 7*7 }}",
    "%s %d {0}",
    "👩‍👩‍👧",
    "bell \x07",
    "\ufffe",
    "start",
    "a\u2028b",
    "e\u0301",
    "é",
)


def table(rows: Iterable[tuple[str, ...]], header: tuple[str, ...] = HEADER) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def xes(cases: int) -> str:
    one = (
        '<trace><string key="concept:name" value="c{}"/><event><string key="concept:name" value="A"/>'
        '<date key="time:timestamp" value="2026-11-01T10:00:00Z"/></event></trace>'
    )
    return f"<log>{''.join(one.format(case) for case in range(cases))}</log>"


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", text)
    return packed.getvalue()


def process_file(folder: Path, content: str | bytes, name: str = "log.csv", **keys: Any) -> Path:
    """The content as a file, and a process file beside it that reads it."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    given = {
        "process": "orders",
        "title": "Orders",
        "languages": ["en"],
        "source": {"files": name},
        "columns": {"case": "case", "activity": "activity", "completed": "time"},
        "timezone": "Europe/Berlin",
    }
    path = folder / "orders.yaml"
    path.write_text(json.dumps({key: value for key, value in {**given, **keys}.items() if value is not None}))
    return path


def headrace(monkeypatch: pytest.MonkeyPatch, *words: object) -> int | str | None:
    """The command line in this process; its exit code. What is not one of the told errors comes out as it is."""
    monkeypatch.setattr("sys.argv", ["headrace", *map(str, words)])
    try:
        cli.main()
    except SystemExit as end:
        return end.code
    return 0


def mined(process: Path, home: Path, day: str = "2026-11-09") -> Path:
    """The folder of a published night."""
    return Path(Night.of(process, date.fromisoformat(day), Home.at(home)).run()).parent


def fingerprints(site: Path) -> dict[str, str]:
    files = sorted(path for path in site.rglob("*") if path.is_file())
    return {str(path.relative_to(site)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


GZIPPED, ZIPPED = gzip.compress(table(ORDERS * 50).encode()), zipped(table(ORDERS * 50))
REFUSED: dict[str, tuple[int, str, dict[str, Any]]] = {
    "empty file": (2, r"log\.csv: the file is empty \(0 bytes\)", {"content": ""}),
    "blank file": (2, r"log\.csv, line 1: the first line must name the columns", {"content": "\n"}),
    "header only": (3, "No event of orders has been loaded yet", {"content": table([])}),
    "latin-1": (2, r"log\.csv, line 3: byte \d+ \(0xfc\).*latin-1", {"content": table(ORDERS).encode("latin-1")}),
    "utf-16": (2, r"log\.csv, line 1: byte 0 .*utf-16", {"content": table(ORDERS).encode("utf-16")}),
    "unknown encoding": (
        2,
        r"source\.encoding: 'klingon'",
        {"content": table(ORDERS), "source": {"files": "log.csv", "encoding": "klingon"}},
    ),
    "no text encoding": (
        2,
        r"source\.encoding: 'base64'",
        {"content": table(ORDERS), "source": {"files": "log.csv", "encoding": "base64"}},
    ),
    "cut .csv.gz": (2, "damaged or cut short", {"content": GZIPPED[: len(GZIPPED) // 2], "name": "log.csv.gz"}),
    "no .csv.gz": (2, "damaged or cut short", {"content": table(ORDERS), "name": "log.csv.gz"}),
    "cut .zip": (2, "damaged or cut short", {"content": ZIPPED[: len(ZIPPED) // 2], "name": "log.zip"}),
    "cut .xes.gz": (
        2,
        "damaged or cut short",
        {"content": gzip.compress(xes(3000).encode())[:-900], "name": "log.xes.gz", "columns": XES_COLUMNS},
    ),
    "cut .xes": (2, "broken or cut short", {"content": xes(9)[:900], "name": "log.xes", "columns": XES_COLUMNS}),
    "empty .xes": (2, "0 bytes", {"content": "", "name": "log.xes", "columns": XES_COLUMNS}),
    "cut .parquet": (2, "not a whole Parquet file", {"content": b"PAR1 cut", "name": "log.parquet"}),
    "missing column": (
        2,
        r"columns\.completed: there is no column 'time'\. There are: 'case', 'activity', 'zeit'",
        {"content": table(ORDERS, ("case", "activity", "zeit"))},
    ),
    "no zone": (2, r"row 1, column 'time': .* no offset.*timezone: ", {"content": table(ORDERS), "timezone": None}),
    "all rows bad": (
        3,
        r"(?s)Every time can be read: 30 of 30 .*log\.csv row 1: time noon.*None of 30 rows is good",
        {"content": table([("c", f"a{row}", "noon") for row in range(30)])},
    ),
    "no case": (
        3,
        "30 of 30 rows have no case",
        {"content": table([("", "a", f"2026-11-01T10:{m:02}") for m in range(30)])},
    ),
    "year 1": (3, "No event lies in the far past: 60 of 60", {"content": table(ORDERS).replace("2026-", "0001-")}),
    "year 9999": (3, "No event lies in the future: 60 of 60", {"content": table(ORDERS).replace("2026-", "9999-")}),
    "unclosed quote": (2, r"log\.csv: .*Line: 62", {"content": table(ORDERS) + 'c1,"unclosed,2026-11-01T10:00:00\n'}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_mined_is_told(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, given = REFUSED[what]
    home = tmp_path / "home"
    assert (
        headrace(monkeypatch, "run", process_file(tmp_path / "in", **given), "--home", home, "--night", "2026-11-09")
        == code
    )
    assert re.search(told, capsys.readouterr().err)
    assert not list(home.glob("nights/*/*/findings.json"))


def test_check_finds_a_missing_segment_as_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = process_file(tmp_path, table(ORDERS), segments=["region"])
    assert headrace(monkeypatch, "check", process) == 2
    assert "segments: there is no column 'region'." in capsys.readouterr().err
    (tmp_path / "more.csv").write_text(table([(*ORDERS[0], "north")], (*HEADER, "region")))
    several = process_file(tmp_path, table(ORDERS), segments=["region"], source={"files": "*.csv"})
    assert headrace(monkeypatch, "check", several) == 0  # the preview sees the first file alone


def wild_events() -> list[tuple[str, ...]]:
    """Each name as activity, case, segment and resource."""
    return [
        (f"c{case} {NAMES[case % len(NAMES)]}", name, f"2026-11-{1 + case % 9:02}T08:{minute:02}:00", segment, name)
        for case in range(len(NAMES))
        for segment in [NAMES[case * 7 % len(NAMES)]]
        for minute, name in enumerate(NAMES if case % 3 == 0 else NAMES[case % 17 :][:6])
    ]


WILD_HEADER = ('case "<b>"', "acti'vity", "time, %", "seg\"&<i>'", "res")
WILD_COLUMNS = {"case": WILD_HEADER[0], "activity": WILD_HEADER[1], "completed": WILD_HEADER[2], "resource": "res"}


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The same wild log three times, at two homes and with its rows shuffled; the night of each."""
    folder = tmp_path_factory.mktemp("wild")
    name, rows = 'it\'s a "log" [1] ü.csv', wild_events()
    shuffled = sorted(rows, key=lambda row: row[::-1])
    keys: dict[str, Any] = {"columns": WILD_COLUMNS, "segments": [WILD_HEADER[3]], "title": "Orders <i>&amp;"}
    keys["languages"] = ["en", "zh"]
    keys["resources"] = "shown"
    process = process_file(folder / "a", table(rows, WILD_HEADER), name, **keys)
    other = process_file(folder / "b", table(shuffled, WILD_HEADER), name, **keys)
    return mined(process, folder / "first"), mined(process, folder / "second"), mined(other, folder / "shuffled")


def test_wild_names_come_through_as_they_are(wild: tuple[Path, Path, Path]) -> None:
    site, *_ = wild
    found = json.loads((site / "findings.json").read_text())
    assert {activity["name"] for activity in found["graph"]["activities"]} == set(NAMES)
    with duckdb.connect() as db:
        cases = db.read_parquet(str(site / "cases.parquet"))
        read = cases.select(duckdb.ColumnExpression("case_id"), duckdb.ColumnExpression(WILD_HEADER[3])).fetchall()
    assert set(read) == {(case, segment) for case, _, _, segment, _ in wild_events()}
    with (site / "flows.csv").open(encoding="utf-8", newline="") as stream:
        assert set(NAMES) <= {row[end] for row in csv.DictReader(stream) for end in ("source", "target")}


def test_wild_names_are_text_to_every_reader(wild: tuple[Path, Path, Path]) -> None:
    site, *_ = wild
    for name in ("map.svg", "model.bpmn", "model.pnml"):
        assert etree.parse(site / name).getroot() is not None
    page = (site / "index.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page


def test_the_same_night_twice_is_the_same_to_the_byte(wild: tuple[Path, Path, Path]) -> None:
    first, second, _ = wild
    assert fingerprints(first) == fingerprints(second)
    assert {"map.pdf", "map.png", "index.html"} <= set(fingerprints(first))


def test_the_order_of_the_rows_does_not_matter(wild: tuple[Path, Path, Path]) -> None:
    first, _, shuffled = wild
    assert fingerprints(first) == fingerprints(shuffled)


def test_one_case_with_one_event_has_a_page(tmp_path: Path) -> None:
    site = mined(process_file(tmp_path, table([("c", "Only", "2026-11-01T10:00:00Z")])), tmp_path / "home")
    found = json.loads((site / "findings.json").read_text())
    assert [(each["name"], each["cases"]) for each in found["graph"]["activities"]] == [("Only", 1)]
    assert "Only" in (site / "map.svg").read_text()


def every(minutes: int, names: Iterable[str], events_of_a_case: int) -> list[tuple[str, ...]]:
    start = datetime(2025, 1, 1)
    return [
        (f"c{number // events_of_a_case}", name, (start + timedelta(minutes=minutes * number)).isoformat())
        for number, name in enumerate(names)
    ]


def test_one_endless_case(tmp_path: Path) -> None:
    names = [*(f"Step {number * number % 17}" for number in range(49_999)), "End"]
    process = process_file(tmp_path, table(every(2, names, len(names))), timezone="UTC", ends=["End"])
    found = json.loads((mined(process, tmp_path / "home", "2025-12-31") / "findings.json").read_text())
    assert found["kpis"]["finished"] == 1
    assert sum(flow["n"] for flow in found["graph"]["flows"] if flow["source"] and flow["target"]) == 49_999


def test_five_thousand_activities(tmp_path: Path) -> None:
    names = [f"Step {number ** (1 + 2 * (number // 5000)) % 5003 % 5000}" for number in range(10_000)]
    process = process_file(tmp_path, table(every(20, names, 10)), timezone="UTC")
    site = mined(process, tmp_path / "home", "2025-12-31")
    found = json.loads((site / "findings.json").read_text())
    assert len(found["graph"]["activities"]) == 5000
    assert (site / "index.html").stat().st_size < 5_000_000


def test_words_that_make_no_sense_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = process_file(tmp_path, table(ORDERS))
    (tmp_path / "nul.yaml").write_text("process: \0\n")
    for told, words in {
        "cannot be opened: Is a directory": ["run", tmp_path],
        "nul.yaml: this is not YAML": ["run", tmp_path / "nul.yaml"],
        "log.csv: this is a file; name a folder": ["run", process, "--home", tmp_path / "log.csv"],
        "9999-12-31 has not come yet": ["run", process, "--night", "9999-12-31", "--home", tmp_path / "home"],
        f"there is no folder {tmp_path / 'no'}": [
            *("export", process, "--what", "dfg", "--to", tmp_path / "no" / "dfg.csv"),
            *("--night", "2026-11-09", "--home", tmp_path / "home"),
        ],
    }.items():
        assert headrace(monkeypatch, *words) == 2
        assert told in capsys.readouterr().err
