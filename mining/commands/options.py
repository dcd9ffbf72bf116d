"""What several commands ask for, and where they write to."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mining.errors import InputError
from mining.process import Process

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

ProcessFile = Annotated[Path, typer.Argument(metavar="PROCESS.yaml", help="The process file.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where everything is kept [default: HEADRACE_HOME, else .headrace].")
]


def past_day(text: str, process: Process, option: str) -> date:
    """The day that an option names, in the process's time zone.

    Raises:
        InputError: it is no day, or has not come yet.
    """
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
