"""`headrace forget`: every trace of one case, wherever it is kept.

First the case is put on the list of forgotten ones, so that no pull brings it back; the batches, by which it is known, come
last: killed at any moment, the same command again finds what is left.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
from markupsafe import escape

from mining import durable, loading, placing, quarantine
from mining.disk import told_when_full
from mining.errors import InputError, StoreError
from mining.findings import Check
from mining.flowchart.labels import display_name
from mining.home import Home
from mining.lock import alone
from mining.pages.views import drop_views
from mining.process import Process
from mining.register import Register
from mining.sources.forgotten import forgotten_cases, remember
from mining.sources.mapping import BLANKS, described, trimmed
from mining.sources.quoting import file_literal, literal
from mining.store import Batches
from mining.store.rewriting import rows_with, take_out, write_without
from mining.workplace import at_work, clear_all

ERASED = "(erased on request)"


@dataclass(frozen=True)
class Erased:
    """What was taken out of one kind of files."""

    what: str
    files: int
    rows: int | None = None  # None where files went as a whole


def forget(process: Process, home: Home, case_id: str) -> list[Erased]:
    """Erase a case from batches, quarantine, nights and everything derived; what was found.

    Raises:
        InputError: there is no such case, and nothing was changed.
        StoreError: a run is at work, or a batch is damaged.
    """
    name, trace = process.process, Trace(process, case_id.strip(BLANKS))
    with told_when_full(home.root), alone(home.lock(name), f"forget of {name}"):
        loading.undo_unfinished(home, name)
        placing.heal(home, name)
        _refuse_at_work(home, name)
        batches = Batches(home.batches(name))
        batches.refuse_damaged()
        known = forgotten_cases(home, name)
        if not ((known and known.has(trace.case_id)) or (trace.case_id and any(_found(trace, home, batches)))):
            raise InputError(
                f"--case {case_id}: {name} has no such case, neither in the store nor in a published night. Ids are "
                "written as in `headrace export --what cases`; capitals and leading zeros count. Nothing was changed."
            )
        remember(home, name, trace.case_id)
        return list(_erase(trace, home, batches))


@dataclass(frozen=True)
class Trace:
    """How one case is known, in rows and in texts."""

    process: Process
    case_id: str

    def condition(self, file: Path) -> str:
        """SQL for the rows of a Parquet file that belong to the case, as they were mapped or as they would be today."""
        with duckdb.connect() as db:
            there = described(db, f"read_parquet({file_literal(file)})")
        column = self.process.columns.case
        raw = [name for name in (f"source.{column}", f"source.case:{column}") if name in there]
        parts = [f"{trimmed(name)} = {literal(self.case_id)}" for name in raw]
        return " or ".join([f"case_id = {literal(self.case_id)}"] * ("case_id" in there) + parts) or "false"

    def rows(self, file: Path) -> int:
        return rows_with(file, self.condition(file))

    def named_in(self, text: str) -> bool:
        """Whether the example of a check may name the case: rather once too often than once too few."""
        return re.search(rf"(?<!\w){re.escape(self.case_id)}(?!\w)", text) is not None

    def without(self, checks: Sequence[Check]) -> tuple[Check, ...]:
        """Checks whose examples do not name the case."""
        return tuple(
            replace(check, examples=tuple(e for e in check.examples if not self.named_in(e))) for check in checks
        )


def _refuse_at_work(home: Home, name: str) -> None:
    if held := at_work(home.work(name)):
        raise StoreError(
            f"{held[0]}: a run of {name} is at work and may hold the case. Let it end, or end it, and then forget the case. "
            "Nothing was changed."
        )


def _found(trace: Trace, home: Home, batches: Batches) -> Iterator[bool]:
    name = trace.process.process
    for path in [*(batches.path(batch.load_id) for batch in batches.described()), *_set_aside(home, name)]:
        yield trace.rows(path) > 0
    for night in _nights(home, name):
        cases = night / "cases.parquet"
        yield cases.exists() and trace.rows(cases) > 0
        yield any(f"case {trace.case_id}" in example for example in _examples(trace, night))


def _erase(trace: Trace, home: Home, batches: Batches) -> Iterator[Erased]:
    name = trace.process.process
    yield Erased("work folders of runs", len(clear_all(home.work(name))))
    yield _removed("derived tables, made anew by the next run", home.derived(name))
    yield _removed("damaged batches that were moved away", home.damaged(name))
    with placing.changing(home, name):
        yield _total("published nights", [_from_night(trace, night) for night in _nights(home, name)])
    struck = Register.open(home).strike(name, trace.named_in, ERASED)
    yield Erased("register, why nights failed", min(struck, 1), struck)
    yield _total(
        "quarantine", [quarantine.take_out(home, name, path, trace.condition(path)) for path in _set_aside(home, name)]
    )
    rows = [
        take_out(batches, batch, trace.condition(batches.path(batch.load_id)), trace.without(batch.checks))
        for batch in batches.described()
    ]
    yield _total("batches", rows)


def _removed(what: str, folder: Path) -> Erased:
    """A folder that can be done without goes as a whole."""
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    if folder.exists():
        shutil.rmtree(folder)
    return Erased(what, files)


def _total(what: str, rows: Sequence[int]) -> Erased:
    return Erased(what, sum(1 for number in rows if number), sum(rows))


def _set_aside(home: Home, name: str) -> list[Path]:
    return sorted(home.quarantine(name).glob("*.parquet"))


def _nights(home: Home, name: str) -> list[Path]:
    return sorted(path for path in home.nights(name).glob("*") if path.is_dir())


def _rewrite(path: Path, trace: Trace) -> int:
    """Take the case out of a file that stands for itself; its rows."""
    rows = trace.rows(path)
    if rows:
        with durable.beside(path) as part:
            write_without(path, trace.condition(path), part)
    return rows


def _from_night(trace: Trace, night: Path) -> int:
    """A published night: its table of cases, the oldest open cases, and the examples of its checks, on page and in files."""
    for left in night.glob(".*.part"):
        left.unlink()
    drop_views(night)  # the next night writes them anew
    _from_open_cases(trace, night)
    if examples := _examples(trace, night):
        for page in _pages(night):
            _blot(page, [str(escape(form)) for e in examples for form in (e, display_name(e))])
        for file in _texts(night):
            durable.write(
                file,
                json.dumps(_blotted(json.loads(file.read_bytes()), examples), indent=1, ensure_ascii=False).encode(),
            )
    cases = night / "cases.parquet"
    return _rewrite(cases, trace) if cases.exists() else 0


def _from_open_cases(trace: Trace, night: Path) -> None:
    """Its line among the oldest open cases: on the page without its id and link, and gone from the files behind it."""
    findings = night / "findings.json"
    told = json.loads(findings.read_bytes()) if findings.exists() else {}
    listed = (told.get("morning") or {}).get("open_cases") or []
    links = [str(escape(case["link"])) for case in listed if case["case"] == trace.case_id and case["link"]]
    if not any(case["case"] == trace.case_id for case in listed):
        return
    for page in _pages(night):
        html = page.read_text(encoding="utf-8")
        for link in links:
            html = html.replace(f'href="{link}"', "")
        durable.write(page, html.replace(f"<bdi>{escape(display_name(trace.case_id))}</bdi>", ERASED).encode())
    told["morning"]["open_cases"] = [case for case in listed if case["case"] != trace.case_id]
    durable.write(findings, json.dumps(told, indent=1, ensure_ascii=False).encode())
    rows = night / "open-cases.csv"
    if rows.exists():
        durable.write(rows, _without_rows(rows.read_text(encoding="utf-8"), trace.case_id).encode())


def _without_rows(text: str, case_id: str) -> str:
    """CSV without the rows whose first field is the id."""
    kept = StringIO(newline="")
    csv.writer(kept).writerows(row for row in csv.reader(StringIO(text, newline="")) if row[:1] != [case_id])
    return kept.getvalue()


def _pages(night: Path) -> list[Path]:
    """The page in each of its languages."""
    return sorted(night.glob("index*.html"))


def _texts(night: Path) -> list[Path]:
    return [night / name for name in ("findings.json", "failed.json") if (night / name).exists()]


def _examples(trace: Trace, night: Path) -> list[str]:
    told = [json.loads(file.read_bytes()).get("checks", ()) for file in _texts(night)]
    return [e for checks in told for check in checks for e in check["examples"] if trace.named_in(e)]


def _blot(page: Path, texts: Sequence[str]) -> None:
    html = page.read_text(encoding="utf-8")
    for text in texts:
        html = html.replace(text, ERASED)
    durable.write(page, html.encode())


def _blotted(told: Any, texts: Sequence[str]) -> Any:
    """Anything of JSON, with the texts struck out of its texts."""
    match told:
        case str():
            for text in texts:
                told = told.replace(text, ERASED)
            return told
        case dict():
            return {key: _blotted(value, texts) for key, value in told.items()}
        case list():
            return [_blotted(value, texts) for value in told]
    return told
