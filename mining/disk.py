"""A full disk, told as such: whoever runs out of room says it in words of its own, and often not where the room is missing."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mining.errors import GateError, InputError, StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite's own words; where a file may not grow further it only says that writing failed.
_OF_SQLITE = ("database or disk is full", "(sqlite3.OperationalError) disk I/O error")
_WORDS = (*(os.strerror(number) for number in _FULL), "max_temp_directory_size", *_OF_SQLITE)


@contextmanager
def told_when_full(home: Path) -> Iterator[None]:
    """Turn any error that comes of a full disk into one that says which, and what to do.

    Raises:
        StoreError: in its place.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        words = _words_of_full(error)
        if words is None:
            raise
        raise StoreError(_told(home, words)) from error


def is_full(error: BaseException) -> bool:
    """Whether an error comes of a full disk."""
    return _words_of_full(error) is not None


def _words_of_full(error: BaseException | None) -> str | None:
    """What an error, or what it came of, says of a full disk; the libraries say it in texts only.

    Errors of ours quote the user's data, where such words may stand too: there only what a failed check says counts.
    """
    while error is not None:
        quotes_data = isinstance(error, (InputError, GateError))
        for line in str(error).splitlines():
            if any(word in line for word in _WORDS) and (not quotes_data or "check could not run: " in line):
                return line.strip()[:300]
        error = error.__cause__ or error.__context__
    return None


def _told(home: Path, words: str) -> str:
    places = {_mount_point(home): "the home", _mount_point(Path(tempfile.gettempdir())): "temporary files"}
    places[_mount_point(home)] = f"the home, {home}"
    seen = "; ".join(f"{place} ({what}): {_room(place)}" for place, what in places.items())
    return (
        f"The disk is full, or a limit on it is reached: {words}\nFree now: {seen}.\n"
        "Nothing that was stored is lost, and the nights published before stay as they are. Make room (old nights, "
        "other files of that disk) or move the home to a larger one, then run the night again: it mends by itself."
    )


def _room(place: Path) -> str:
    usage = shutil.disk_usage(place)
    return f"{usage.free / 1e6:,.1f} of {usage.total / 1e6:,.1f} MB"


def _mount_point(path: Path) -> Path:
    """The root of the file system that a path is on, or would be."""
    path = path.resolve()
    while not os.path.ismount(path):
        path = path.parent
    return path
