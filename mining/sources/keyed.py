"""HMAC (RFC 2104) with DuckDB's own SHA-256: texts are hashed where they lie, and none has to come to Python."""

from __future__ import annotations

import hashlib

import duckdb

_BLOCK = 64  # bytes of a block of SHA-256


def hmac_of(connection: duckdb.DuckDBPyConnection, purpose: str, key: bytes, text: str) -> str:
    """SQL of the HMAC-SHA256 of a text, as 64 hex digits.

    The key is in variables of the connection, named by `purpose`, and not in the text of any query.

    Args:
        text: SQL of the text; null gives null.
    """
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    for name, pad in (("inner", 0x36), ("outer", 0x5C)):
        connection.execute(f"SET VARIABLE {purpose}_{name} = ?::BLOB", [bytes(byte ^ pad for byte in block)])
    inner = f"unhex(sha256(getvariable('{purpose}_inner') || encode({text})))"
    return f"sha256(getvariable('{purpose}_outer') || {inner})"
