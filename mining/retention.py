"""How long things are kept: cases by the age of their last event, published nights by a rule that thins them."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from mining import durable, loading, placing, quarantine
from mining.disk import told_when_full
from mining.home import Home
from mining.lock import alone
from mining.pages.views import drop_views
from mining.process import KeptNights, Process
from mining.sources.quoting import file_literal, literal
from mining.store import Batch, Batches
from mining.store.rewriting import take_out
from mining.store.session import count, session

LOG = logging.getLogger("headrace")
RHYTHM = timedelta(days=30)  # a night after cases were dropped derives everything anew: not every night


@dataclass(frozen=True)
class Tidied:
    """What was dropped."""

    cases: int
    rows: int  # of batches and quarantine
    nights: tuple[date, ...]


def tidy(process: Process, home: Home, now: datetime) -> Tidied:
    """Drop what is older than the process keeps.

    Raises:
        StoreError: a batch is damaged, or another run held the store for hours.
    """
    name = process.process
    with told_when_full(home.root), alone(home.lock(name), f"tidy of {name}"):
        loading.undo_unfinished(home, name)
        placing.heal(home, name)
        cases, rows = _drop_old(process, home, now)
        return Tidied(cases, rows, thin(process, home))


def drop_old_when_due(process: Process, home: Home, now: datetime) -> None:
    """What a night does about old cases, once in `RHYTHM`; to be called under the process's lock."""
    done = _done(home, process.process)
    if process.keep.events is None or (done.exists() and now - _read(done) < RHYTHM):
        return
    cases, rows = _drop_old(process, home, now)
    if rows:
        LOG.warning("%d cases of %s, older than it keeps, were dropped: %d rows", cases, process.process, rows)


def _drop_old(process: Process, home: Home, now: datetime) -> tuple[int, int]:
    """Drop all cases whose last event is older than the process keeps; how many, and their rows."""
    if process.keep.events is None:
        return 0, 0
    name, before = process.process, now - process.keep.events
    batches = Batches(home.batches(name))
    work = home.work(name)
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="local-old-", dir=work) as folder:
        old = Path(folder) / "old.parquet"
        cases = _write_old_cases(batches, round(before.timestamp() * 1_000_000), old)
        is_old = f"case_id in (select case_id from read_parquet({file_literal(old)}))" if cases else "false"
        rows = _from_quarantine(home, name, batches, is_old, before)
        rows += sum(take_out(batches, batch, is_old, batch.checks) for batch in _holding(batches, before) if cases)
    if cases:
        shutil.rmtree(home.derived(name), ignore_errors=True)
    durable.write(_done(home, name), json.dumps(now.isoformat()).encode())
    return cases, rows


def _write_old_cases(batches: Batches, before_us: int, to: Path) -> int:
    """The ids of the cases whose last event was before a moment; their number. Looks only where there can be any."""
    files = [batch for batch in batches.all() if batch.rows]
    if not any(batch.first_us is None or batch.first_us < before_us for batch in files):
        return 0
    listed = ", ".join(file_literal(batches.path(batch.load_id)) for batch in files)
    with session(to.parent) as con:
        con.execute(
            f"copy (select case_id from read_parquet([{listed}], union_by_name = true) group by case_id "
            f"having epoch_us(max(completed)) < {before_us}) to {literal(str(to))} (format parquet)"
        )
        return count(con, f"select count(*) from read_parquet({file_literal(to)})")


def _holding(batches: Batches, before: datetime) -> list[Batch]:
    """The batches that may hold events from before a moment."""
    limit = before.timestamp() * 1_000_000
    return [batch for batch in batches.described() if batch.first_us is None or batch.first_us < limit]


def _from_quarantine(home: Home, name: str, batches: Batches, is_old: str, before: datetime) -> int:
    """Rows that were set aside go with their case, or when their load is older than the age, whatever their time says."""
    old_loads = {batch.load_id for batch in batches.described() if datetime.fromisoformat(batch.loaded_at) < before}
    rows = 0
    for path in sorted(home.quarantine(name).glob("*.parquet")):
        condition = "true" if path.stem.partition("-")[0] in old_loads else is_old
        rows += quarantine.take_out(home, name, path, condition)
    return rows


def _done(home: Home, name: str) -> Path:
    """Says when old cases were last looked for."""
    return home.store(name) / "tidied.json"


def _read(file: Path) -> datetime:
    return datetime.fromisoformat(json.loads(file.read_bytes()))


def thin(process: Process, home: Home, spare: date | None = None) -> tuple[date, ...]:
    """Remove published nights as the process says; which. Of all but the newest, their views go in any case: a site of many
    nights would be made of them. To be called under the process's lock.

    Args:
        spare: a night that stays in any case: it has just been published.
    """
    rule = process.keep.nights
    nights = {day: path for path in home.nights(process.process).glob("*") if (day := _day(path))}
    for day in sorted(nights)[:-1]:
        drop_views(nights[day])
    if rule == "all" or not nights:
        return ()
    mined = {day: (path / "findings.json").exists() for day, path in nights.items()}
    gone = tuple(day for day in to_remove(mined, rule) if day != spare)
    if gone:
        with placing.changing(home, process.process):
            placing.take_away([nights[day] for day in gone], home, process.process)
    return gone


def to_remove(mined: Mapping[date, bool], rule: KeptNights) -> Sequence[date]:
    """Of nights, and whether they could be mined, those that the rule does not keep; oldest first.

    Ages count from the newest night, which stays, as does the newest that could be mined. Of a week or a month the last night
    that could be mined stays; if none could, the last one.
    """
    newest = max(mined)
    best = dict[tuple[object, ...], date]()
    for day in sorted(mined):
        group = _group(day, newest, rule)
        if group and (group not in best or mined[day] or not mined[best[group]]):
            best[group] = day
    kept = {*best.values(), newest, max((day for day in mined if mined[day]), default=newest)}
    return [day for day in sorted(mined) if day not in kept]


def _group(day: date, newest: date, rule: KeptNights) -> tuple[object, ...] | None:
    """Nights of one group are as one; None: it is too old."""
    age = newest - day
    if age < rule.daily:
        return ("day", day)
    if age < rule.weekly:
        return ("week", *day.isocalendar()[:2])
    if rule.monthly is None or age < rule.monthly:
        return ("month", day.year, day.month)
    return None


def _day(night: Path) -> date | None:
    is_night = re.fullmatch(r"\d{4}-\d{2}-\d{2}", night.name) and night.is_dir()
    return date.fromisoformat(night.name) if is_night else None
