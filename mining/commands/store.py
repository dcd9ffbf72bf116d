"""headrace quarantine, verify, forget, tidy: what is kept of a process, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mining.commands.options import HomeOption, ProcessFile, err, out
from mining.errors import InputError, StoreError
from mining.home import Home
from mining.process_file import load

if TYPE_CHECKING:
    from mining.quarantine import Quarantined

LISTED = 100  # rows of the quarantine that are shown


def quarantine(
    process_file: ProcessFile,
    readmit: Annotated[
        bool, typer.Option("--readmit", help="Try the rows again, with the process file as it is now.")
    ] = False,
    accept: Annotated[
        list[str] | None, typer.Option(help="With --readmit: a rule whose rows are right after all.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """List the rows that were set aside, or take them in again after a fix."""
    from mining import quarantine as kept  # noqa: PLC0415 - brings DuckDB

    process, place = load(process_file), Home.at(home)
    if not readmit:
        _list_quarantine(kept.listing(place, process, LISTED), kept.count(place, process))
        return
    from mining.night import Night  # noqa: PLC0415 - brings pydantic's models and the gate

    newest = max(Night.of(process, date.min, place).batches.all(), key=lambda batch: batch.night, default=None)
    if newest is None:
        raise InputError(f"{process.process}: nothing has been loaded yet; run `headrace run` first")
    tried, good = Night.of(process, date.fromisoformat(newest.night), place).readmit(accept or ())
    out.print(f"{good:,} of {tried:,} rows went in; {kept.count(place, process):,} stay in quarantine.")
    if good:
        out.print(f"Run the night again to count them: headrace run {process_file} --night {newest.night}")


def _list_quarantine(rows: Sequence[Quarantined], total: int) -> None:
    table = Table(title=f"{total:,} rows in quarantine" + (f", the first {len(rows):,}" if total > len(rows) else ""))
    for column in ("rule", "file", "row", "case", "activity", "time"):
        table.add_column(column, overflow="fold")
    for row in rows:
        shown = (row.rule, row.file, f"{row.row:,}", row.case_id or "", row.activity or "", row.time or "")
        table.add_row(*(escape(text) for text in shown))
    out.print(table)


def verify(
    process_file: ProcessFile,
    reload: Annotated[
        str | None, typer.Option(metavar="LOAD_ID", help="Move this damaged load away, to be pulled again.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Check every file of the store against its checksum, and the derived tables against the batches; mend what can be."""
    from mining import verify as checking  # noqa: PLC0415 - brings DuckDB

    process, place = load(process_file), Home.at(home)
    if reload:
        for path in checking.reload(process, place, reload):
            out.print(f"moved away: {path}")
        out.print(f"The rows of load {reload} are pulled again by the next run: headrace run {process_file}")
        return
    found = checking.verify(process, place)
    table = Table("what", "state", title=f"The store of {process.process}")
    for finding in found:
        table.add_row(escape(finding.what), finding.state)
    out.print(table)
    for finding in found:
        if finding.state == checking.State.MENDED:
            out.print(escape(f"{finding.what}: {finding.about}"))
    damaged = [finding.about for finding in found if finding.state == checking.State.DAMAGED]
    if damaged:
        raise StoreError("\n".join([*damaged, "Published nights stay as they are."]))


def forget(
    process_file: ProcessFile,
    case: Annotated[str, typer.Option(metavar="ID", help="The case, as in `headrace export --what cases`.")],
    home: HomeOption = None,
) -> None:
    """Erase every trace of one case: batches, quarantine, published nights, derived tables. It does not come back."""
    from mining.erasure import forget as erase  # noqa: PLC0415 - brings DuckDB

    process, place = load(process_file), Home.at(home)
    with err.status("Looking through the store …"):
        found = erase(process, place, case)
    table = Table(title=f"Forgotten: a case of {process.process}")
    for column in ("where", "files", "rows"):
        table.add_column(column, justify="left" if column == "where" else "right")
    for erased in found:
        table.add_row(erased.what, f"{erased.files:,}", "" if erased.rows is None else f"{erased.rows:,}")
    out.print(table)
    if not any(erased.rows for erased in found):
        out.print("Nothing of it was left: it had been forgotten before.")


def tidy(process_file: ProcessFile, home: HomeOption = None) -> None:
    """Drop cases and published nights that are older than `keep` in the process file says."""
    from mining.retention import tidy as drop  # noqa: PLC0415 - brings DuckDB

    process, place = load(process_file), Home.at(home)
    with err.status("Looking through the store …"):
        gone = drop(process, place, datetime.now(UTC))
    age = f"older than {process.keep.events.days:,} days" if process.keep.events else "`keep.events` names no age"
    out.print(f"Events: {gone.cases:,} cases dropped, {gone.rows:,} rows ({age}).")
    out.print(f"Nights: {len(gone.nights):,} removed.")
