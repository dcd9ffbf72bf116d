"""One at a time: locks that the kernel lets go of when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from mining.errors import StoreError

LOG = logging.getLogger("headrace")
PATIENCE_S = 6 * 3600.0
_TOLD_AFTER_S = 3.0
_PAUSE_S = 0.1


@contextmanager
def alone(file: Path, doing: str, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock `file` while doing something; wait for whoever holds it, and say for whom.

    Raises:
        StoreError: it was not let go of within `patience_s` seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait(handle, file, patience_s)
        _sign(handle, doing)
        yield
    finally:
        os.close(handle)


def taken(file: Path) -> bool:
    """Whether somebody holds the lock right now."""
    if not file.exists():
        return False
    with file.open("rb") as handle:
        return not _try(handle.fileno(), fcntl.LOCK_SH)


def _wait(handle: int, file: Path, patience_s: float) -> None:
    since, told = time.monotonic(), False
    while not _try(handle, fcntl.LOCK_EX):
        waited = time.monotonic() - since
        if waited > patience_s:
            raise StoreError(
                f"{file}: another run has held this lock for {waited:.0f} s: {_holder(file)}. Let it end, or end it "
                "(the lock goes with it), then run again. Nothing was changed."
            )
        if waited > _TOLD_AFTER_S and not told:
            LOG.warning("waiting for another run of the same process: %s", _holder(file))
            told = True
        time.sleep(_PAUSE_S)


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(handle: int, doing: str) -> None:
    """Leave word of who holds the lock; on a full disk do without."""
    told = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({**told, "doing": doing}).encode(), 0)


def _holder(file: Path) -> str:
    try:
        told = json.loads(file.read_bytes())
        return f"{told['doing']} (process {told['pid']} on {told['host']}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "it did not say who it is"
