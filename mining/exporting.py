"""`headrace export`: a table or the model of a night, straight from the store."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from mining.discovery import directly_follows, variants
from mining.downloads import write_cases, write_csv, write_steps
from mining.errors import InputError
from mining.model import discover
from mining.night import Night
from mining.store import Tables, derive

MODELS = ("bpmn", "pnml")


def export(night: Night, what: str, to: Path) -> None:
    """Write `what` (dfg, variants, bpmn, pnml, cases or steps) as of the end of the night.

    Raises:
        InputError: the file's ending does not fit, its folder is missing, or nothing has been loaded yet.
    """
    fitting = (f".{what}",) if what in MODELS else (".csv", ".parquet") if what in ("cases", "steps") else (".csv",)
    if to.suffix not in fitting:
        raise InputError(f"--to {to}: {what} is written as {' or '.join(fitting)}")
    if not to.parent.is_dir():
        raise InputError(f"--to {to}: there is no folder {to.parent}; make it first")
    files = night.batches.paths()
    if not files:
        raise InputError(f"{night.process.process}: nothing has been loaded yet; run `headrace run` first")
    with tempfile.TemporaryDirectory() as folder:
        derive(night.process, files, night.end, Path(folder) / "tables")
        _write(night, Tables(Path(folder) / "tables"), what, to)


def _write(night: Night, tables: Tables, what: str, to: Path) -> None:
    if what == "dfg":
        write_csv(to, [asdict(flow) for flow in directly_follows(tables).flows])
    elif what == "variants":
        ways = variants(tables)
        write_csv(to, [{**asdict(way), "activities": " > ".join(way.activities)} for way in ways])
    elif what == "cases":
        write_cases(night.process, tables, to)
    elif what == "steps":
        write_steps(tables, to)
    else:
        found = discover(variants(tables))
        if found.model is None:
            raise InputError(found.note)
        found.write(tables.folder)
        to.write_bytes((tables.folder / f"model.{what}").read_bytes())
