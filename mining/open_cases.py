"""The open cases that wait longest, with the way to them in the source system."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from ibis import _

from mining.morning_findings import OpenCase
from mining.process import Process
from mining.store import Tables

SHOWN: Final = 20
_SECOND: Final = 1_000_000  # microseconds


def open_cases(tables: Tables, process: Process) -> tuple[OpenCase, ...]:
    """The 20 that began first, oldest first."""
    oldest = tables.cases.filter(_.stop.isnull()).order_by("first_us", "case_id").limit(SHOWN)
    chosen = oldest.select("case_id", "first_us", "last_us", "last_activity")
    return tuple(
        OpenCase(
            case=row["case_id"],
            age_s=round((tables.night_end_us - row["first_us"]) / _SECOND, 3),
            last_activity=tables.names[row["last_activity"]],
            silent_s=round((tables.night_end_us - row["last_us"]) / _SECOND, 3),
            link=link_to(process.case_link, row["case_id"]),
        )
        for row in tables.rows(chosen.order_by("first_us", "case_id"))
    )


def link_to(template: str | None, case: str) -> str | None:
    """The address of a case: its id, with everything that means something in an address escaped, in place of `{case}`."""
    return None if template is None else template.replace("{case}", quote(case, safe=""))
