"""The derived tables of a night, opened for measuring: Ibis expressions, the same on any engine Ibis knows."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import ibis


class Tables:
    """steps, cases, variants, activities and resources of one night; columns as `derive` describes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = ibis.duckdb.connect()

    def _table(self, name: str) -> Any:
        return self.engine.read_parquet(self.folder / f"{name}.parquet", table_name=name)

    @cached_property
    def steps(self) -> Any:
        return self._table("steps")

    @cached_property
    def cases(self) -> Any:
        return self._table("cases")

    @cached_property
    def variants(self) -> Any:
        return self._table("variants")

    @cached_property
    def names(self) -> dict[int, str]:
        """Activity names by code."""
        return {row["activity"]: row["name"] for row in self.rows(self._table("activities"))}

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of a small result."""
        rows: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
        return rows
