"""Who did it, as the store keeps it: under a pseudonym, under the clear name, or not at all.

A pseudonym is `r-` and the first 12 hex digits of the name's HMAC-SHA256: with the same key the same name is the same
pseudonym, whatever night or file it comes from, and without the key nobody can tell which name it stands for. Names are
hashed in the query that reads the source, so that a clear name is in no file that stays.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import duckdb

from mining import durable
from mining.errors import InputError
from mining.home import Home
from mining.process import Columns, Process

VARIABLE = "HEADRACE_RESOURCE_KEY"
_SHORTEST = 16  # characters of a key from the environment
_DIGITS = 12
_BLOCK = 64  # bytes of a block of SHA-256


def resource_key(home: Home, process: Process) -> bytes | None:
    """The key of a process's pseudonyms, made at the first use; None where the process hashes nothing.

    It is that of the environment (HEADRACE_RESOURCE_KEY), else that of the file `Home.key`.

    Raises:
        InputError: the key is lost, too short, or another one than before.
    """
    if not _hashes(process):
        return None
    check = home.key_check(process.process)
    used_before = check.exists()  # asked first: another run may be making both just now
    key = _given(home)
    if key is None:
        if used_before:
            raise InputError(_lost(home, check))
        key = _made(home.key)
    durable.write_once(check, f"{_mark(key)}\n".encode())
    _refuse_other(home, check, key)
    return key


def key_to_try(home: Home, process: Process) -> tuple[bytes | None, str]:
    """The key for a preview, which makes no file, and a sentence on what is then shown of resources.

    Raises:
        InputError: as `resource_key`.
    """
    if process.columns.resource is None or process.resources == "shown":
        return None, ""
    if process.resources == "dropped":
        return None, "Resources are dropped: they are not kept."
    key, check = _given(home), home.key_check(process.process)
    if check.exists():
        if key is None:
            raise InputError(_lost(home, check))
        _refuse_other(home, check, key)
    if key is None:
        return secrets.token_bytes(), (
            "Resources will be stored under pseudonyms like these; the first run makes the key, and with it the real ones."
        )
    return key, "Resources are shown as they will be stored: under pseudonyms."


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

    The pseudonym is HMAC (RFC 2104) with DuckDB's own SHA-256. The key is in variables, not in the text of any query.

    Args:
        names: SQL of the names, in a column `name`.
        kept: they may be pseudonyms already, which stay as they are.
    """
    if not key:
        raise ValueError("resources are hashed: give the key that `resource_key` returns")
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    for name, pad in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        connection.execute(f"SET VARIABLE {name} = ?::BLOB", [bytes(byte ^ pad for byte in block)])
    inner = "unhex(sha256(getvariable('inner_pad') || encode(name)))"
    pseudonym = f"'r-' || left(sha256(getvariable('outer_pad') || {inner}), {_DIGITS})"
    if kept:
        pseudonym = f"CASE WHEN regexp_full_match(name, 'r-[0-9a-f]{{{_DIGITS}}}') THEN name ELSE {pseudonym} END"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE pseudonyms AS SELECT name, {pseudonym} AS pseudonym "
        f"FROM (SELECT DISTINCT name FROM ({names})) WHERE name IS NOT NULL"
    )
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")  # so rows stay in order


def _hashes(process: Process) -> bool:
    return process.resources == "hashed" and process.columns.resource is not None


def _given(home: Home) -> bytes | None:
    """The key of the environment, else that of the file, else None."""
    if VARIABLE in os.environ:
        key = os.environ[VARIABLE].strip().encode()
        if len(key) < _SHORTEST:
            raise InputError(
                f"{VARIABLE}: a key has {_SHORTEST} characters or more, this one {len(key)}; set it to what it was "
                f"before, or unset it to use {home.key}"
            )
        return key
    try:
        key = home.key.read_bytes().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{home.key}: the key of the pseudonyms cannot be read: {error.strerror}") from None
    if len(key) < _SHORTEST:
        raise InputError(f"{home.key}: this is no key of pseudonyms any more; restore the file from a copy")
    return key


def _made(path: Path) -> bytes:
    """A new key in its file; where another run was faster, that one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return durable.write_once(path, f"{secrets.token_hex(32)}\n".encode(), mode=0o600).strip()


def _mark(key: bytes) -> str:
    """By which a key is known again, and from which it cannot be found."""
    return hmac.digest(key, b"the key of headrace's pseudonyms", "sha256").hex()[:16]


def _refuse_other(home: Home, check: Path, key: bytes) -> None:
    if check.read_text(encoding="ascii").strip() != _mark(key):
        place = VARIABLE if VARIABLE in os.environ else str(home.key)
        raise InputError(
            f"{place}: this is not the key that the pseudonyms in the store were made with; {_advice(check)}"
        )


def _lost(home: Home, check: Path) -> str:
    return f"{home.key}: the key that the pseudonyms in the store were made with is gone; {_advice(check)}"


def _advice(check: Path) -> str:
    return (
        f"restore it (in {VARIABLE} or in the file), or else the same person would be two from now on. If it is lost for "
        f"good: move {check.parent} away to load everything anew under new pseudonyms, or remove {check} to go on and "
        f"have it so"
    )
