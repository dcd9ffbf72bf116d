"""headrace ...: the door for people and scripts. Exit codes: 0 done, 2 the input is wrong, 3 the gate was not passed, 1 else."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mining.alert_commands import app as alert_commands
from mining.alert_commands import watch
from mining.errors import GateError, InputError, StoreError
from mining.home import Home
from mining.process import Process
from mining.process_file import load, schema

if TYPE_CHECKING:
    from mining.night import Night
    from mining.quarantine import Quarantined

LISTED = 100  # rows of the quarantine that are shown
app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

app.add_typer(alert_commands, name="alerts")
app.command()(watch)

ProcessFile = Annotated[Path, typer.Argument(metavar="PROCESS.yaml", help="The process file.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where everything is kept [default: HEADRACE_HOME, else .headrace].")
]


class What(StrEnum):
    DFG = "dfg"
    VARIANTS = "variants"
    BPMN = "bpmn"
    PNML = "pnml"
    CASES = "cases"
    STEPS = "steps"


def _night_day(text: str | None, process: Process) -> date | None:
    return None if text is None else _day(text, process, "--night")


def _day(text: str, process: Process, option: str) -> date:
    today = datetime.now(process.zone).date()
    if text == "yesterday":
        return today - timedelta(days=1)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            pass
        else:
            if day > today:
                raise InputError(f"{option}: {day} has not come yet; today is {today}")
            return day
    raise InputError(f'{option}: "{text}" is no day; write it as 2026-11-20, or "yesterday"')


@app.command()
def check(process_file: ProcessFile, home: HomeOption = None) -> None:
    """Say what is wrong with a process file, with the line and the fix, and preview the mapping on real rows."""
    from mining.sources import preview  # noqa: PLC0415 - brings DuckDB
    from mining.sources.resources import key_to_try  # noqa: PLC0415

    process = load(process_file)
    key, about_resources = key_to_try(Home.at(home), process)
    seen = preview(process, key=key)
    table = Table(title=f"{process.title}: the first events as mapped")
    columns = list(dict.fromkeys(key for row in seen.rows for key in row))
    for column in columns:
        table.add_column(escape(column))
    for row in seen.rows:
        table.add_row(*(escape(row.get(column, "")) for column in columns))
    out.print(table)
    if about_resources:
        out.print(about_resources)
    share = f"{seen.times_read / seen.tried:.1%}" if seen.tried else "none"
    out.print(f"Times read: {seen.times_read:,} of {seen.tried:,} tried ({share}).")
    for example in seen.unread_examples:
        out.print(f"  not read: {escape(example)}")
    if seen.tried and not seen.times_read:
        raise InputError(f"{process_file}: columns.completed: no time could be read; set `times: {{format: …}}`")
    out.print(f"{process_file}: right.")


@app.command()
def run(
    process_file: ProcessFile,
    night: Annotated[
        str | None, typer.Option(help='Business day, or "yesterday" [default: the last day with events].')
    ] = None,
    home: HomeOption = None,
) -> None:
    """Run one night without Airflow and print the page's address."""
    process, place = load(process_file), Home.at(home)
    with err.status("Reading Great Expectations, pm4py and the source …"):
        from mining.newest import newest_pulled  # noqa: PLC0415
        from mining.night import Night  # noqa: PLC0415

        day = _night_day(night, process)
        chosen = Night.of(process, day, place) if day else newest_pulled(process, place)
    _mine(chosen, pulled=day is None)


def _mine(night: Night, *, pulled: bool = False, views: bool = True) -> None:
    title = f"{night.process.process} {night.day}"
    with err.status(title) as status:
        page = night.run(lambda step: status.update(f"{title}: {step} …"), pulled=pulled, views=views)
    out.print(f"{title}: {Path(page).as_uri()}")


@app.command()
def demo(
    nights: Annotated[int, typer.Option(min=1, help="How many of the last nights to run.")] = 3,
) -> None:
    """Simulate the demo company and run its last nights, without Airflow."""
    from mining.demo.stage import PROCESSES, Stage, last_days, today  # noqa: PLC0415
    from mining.night import Night  # noqa: PLC0415

    stage = Stage.here()
    with err.status("The demo company works for nine months …"):
        stage.set_up(today())
    for name in PROCESSES:
        for day in last_days(today(), nights):
            _mine(Night.of(stage.process_file(name), day, stage.home), views=day == last_days(today(), 1)[0])
    out.print(f"Look: headrace serve --home {stage.home.root}")


@app.command(name="serve")
def serve_pages(
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; pages have no login of their own.")] = "127.0.0.1",
    port: Annotated[int, typer.Option()] = 8765,
) -> None:
    """Serve the pages without Airflow."""
    from mining.placing import heal_all  # noqa: PLC0415 - the pages' templates
    from mining.serve import serve  # noqa: PLC0415

    place = Home.at(home)
    nights = place.all_nights
    if not nights.exists():
        raise InputError(
            f"{nights}: there are no nights yet; run `headrace run PROCESS.yaml` first, or name their --home"
        )
    heal_all(place)
    out.print(f"http://{host}:{port}/ (Ctrl-C stops)")
    serve(nights, host, port)


@app.command()
def export(
    process_file: ProcessFile,
    what: Annotated[What, typer.Option(help="Which table or model.")],
    to: Annotated[Path, typer.Option(help="The file to write; .parquet or .csv for tables.")],
    night: Annotated[
        str | None, typer.Option(help="As of the end of this day [default: the last day with events loaded].")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Write a table or the model from the store, as of the end of a night."""
    from mining.exporting import export as write  # noqa: PLC0415
    from mining.newest import last_day  # noqa: PLC0415
    from mining.night import Night  # noqa: PLC0415

    process, place = load(process_file), Home.at(home)
    stored = Night.of(process, datetime.now(process.zone).date(), place)
    day = _night_day(night, process) or last_day(process, stored.batches.paths(), stored.end)
    write(Night.of(process, day, place), what.value, to)
    out.print(f"{what.value} of {process.process}, {day}: {to}")


@app.command()
def replay(
    process_file: ProcessFile,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first night to play.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last night to play.")],
    alerts: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="The file to write: one alert's turn a line.")],
    home: HomeOption = None,
) -> None:
    """Play past nights in order, each knowing only its past: what would we have been told? Nothing is published or sent."""
    from mining.replay import replay as play  # noqa: PLC0415 - brings Great Expectations and SciPy

    process, place = load(process_file), Home.at(home)
    start, end = _day(first, process, "--from"), _day(last, process, "--to")
    with err.status(f"{process.process}: {first} to {last} …"):
        lines = play(process, place, start, end, alerts)
    opened = sum(line["event"] == "opened" for line in lines)
    out.print(f"{opened:,} alerts opened, {len(lines):,} turns: {alerts}")


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def tidy(process_file: ProcessFile, home: HomeOption = None) -> None:
    """Drop cases and published nights that are older than `keep` in the process file says."""
    from mining.retention import tidy as drop  # noqa: PLC0415 - brings DuckDB

    process, place = load(process_file), Home.at(home)
    with err.status("Looking through the store …"):
        gone = drop(process, place, datetime.now(UTC))
    age = f"older than {process.keep.events.days:,} days" if process.keep.events else "`keep.events` names no age"
    out.print(f"Events: {gone.cases:,} cases dropped, {gone.rows:,} rows ({age}).")
    out.print(f"Nights: {len(gone.nights):,} removed.")


@app.command(name="schema")
def write_schema(
    to: Annotated[Path, typer.Argument(help="The file to write.")] = Path("processes/schema.json"),
) -> None:
    """Write the JSON Schema of process files, for editors."""
    to.write_text(schema(), encoding="utf-8")
    out.print(str(to))


def main() -> None:
    """Run the command line; what the user can put right is told without a traceback."""
    try:
        app()
    except (InputError, GateError, StoreError) as error:
        err.print(escape(str(error)))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
