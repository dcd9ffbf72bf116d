"""Cases that were erased on request, as keyed hashes of their ids: so that no later pull brings them back."""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mining import durable
from mining.home import Home
from mining.keys import Key
from mining.sources.keyed import hmac_of
from mining.sources.quoting import file_literal, literal

LOG = logging.getLogger("headrace")


@dataclass(frozen=True)
class Forgotten:
    """The hashes of the forgotten cases of one process, and the key that they were made with."""

    process: str
    key: bytes
    hashes: frozenset[str]

    def has(self, case_id: str) -> bool:
        return _hashed(self.key, self.process, case_id) in self.hashes


def forgotten_cases(home: Home, process: str) -> Forgotten | None:
    """The forgotten cases; None where there are none.

    Raises:
        InputError: the key of their hashes is lost or another one.
    """
    listed = home.forgotten(process)
    if not listed.exists():
        return None
    return Forgotten(process, _key(home, process).get(), frozenset(json.loads(listed.read_bytes())))


def remember(home: Home, process: str, case_id: str) -> None:
    """Add a case to the list; to be called under the process's lock."""
    key, known = _key(home, process).get(), forgotten_cases(home, process)
    hashes = {_hashed(key, process, case_id), *(known.hashes if known else ())}
    durable.write(home.forgotten(process), json.dumps(sorted(hashes), indent=0).encode())


def leave_out(connection: duckdb.DuckDBPyConnection, events: Path, forgotten: Forgotten | None) -> int:
    """Take the rows of forgotten cases out of a file that was just written; their number."""
    if forgotten is None:
        return 0
    file = f"read_parquet({file_literal(events)})"
    hashed = hmac_of(connection, "forgotten", forgotten.key, f"{literal(forgotten.process + '/')} || case_id")
    found = connection.execute(
        f"SELECT case_id, rows FROM (SELECT case_id, count(*) AS rows FROM {file} GROUP BY case_id) "
        f"WHERE list_contains(?, {hashed})",
        [sorted(forgotten.hashes)],
    ).fetchall()
    if found:
        ids = ", ".join(literal(case_id) for case_id, _ in found)
        beside = events.with_suffix(".kept.parquet")
        kept = f"SELECT * FROM {file} WHERE (case_id IN ({ids})) IS NOT TRUE"
        connection.execute(f"COPY ({kept}) TO {literal(str(beside))}")
        beside.replace(events)
        LOG.warning("%d rows of forgotten cases (%d) came again and were left out", _sum(found), len(found))
    return _sum(found)


def _sum(found: list[tuple[str, int]]) -> int:
    return sum(rows for _, rows in found)


def _hashed(key: bytes, process: str, case_id: str) -> str:
    return hmac.digest(key, f"{process}/{case_id}".encode(), "sha256").hex()


def _key(home: Home, process: str) -> Key:
    listed = home.forgotten(process)
    check = listed.with_suffix(".check")
    advice = (
        "Without it forgotten cases would come back. If it is lost for good: remove "
        f"{listed} and {check}, and forget the cases again"
    )
    return Key(home.key.with_name("cases.key"), check, "the hashes of forgotten cases", advice)
