"""A finished night takes its place among the published ones: as a whole, and without being away for a moment."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mining import durable
from mining.home import Home
from mining.lock import alone, taken

LOG = logging.getLogger("headrace")


def place(site: Path, target: Path, home: Home, loads: Collection[str], stored: Collection[str]) -> None:
    """Put the folder `site` in the place of `target`, a night of `home`; to be called under the process's lock.

    A night that another run has published meanwhile from more batches stays.

    Args:
        loads: the batches that the night was made from.
        stored: those that there are now.
    """
    made_from = home.made_from(target.parent.name, target.name)
    if target.exists() and set(loads) < _loads(made_from) <= set(stored):
        LOG.warning("%s: another run has published this night from newer data; that one stays", target)
        return
    durable.sync_all(site)
    target.parent.mkdir(parents=True, exist_ok=True)
    _unlisted(target.parent).touch()
    _swap(site, target)
    durable.write(made_from, json.dumps(sorted(loads)).encode())
    _list(home, target.parent)


@contextmanager
def changing(home: Home, process: str) -> Iterator[None]:
    """Write the lists anew after published nights were changed, if need be in the next run; under the process's lock."""
    nights = home.nights(process)
    if not nights.exists():
        yield
        return
    _unlisted(nights).touch()
    yield
    _list(home, nights)


def take_away(nights: Collection[Path], home: Home, process: str) -> None:
    """Remove published nights of a process, each in one step; to be called under its lock."""
    work = home.work(process)
    work.mkdir(parents=True, exist_ok=True)
    for night in nights:
        with TemporaryDirectory(prefix="local-removed-", dir=work) as name:
            night.rename(Path(name) / night.name)


def heal(home: Home, process: str) -> None:
    """Finish what an interrupted run left half done among the nights; to be called under the process's lock."""
    nights = home.nights(process)
    for old in nights.glob(".*.old"):
        night = old.with_name(old.name.removeprefix(".").removesuffix(".old"))
        if night.exists():
            shutil.rmtree(old)
        else:
            old.rename(night)
            _unlisted(nights).touch()
    if _unlisted(nights).exists():
        _list(home, nights)


def heal_all(home: Home) -> None:
    """The same for every process that no run is at work on; runs do it themselves."""
    for nights in sorted(home.all_nights.glob("*/")):
        hurt = _unlisted(nights).exists() or any(nights.glob(".*.old"))
        if hurt and not taken(home.lock(nights.name)):
            with alone(home.lock(nights.name), "headrace serve"):
                heal(home, nights.name)


def _swap(site: Path, target: Path) -> None:
    """Where the system cannot exchange two folders: two renames, and `heal` if only the first of them was done."""
    if not target.exists():
        site.rename(target)
    elif not durable.exchange(site, target):
        old = target.with_name(f".{target.name}.old")
        target.rename(old)
        site.rename(target)
        shutil.rmtree(old)
    durable.sync(target.parent)


def _unlisted(nights: Path) -> Path:
    """Is there while the lists may not know of a night."""
    return nights / ".unlisted"


def _list(home: Home, nights: Path) -> None:
    """Write the lists anew: one is of all processes, so that one run at a time does it."""
    from mining.pages.index_page import write_site  # noqa: PLC0415 - the pages' templates

    with alone(home.lists_lock, "writing the lists of nights"):
        write_site(home.all_nights, nights.name)
    _unlisted(nights).unlink(missing_ok=True)


def _loads(made_from: Path) -> set[str]:
    try:
        return set(json.loads(made_from.read_bytes()))
    except (OSError, ValueError):
        return set()
