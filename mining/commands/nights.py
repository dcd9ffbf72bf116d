"""headrace check, run, replay, export, demo, serve, schema: from a process file to its nights and their pages."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mining.commands.options import HomeOption, ProcessFile, err, out, past_day
from mining.errors import InputError
from mining.home import Home
from mining.process import Process
from mining.process_file import load, schema

if TYPE_CHECKING:
    from mining.night import Night


class What(StrEnum):
    DFG = "dfg"
    VARIANTS = "variants"
    BPMN = "bpmn"
    PNML = "pnml"
    CASES = "cases"
    STEPS = "steps"


def _night_day(text: str | None, process: Process) -> date | None:
    return None if text is None else past_day(text, process, "--night")


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
    start, end = past_day(first, process, "--from"), past_day(last, process, "--to")
    with err.status(f"{process.process}: {first} to {last} …"):
        lines = play(process, place, start, end, alerts)
    opened = sum(line["event"] == "opened" for line in lines)
    out.print(f"{opened:,} alerts opened, {len(lines):,} turns: {alerts}")


def write_schema(
    to: Annotated[Path, typer.Argument(help="The file to write.")] = Path("processes/schema.json"),
) -> None:
    """Write the JSON Schema of process files, for editors."""
    to.write_text(schema(), encoding="utf-8")
    out.print(str(to))
