"""Lets Great Expectations read a DuckDB file, in place.

Great Expectations speaks to databases through SQLAlchemy, and it reads the rows of a result after it has given the
connection back. DuckDB forgets them by then, so this cursor fetches when it executes; what Great Expectations asks for
is counts and a few example rows, never a table. Columns are read from DuckDB's own catalogue. Everything is read-only:
there are no transactions to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
from sqlalchemy import types
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import NullPool

SCHEME = "duckgate"

_TYPES: dict[str, type[types.TypeEngine[Any]]] = {
    "BIGINT": types.BigInteger,
    "INTEGER": types.Integer,
    "DOUBLE": types.Double,
    "BOOLEAN": types.Boolean,
    "DATE": types.Date,
    "TIMESTAMP": types.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": types.TIMESTAMP,
    "VARCHAR": types.String,
}


class _Cursor:
    """A DB-API cursor whose rows outlive its connection."""

    arraysize = 1
    rowcount = -1
    description: list[tuple[Any, ...]] | None = None

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        result = self._connection.execute(sql, list(parameters))
        self.description = result.description
        self._rows = result.fetchall() if result.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        first, self._rows = self._rows[:size], self._rows[size:]
        return first

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Nothing to free: the rows are here already."""


class _Connection:
    """A DB-API connection that only reads; commit and rollback have nothing to do."""

    def __init__(self, path: str) -> None:
        self._connection = duckdb.connect(path, read_only=True)
        self._connection.execute("set TimeZone = 'UTC'")

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None:
        self._connection.close()


class _Module:
    """What SQLAlchemy takes for the driver's module."""

    paramstyle = "qmark"
    Error = duckdb.Error
    connect = _Connection


class DuckDBDialect(DefaultDialect):  # type: ignore[misc]
    """Standard SQL, DuckDB's catalogue, nothing written."""

    name = SCHEME
    driver = "duckdb"
    supports_statement_cache = True
    supports_native_boolean = True
    default_paramstyle = "qmark"

    @classmethod
    def import_dbapi(cls) -> Any:
        return _Module

    @classmethod
    def get_pool_class(cls, url: URL) -> Any:
        """No connection is kept: while one is open, nobody else may write to the file."""
        return NullPool

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        return [url.database], {}

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        return bool(self.get_columns(connection, table_name, schema))

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        rows = connection.exec_driver_sql(
            "select column_name, data_type, is_nullable from duckdb_columns() "
            "where table_name = ? and not internal order by column_index",
            (str(table_name),),
        )
        return [
            {"name": name, "type": _TYPES.get(kind, types.String)(), "nullable": nullable, "default": None}
            for name, kind, nullable in rows
        ]

    def get_table_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        return [name for (name,) in connection.exec_driver_sql("select table_name from duckdb_tables()")]

    def get_view_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        found = connection.exec_driver_sql("select view_name from duckdb_views() where not internal")
        return [name for (name,) in found]

    def get_schema_names(self, connection: Connection, **_: Any) -> list[str]:
        return ["main"]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> dict[str, Any]:
        return {"constrained_columns": [], "name": None}


registry.register(SCHEME, __name__, "DuckDBDialect")
