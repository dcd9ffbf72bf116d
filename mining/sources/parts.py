"""Rows that Python reads one after the other, written as Parquet without ever holding many of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mining.sources.mapping import described, refuse_same_names
from mining.sources.quoting import file_literal, quoted

_BATCH = 20_000


class Parts:
    """Parquet files in a folder, to be read together by name.

    A batch goes to the current file; one that brings a new column, or a type that does not fit, begins the next file.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self._source = source
        self.paths: list[Path] = []
        self.rows = 0
        self._folder = folder
        self._types: dict[str, pa.DataType] = {}
        self._waiting: list[Mapping[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        self._close()

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row; names that it lacks are null."""
        self._waiting.append(row)
        self.rows += 1
        if len(self._waiting) == _BATCH:
            self._flush()

    def relation(self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> tuple[str, dict[str, str]]:
        """All files as one relation for DuckDB, with its columns; without a row it has the columns named."""
        if not self.paths:
            nothing = ", ".join(f"NULL::VARCHAR AS {quoted(name)}" for name in names) or "1"
            return f"(SELECT {nothing} LIMIT 0)", dict.fromkeys(names, "VARCHAR")
        files = ", ".join(file_literal(path.resolve()) for path in self.paths)
        relation = f"read_parquet([{files}], union_by_name = true)"
        return relation, described(connection, relation)

    def _flush(self) -> None:
        names = dict.fromkeys([*self._types, *(name for row in self._waiting for name in row)])
        values = {name: [_plain(row.get(name)) for row in self._waiting] for name in names}
        arrays = {name: _array(column, self._types.get(name)) for name, column in values.items()}
        types = {name: array.type for name, array in arrays.items()}
        if self._writer is None or types != self._types:
            self._begin(types)
        if self._waiting and self._writer is not None:
            self._writer.write_table(pa.table(arrays, schema=pa.schema(types.items())))
        self._waiting = []

    def _begin(self, types: dict[str, pa.DataType]) -> None:
        self._close()
        if types:
            refuse_same_names(self._source, types)
            self._types = types
            self.paths.append(self._folder / f"part-{len(self.paths):05}.parquet")
            self._writer = pq.ParquetWriter(self.paths[-1], pa.schema(types.items()), compression="zstd")

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def _array(values: list[Any], before: pa.DataType | None) -> pa.Array:
    """One column, in the type that it had before if it fits, else in its own, else as text."""
    try:
        return pa.array(values, before or pa.string())
    except (pa.ArrowException, TypeError, OverflowError):
        pass
    try:
        array = pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return array.cast(before or pa.string()) if pa.types.is_null(array.type) else array


def _plain(value: Any) -> Any:
    """A value that Parquet has a type for; times with an offset in UTC, what is rare as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC) if value.tzinfo else value
        case date():
            return value
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "backslashreplace")
        case dict() | list() | tuple():
            return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
