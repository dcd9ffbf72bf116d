"""Who did it, as the store keeps it: under a pseudonym, under the clear name, or not at all.

A pseudonym is `r-` and the first 12 hex digits of the name's HMAC-SHA256: with the same key the same name is the same
pseudonym, whatever night or file it comes from, and without the key nobody can tell which name it stands for. Names are
hashed in the query that reads the source, so that a clear name is in no file that stays.
"""

from __future__ import annotations

import secrets

import duckdb

from mining.home import Home
from mining.keys import Key
from mining.process import Columns, Process
from mining.sources.keyed import hmac_of

VARIABLE = "HEADRACE_RESOURCE_KEY"
_DIGITS = 12


def resource_key(home: Home, process: Process) -> bytes | None:
    """The key of a process's pseudonyms, made at the first use; None where the process hashes nothing.

    It is that of the environment (HEADRACE_RESOURCE_KEY), else that of the file `Home.key`.

    Raises:
        InputError: the key is lost, too short, or another one than before.
    """
    return _key(home, process).get() if _hashes(process) else None


def key_to_try(home: Home, process: Process) -> tuple[bytes | None, str]:
    """The key for a preview, which makes no file, and a sentence on what is then shown of resources.

    Raises:
        InputError: as `resource_key`.
    """
    if process.columns.resource is None or process.resources == "shown":
        return None, ""
    if process.resources == "dropped":
        return None, "Resources are dropped: they are not kept."
    if key := _key(home, process).find():
        return key, "Resources are shown as they will be stored: under pseudonyms."
    return secrets.token_bytes(), (
        "Resources will be stored under pseudonyms like these; the first run makes the key, and with it the real ones."
    )


def _key(home: Home, process: Process) -> Key:
    check = home.key_check(process.process)
    advice = (
        "Without it the same person would be two from now on. If it is lost for good: move "
        f"{check.parent} away to load everything anew under new pseudonyms, or remove {check} to go on and have it so"
    )
    return Key(home.key, check, "the pseudonyms in the store", advice, VARIABLE)


def hidden_columns(process: Process, mapping: Columns) -> frozenset[str]:
    """The columns of a source that hold resources and are not to be kept as they came."""
    if mapping.resource is None or process.resources == "shown":
        return frozenset()
    # What `xes.py` keeps of a start or a schedule that somebody else did.
    return frozenset({mapping.resource, f"start:{mapping.resource}", f"schedule:{mapping.resource}"})


def hidden(relation: str, column: str, text: str, missing: str, process: Process) -> str:
    """SQL for a relation with what is kept of one column of resources; its rows stay in order.

    Args:
        relation: what stands after FROM.
        column: the column as an SQL identifier; no other is called `name` or `pseudonym`.
        text: SQL of its value as text without blanks around it.
        missing: SQL list of the texts that mean "no value"; they stay.
    """
    if process.resources == "dropped":
        return f"(SELECT * REPLACE (NULL::VARCHAR AS {column}) FROM {relation})"
    kept = f"CASE WHEN {text} IN ({missing}) THEN {column}::VARCHAR ELSE pseudonym END"
    return (
        f"(SELECT seen.* REPLACE ({kept} AS {column}) FROM {relation} AS seen "
        f"LEFT JOIN pseudonyms ON pseudonyms.name = {text})"
    )


def give_pseudonyms(connection: duckdb.DuckDBPyConnection, names: str, key: bytes | None, *, kept: bool) -> None:
    """Make the table `pseudonyms` (name, pseudonym), which `hidden` looks names up in: each is hashed once.

    Args:
        names: SQL of the names, in a column `name`.
        kept: they may be pseudonyms already, which stay as they are.
    """
    if not key:
        raise ValueError("resources are hashed: give the key that `resource_key` returns")
    pseudonym = f"'r-' || left({hmac_of(connection, 'resources', key, 'name')}, {_DIGITS})"
    if kept:
        pseudonym = f"CASE WHEN regexp_full_match(name, 'r-[0-9a-f]{{{_DIGITS}}}') THEN name ELSE {pseudonym} END"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE pseudonyms AS SELECT name, {pseudonym} AS pseudonym "
        f"FROM (SELECT DISTINCT name FROM ({names})) WHERE name IS NOT NULL"
    )
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")  # so rows stay in order


def _hashes(process: Process) -> bool:
    return process.resources == "hashed" and process.columns.resource is not None
