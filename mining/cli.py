"""headrace ...: the door for people and scripts. Exit codes: 0 done, 2 the input is wrong, 3 the gate was not passed, 1 else."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from mining.commands import alerts, nights, store
from mining.commands.options import err
from mining.errors import GateError, InputError, StoreError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(nights.check)
app.command()(nights.run)
app.command()(nights.replay)
app.add_typer(alerts.app, name="alerts")
app.command()(alerts.watch)
app.command()(nights.export)
app.command()(store.quarantine)
app.command()(store.verify)
app.command()(store.forget)
app.command()(store.tidy)
app.command(name="serve")(nights.serve_pages)
app.command()(nights.demo)
app.command(name="schema")(nights.write_schema)


def main() -> None:
    """Run the command line; what the user can put right is told without a traceback."""
    try:
        app()
    except (InputError, GateError, StoreError) as error:
        err.print(escape(str(error)))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
