"""A DuckDB for building: in memory, spilling to the disk beyond its limit, keeping rows in the order they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from mining import durable
from mining.sources.quoting import file_literal, literal

_FORMAT = "format parquet, compression snappy, parquet_version v2, dictionary_size_limit 1000"
MEMORY = "3GB"  # what is more goes to the disk


@contextmanager
def session(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose spill files lie in `folder` while it is open."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="spill-", dir=folder) as spill:
        options = {"memory_limit": MEMORY, "temp_directory": spill, "preserve_insertion_order": True}
        with duckdb.connect(config=options) as con:
            yield con


def parquet(*files: Path) -> str:
    """SQL that reads Parquet files."""
    return f"read_parquet([{', '.join(file_literal(path) for path in files)}])"


def write(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of a query as Parquet, in their order, and have them on the disk."""
    # A dictionary of more than a few values would be tried and given up for most columns.
    con.execute(f"copy ({query}) to {literal(str(path))} ({_FORMAT})")
    durable.sync(path)


def count(con: duckdb.DuckDBPyConnection, query: str, given: Sequence[object] = ()) -> int:
    """The one number that a query gives; 0 for null."""
    # All rows, for a result that is not read to its end holds on to the tables that are dropped meanwhile.
    found = con.execute(query, list(given)).fetchall()
    return int(found[0][0] or 0) if found else 0
