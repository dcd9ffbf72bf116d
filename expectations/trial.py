"""Trying rules with Great Expectations on the tables of a DuckDB file, in an ephemeral context."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from expectations.duckdb_dialect import SCHEME
from expectations.event_log import Rule


@dataclass(frozen=True)
class Outcome:
    """How one expectation went."""

    success: bool
    failed: int  # rows, or whatever the expectation counts
    error: str  # why it could not be tried; "" if it could


def tried(database: Path, rules: Sequence[Rule]) -> dict[str, Outcome]:
    """Try every rule on its table; one that cannot be tried gets an outcome with an error, never none."""
    outcomes: dict[str, Outcome] = {}
    with _quiet(), duckdb.connect(str(database), read_only=True):  # held, so that every other connection opens at once
        source = _source(database)
        for table in dict.fromkeys(rule.table for rule in rules):
            suite = gx.ExpectationSuite(table, [rule.expectation() for rule in rules if rule.table == table])
            batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
            for result in batch.validate(suite, result_format="BASIC").results:
                outcomes[result.expectation_config.meta["rule"]] = _outcome(result)
    return outcomes


def _source(database: Path) -> Any:
    """The file as a data source of a context that leaves nothing behind."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("gate", connection_string=f"{SCHEME}:///{database}", create_temp_table=False)
    return source


@contextmanager
def _quiet() -> Iterator[None]:
    """What Great Expectations logs about itself stays out of the task's log; what it finds comes back as a result."""
    logger = logging.getLogger("great_expectations")
    logger.propagate = False  # some of its modules set their own level
    try:
        yield
    finally:
        logger.propagate = True


def _outcome(result: Any) -> Outcome:
    error = _error(result.exception_info)
    details = result.result
    failed = int(details.get("unexpected_count", details.get("observed_value", 0)) or 0)
    return Outcome(bool(result.success) and not error, failed, error)


def _error(info: dict[str, Any]) -> str:
    """The first message of what was raised. Great Expectations gives one record, or one for each metric that failed."""
    records = [info] if "raised_exception" in info else list(info.values())
    raised = [record for record in records if record.get("raised_exception")]
    return str(raised[0].get("exception_message")).splitlines()[0] if raised else ""
