"""The command line: what it says, and the codes it leaves with."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

YAML = """# an order desk
process: orders
title: Orders
source: {files: orders.csv}
columns: {case: order, activity: step, completed: at}
ends: [Ship]
timezone: Europe/Berlin
languages: [en]
"""
CSV = "order,step,at\n" + "".join(
    f"o{n:03},Order,2024-03-01 09:{n:02}\no{n:03},Ship,2024-03-01 1{n % 10}:00\n" for n in range(40)
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "orders.yaml").write_text(YAML)
    (tmp_path / "orders.csv").write_text(CSV)
    return tmp_path


def headrace(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "headrace"), *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def changed(place: Path, old: str, new: str) -> None:
    assert old in YAML
    (place / "orders.yaml").write_text(YAML.replace(old, new))


def test_a_right_file_is_previewed(place: Path) -> None:
    done = headrace(place, "check", "orders.yaml")
    assert done.returncode == 0, done.stderr
    assert "Times read: 80 of 80 tried (100.0%)." in done.stdout
    assert "orders.yaml: right." in done.stdout


MISTAKES = [
    ("title: Orders", "titel: Orders", "orders.yaml:3: titel: 'Orders': there is no such key; did you mean `title`?"),
    ("title: Orders", "title: Orders\nfolder: /tmp", "orders.yaml:4: folder: there is no such key; remove it"),
    ("title: Orders\n", "", "orders.yaml:1: title: this key is missing; add it"),
    ("process: orders", "process: Order", "orders.yaml:2: process: 'Order': use small letters, digits and _"),
    ("process: orders", "process: sales", "orders.yaml:2: process: 'sales' is not the file's name"),
    ("Europe/Berlin", "Berlin", "orders.yaml:7: timezone: 'Berlin': \"Berlin\" is no time zone; write an IANA name"),
    ("timezone: Europe/Berlin", "", "add `timezone:"),
    ("activity: step", "activity: stepp", "step"),
    ("[Ship]", "[Ship", "this is not YAML"),
    ("orders.csv", "nothing-*.csv", "nothing-*.csv"),
    ("{files: orders.csv}", "{}", "orders.yaml:4: source: a source has exactly one kind"),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_told_with_line_and_fix(place: Path, old: str, new: str, said: str) -> None:
    changed(place, old, new)
    done = headrace(place, "check", "orders.yaml")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_such_file(place: Path) -> None:
    done = headrace(place, "check", "other.yaml")
    assert (done.returncode, "there is no such file" in done.stderr) == (2, True)


def test_run_prints_the_pages_address_and_export_writes_tables(place: Path) -> None:
    done = headrace(place, "run", "orders.yaml", "--home", "home")
    assert done.returncode == 0, done.stderr
    page = place / "home/nights/orders/2024-03-01/index.html"
    assert page.as_uri() in done.stdout
    for what, name in (("dfg", "dfg.csv"), ("cases", "cases.parquet"), ("steps", "steps.csv"), ("bpmn", "m.bpmn")):
        done = headrace(place, "export", "orders.yaml", "--what", what, "--to", name, "--home", "home")
        assert done.returncode == 0, done.stderr
    [flow] = csv.DictReader((place / "dfg.csv").open())
    assert (flow["source"], flow["target"], flow["n"]) == ("Order", "Ship", "40")
    assert duckdb.sql(f"select count(*), bool_and(finished) from '{place / 'cases.parquet'}'").fetchall() == [
        (40, True)
    ]
    assert len((place / "steps.csv").read_text().splitlines()) == 81
    assert "definitions" in (place / "m.bpmn").read_text()


def test_a_failed_gate_leaves_with_3(place: Path) -> None:
    (place / "orders.csv").write_text("order,step,at\n" + "o1,Order,never\n" * 3)
    done = headrace(place, "run", "orders.yaml", "--night", "2024-03-01", "--home", "home")
    assert done.returncode == 3
    assert "did not pass the gate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_day_is_told(place: Path) -> None:
    done = headrace(place, "run", "orders.yaml", "--night", "01.03.2024")
    assert done.returncode == 2
    assert '"01.03.2024" is no day; write it as 2026-11-20' in done.stderr


def test_quarantine_lists_what_was_set_aside(place: Path) -> None:
    (place / "orders.csv").write_text(CSV + "o001,Pay,someday\n")
    assert headrace(place, "run", "orders.yaml", "--home", "home").returncode == 0
    done = headrace(place, "quarantine", "orders.yaml", "--home", "home")
    assert done.returncode == 0, done.stderr
    assert "1 rows in quarantine" in done.stdout
    assert "someday" in done.stdout
    done = headrace(place, "quarantine", "orders.yaml", "--readmit", "--home", "home")
    assert "0 of 1 rows went in; 1 stay in quarantine." in done.stdout


def test_the_schema_is_written(place: Path) -> None:
    assert headrace(place, "schema", "schema.json").returncode == 0
    assert '"activity_means"' in (place / "schema.json").read_text()
