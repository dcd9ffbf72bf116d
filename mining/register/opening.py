"""The register's database, in its newest shape: SQLite in the home, or another one by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from mining.errors import InputError, StoreError
from mining.home import Home

VARIABLE = "HEADRACE_REGISTER"
_PATIENCE_S = 30
_LOCK = 7_214_013_391  # any number, the same for all who write to a register in PostgreSQL
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(home: Home, url: str | None = None) -> Engine:
    """The database at `url`, else at HEADRACE_REGISTER, else `register.sqlite` in the home; made or brought up to date.

    Raises:
        InputError: the URL is none.
        StoreError: the database cannot be reached, or a newer Headrace made it.
    """
    given = url or os.environ.get(VARIABLE)
    if not given:
        home.root.mkdir(parents=True, exist_ok=True)
    engine = _engine(given or f"sqlite:///{home.root / 'register.sqlite'}")
    try:
        with writing(engine) as db:
            _migrate(db)
    except SQLAlchemyError as error:
        raise StoreError(f"{_name(engine)}: the register cannot be used: {_cause(error)}") from None
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction; writers go one after the other, in SQLite and in PostgreSQL."""
    with engine.begin() as db:
        if db.dialect.name == "postgresql":
            db.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        yield db


def _engine(url: str) -> Engine:
    try:
        chosen = make_url(url)
        if chosen.drivername in ("postgresql", "postgres"):  # the driver that is installed
            chosen = chosen.set(drivername="postgresql+psycopg")
        engine = create_engine(chosen, connect_args={"timeout": _PATIENCE_S} if chosen.drivername == "sqlite" else {})
    except (ArgumentError, NoSuchModuleError, ImportError):
        raise InputError(
            f"{VARIABLE}: this is no database that can be used; write a SQLAlchemy URL such as "
            "postgresql://user@host/headrace, or unset it to keep the register in the home"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
    """Python's driver begins no transaction before the first write, and none for a change of tables."""
    connection.isolation_level = None
    connection.execute("pragma foreign_keys = on")


def _begin(db: Connection) -> None:
    db.exec_driver_sql("begin immediate")


def _migrate(db: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a quarter of a second, and not needed by those who only ask for a path
    from alembic.config import Config  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = db
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(db).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise StoreError(f"{_name(db.engine)}: a newer Headrace made this register ({current}); update this one.")
    command.upgrade(config, "head")


def _name(engine: Engine) -> str:
    return str(engine.url.render_as_string(hide_password=True))


def _cause(error: SQLAlchemyError) -> str:
    """The database's own words, on one line; SQLAlchemy's hold the statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
