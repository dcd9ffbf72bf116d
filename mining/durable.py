"""Writes that survive: after a crash or a power cut a file or folder is there as it was or as it is to be, never half."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path `.NAME.part` to write to; moved to `target` at the end, and removed if that does not come.

    Two writers of one target at the same time must hold a lock.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        sync(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(target.parent)


def write(target: Path, data: bytes) -> None:
    """Write a file; its folder is made if need be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as part:
        part.write_bytes(data)


def write_once(target: Path, data: bytes, mode: int = 0o666) -> bytes:
    """Write a file unless it is there; what it holds then. Of several writers at the same time the first one wins."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(part, "wb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            file.write(data)
        sync(part)
        try:
            os.link(part, target)
        except FileExistsError:
            return target.read_bytes()
    finally:
        part.unlink(missing_ok=True)
    sync(target.parent)
    return data


def move_into(path: Path, folder: Path) -> Path:
    """Move a file to a folder, under a name that nothing has there yet; where it is then."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (path.name if n == 1 else f"{path.stem}-{n}{path.suffix}" for n in range(1, 1_000_000))
    target = next(folder / name for name in names if not (folder / name).exists())
    path.replace(target)
    sync(folder)
    sync(path.parent)
    return target


def sync(path: Path) -> None:
    """Have a file's content, or a folder's list of names, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """The same for a folder with everything in it."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places, so that both names are there at every moment; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):  # not Linux, or an old C library
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))
