"""headrace alerts ... and headrace watch: what people say about alerts, and the check that somebody else runs."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mining.commands.options import HomeOption, ProcessFile, out
from mining.errors import InputError, StoreError
from mining.home import Home
from mining.process import Process
from mining.process_file import load

if TYPE_CHECKING:
    from mining.register import Known

app = typer.Typer(no_args_is_help=True, help="List alerts, acknowledge or snooze one, try the channels.")
AlertId = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or its first letters (four at least).")]


@app.command(name="list")
def list_alerts(
    process_file: ProcessFile,
    closed: Annotated[bool, typer.Option("--all", help="Closed alerts as well.")] = False,
    home: HomeOption = None,
) -> None:
    """List the open alerts of a process, the newest first."""
    from mining.register import Register  # noqa: PLC0415 - brings SQLAlchemy

    process = load(process_file)
    known = Register.open(Home.at(home)).listed(process.process, closed=closed)
    if not known:
        out.print(f"{process.process}: no alert{'' if closed else ' is open'}.")
        return
    table = Table("alert", "opened", "state", "what", title=f"Alerts of {process.process}")
    for one in known:
        table.add_row(*(escape(text) for text in _row(one)))
    out.print(table)


def _row(known: Known) -> tuple[str, ...]:
    from mining.alerts.sentences import headline  # noqa: PLC0415

    states = [known.state.value]
    if known.acknowledged_by:
        states.append(f"acknowledged by {known.acknowledged_by}" + (f": {known.note}" if known.note else ""))
    if known.snoozed_until:
        states.append(f"quiet until {known.snoozed_until}")
    return known.alert.alert, known.opened, "; ".join(states), headline(known.alert)


@app.command()
def ack(
    process_file: ProcessFile,
    alert: AlertId,
    note: Annotated[str, typer.Option(help="What you know, or do, about it.")] = "",
    by: Annotated[str | None, typer.Option(help="Who [default: the user's name].")] = None,
    home: HomeOption = None,
) -> None:
    """Say that somebody knows: nothing more is sent about this alert but its end."""
    from mining.register import Register  # noqa: PLC0415

    process = load(process_file)
    known = Register.open(Home.at(home)).acknowledge(process.process, alert, by or getpass.getuser(), note)
    out.print(f"{known.alert.alert}: acknowledged by {known.acknowledged_by}. You hear of it again when it is over.")


@app.command()
def snooze(
    process_file: ProcessFile,
    alert: AlertId,
    until: Annotated[str, typer.Option(metavar="DATE", help="The first night that may tell of it again.")],
    home: HomeOption = None,
) -> None:
    """Send nothing about an alert before a night, but its end."""
    from mining.register import Register  # noqa: PLC0415

    process = load(process_file)
    known = Register.open(Home.at(home)).snooze(process.process, alert, _day(until))
    out.print(f"{known.alert.alert}: quiet until the night of {known.snoozed_until}, unless it is over before.")


@app.command(name="test")
def try_channels(process_file: ProcessFile, home: HomeOption = None) -> None:
    """Send a test message to each of the owner's channels."""
    from mining.alerts.telling import send_trial  # noqa: PLC0415 - brings Apprise

    process = load(process_file)
    night = datetime.now(process.zone).date() - timedelta(days=1)
    names = send_trial(process, night, Home.at(home))
    if not names:
        raise InputError(f"{process_file}: owner.notify names no channel; write one, such as mailto://…")
    for name in names:
        out.print(f"{name}: taken.")


def watch(
    process_files: Annotated[list[Path], typer.Argument(metavar="PROCESS.yaml...", help="The process files.")],
    home: HomeOption = None,
) -> None:
    """Tell the owners of processes whose last night is missing; for cron or a DAG of its own. Exit code 1 if one is."""
    from mining import dead_man  # noqa: PLC0415 - brings Apprise and SQLAlchemy

    processes, mistakes = _loaded(process_files)
    late = dead_man.watch(processes, Home.at(home), datetime.now(UTC))
    said = [
        f"{one.process}: no night of {one.night}, the newest is {one.newest or 'none'}. {one.reason}" for one in late
    ]
    if said or mistakes:
        raise StoreError("\n".join([*said, *mistakes]))
    out.print(f"{len(processes)} of {len(processes)} processes have their night.")


def _loaded(files: list[Path]) -> tuple[list[Process], list[str]]:
    """The processes, and what is wrong with the files that are none: those have no night either."""
    processes, mistakes = [], []
    for file in files:
        try:
            processes.append(load(file))
        except InputError as mistake:
            mistakes.append(str(mistake))
    return processes, mistakes


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f'--until: "{text}" is no day; write it as 2026-11-20') from None
