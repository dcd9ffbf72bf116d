"""From one night's derived tables to the next's, by way of the cases that got events; or all of them anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from mining.disk import is_full
from mining.errors import GateError
from mining.findings import Effect
from mining.process import Process
from mining.store.batches import Batches
from mining.store.events import Part, any_start, load_events, segments_of
from mining.store.generations import WHOLE, Generations, State, maker, to_merge
from mining.store.session import count, parquet, session, write
from mining.store.slices import make_slices
from mining.store.steps import CASES, STEPS, VARIANTS, with_before
from mining.store.tallies import (
    add_up,
    coarsen,
    count_changes,
    digits_of,
    open_tallies,
    recent_is_short,
    recount_recent,
    sample_power,
)


@dataclass(frozen=True)
class Load:
    """A batch as the derived tables know it."""

    load_id: str
    path: Path
    last_us: int | None = None  # completion of its last event, if that is known
    told: bool = False  # whether it is known what it did

    def reaches(self, moment_us: int) -> bool:
        """Whether it may have events at that moment or later."""
        return self.last_us is None or self.last_us >= moment_us


def _say_nothing(_effect: Effect) -> None: ...


def loads_of(batches: Batches) -> list[Load]:
    """All batches, oldest first; one whose rows were changed, because a case was forgotten, is another load.

    Raises:
        StoreError: a batch is missing or damaged.
    """
    return [
        Load(
            f"{batch.load_id} {batch.sha256[:16]}",
            batches.path(batch.load_id),
            batch.last_us,
            told=batch.effect is not None,
        )
        for batch in batches.all()
    ]


def derive(process: Process, files: Sequence[Path], night_end: datetime, into: Path) -> None:
    """Write steps, cases, variants and tallies of everything that happened before `night_end`, from nothing, to an empty folder.

    An event that several batches bring is one event; rows that are equal within one batch are as many events as rows.
    """
    loads = [Load(path.stem, path) for path in files]
    _advance(process, loads, _us(night_end), Generations(into), None)


def derive_again(process: Process, loads: Sequence[Load], night_end_us: int, into: Path) -> None:
    """The same for loads that keep their ids, so that the result can take the place of what it was compared with."""
    _advance(process, loads, night_end_us, Generations(into), None)


def advance(
    process: Process,
    loads: Sequence[Load],
    night_end: datetime,
    derived: Path,
    into: Path,
    before_all: Callable[[], None] = lambda: None,
    note: Callable[[Effect], None] = _say_nothing,
) -> Effect | None:
    """Bring the derived tables to the end of a night, and leave a snapshot of them in `into`.

    Only cases that got events are touched. A night that is over already, as those kept in `derived` know it, is derived
    anew in `into` alone; so is everything in `derived` that is missing, damaged or was made by other rules.

    Args:
        loads: all batches, oldest first.
        before_all: called before all batches are read again, to see whether they are sound.
        note: told what new loads did, before the new state counts: whoever is cut off in between tells it again.

    Returns:
        What the new rows did; None where nothing new was brought or everything was derived anew.

    Raises:
        GateError: no event had happened by then.
    """
    kept, night_end_us = Generations(derived), _us(night_end)
    state = kept.read()
    if state and state.night_end_us > night_end_us:
        shutil.rmtree(into, ignore_errors=True)
        before_all()
        _advance(process, loads, night_end_us, Generations(into), None)
        return None
    usable = state if state and _goes_on(state, process, loads) else None
    effect = None
    if usable is None:
        before_all()
    if usable and (usable.night_end_us < night_end_us or len(usable.loads) < len(loads)):
        try:
            effect, state = _advance(process, loads, night_end_us, kept, usable, note)
        except duckdb.Error as error:  # a damaged file may give any kind of it
            if isinstance(error, duckdb.OutOfMemoryException) or is_full(error):
                raise
            before_all()  # a derived file cannot be read: all of them are made again, from batches that can
            usable = None
    if usable is None:
        effect, state = _advance(process, loads, night_end_us, kept, None, note)
    if state is None:
        raise AssertionError("a night has been derived, or one was there")
    kept.link(state, into)
    return effect if usable else None


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _goes_on(state: State, process: Process, loads: Sequence[Load]) -> bool:
    """Whether the loads begin with those that are in, and the rules are the same."""
    return state.made_by == maker(process) and state.loads == tuple(load.load_id for load in loads[: len(state.loads)])


def _parts(state: State | None, loads: Sequence[Load]) -> list[Part]:
    """The rows that a night has not seen: new loads, and of the old ones what had not happened yet."""
    known = len(state.loads) if state else 0
    told = max((number for number, load in enumerate(loads, 1) if load.told), default=0)
    waiting = [
        Part(load.path, state.night_end_us, new=False)
        for load in loads[:known]
        if state and load.reaches(state.night_end_us)
    ]
    return waiting + [Part(load.path, new=number > told) for number, load in enumerate(loads[known:], known + 1)]


def _advance(
    process: Process,
    loads: Sequence[Load],
    night_end_us: int,
    kept: Generations,
    state: State | None,
    note: Callable[[Effect], None] = _say_nothing,
) -> tuple[Effect | None, State]:
    place = kept.begin()
    with session(kept.folder) as con:
        parts = _parts(state, loads)
        _open(con, process, kept, state)
        effect = load_events(con, process, parts, night_end_us, first=state is None) if parts else None
        nothing = effect is None or not count(con, "select count(*) from spans")
        if nothing and not state:
            shutil.rmtree(place)
            end = datetime.fromtimestamp(night_end_us / 1_000_000, process.zone)
            raise GateError(f"No event of {process.process} had happened by {end:%Y-%m-%d %H:%M}: nothing to mine.")
        if nothing and state:
            shutil.rmtree(place)
            new = replace(state, night_end_us=night_end_us, loads=tuple(load.load_id for load in loads))
        else:
            new = _build(con, process, kept, state, place, night_end_us, loads)
            new = _merge(con, kept, new)
    if effect and any(part.new for part in parts):
        note(effect)
    kept.commit(new)
    return effect, new


def _open(con: duckdb.DuckDBPyConnection, process: Process, kept: Generations, state: State | None) -> None:
    """Everything that is known, as `known_...`; the names and the variants."""
    con.execute("create table names (kind varchar, code integer, name varchar)")
    con.execute(f"create table variants ({VARIANTS})")
    if state is None:
        segments = "".join(f", {name} integer" for name in segments_of(process))
        con.execute(f"create table known_steps ({STEPS}{segments})")
        con.execute(f"create table known_cases ({CASES}{segments})")
        open_tallies(con, {})
        return
    newest = state.generations[-1]
    con.execute(f"create view known_steps as {kept.live(state.generations, 'steps')}")
    con.execute(f"create view known_cases as {kept.live(state.generations, 'cases')}")
    con.execute(f"insert into names from {kept.sql(newest, 'names')}")
    con.execute(f"insert into variants by name {kept.variants(state.generations)}")
    open_tallies(con, {name: f"from {kept.sql(newest, name)}" for name in WHOLE if name != "names"})


def _build(
    con: duckdb.DuckDBPyConnection,
    process: Process,
    kept: Generations,
    state: State | None,
    place: Path,
    night_end_us: int,
    loads: Sequence[Load],
) -> State:
    """Write one generation."""
    rows = count(con, "select sum(rows) from spans")
    new = _counted(con, process, state, night_end_us, loads, rows)
    if state and state.digits != new.digits:
        coarsen(con, new.digits)
    started = any_start(con)
    _write_rows(con, process, place, new, rows, first=state is None, started=started)
    if state:
        con.execute(f"create table departed as {with_before('from known_events')}")
        count_changes(con, "departed", "departed_cases", new.digits, -1, started=started)
    add_up(con, started=started)
    generations = (*(state.generations if state else ()), kept.finish(place, rows))
    if state and recent_is_short(con):
        recount_recent(con, with_before(kept.live(generations, "steps")), kept.live(generations, "cases"))
    for name in WHOLE:
        write(con, f"from {name}", place / f"{name}.parquet")
    return replace(new, generations=(*generations[:-1], kept.finish(place, rows)))


def _counted(
    con: duckdb.DuckDBPyConnection,
    process: Process,
    state: State | None,
    night_end_us: int,
    loads: Sequence[Load],
    rows: int,
) -> State:
    """The new state, before it has a generation: what follows from the number of events."""
    events = rows + (state.events - count(con, "select count(*) from known_events") if state else 0)
    return State(
        made_by=maker(process),
        learned=not process.final_activities,
        night_end_us=night_end_us,
        loads=tuple(load.load_id for load in loads),
        events=events,
        digits=digits_of(events),
        sample_power=sample_power(events),
        generations=(),
    )


def _write_rows(
    con: duckdb.DuckDBPyConnection, process: Process, place: Path, new: State, rows: int, *, first: bool, started: bool
) -> None:
    """The steps, cases and new variants of the touched cases."""
    variants = count(con, "select max(variant) from variants")
    make_slices(con, process, place, new, rows, first=first, started=started)
    write(con, f"from variants where variant > {variants} order by variant", place / "variants.parquet")


def _merge(con: duckdb.DuckDBPyConnection, kept: Generations, state: State) -> State:
    """Make one of several small generations, so that reading does not get slower with every night."""
    first = to_merge(state.generations)
    if first is None:
        return state
    small, newest = state.generations[first:], state.generations[-1]
    place = kept.place(newest.number + 1)
    place.mkdir()
    for table in ("steps", "cases", "sample"):
        if table != "sample" or state.sample_power:
            order = '"case"' if table == "cases" else '"case", position'
            write(con, f"from ({kept.live(small, table)}) order by {order}", place / f"{table}.parquet")
    write(con, f"from ({kept.variants(small)}) order by variant", place / "variants.parquet")
    for name in WHOLE:
        (kept.place(newest.number) / f"{name}.parquet").rename(place / f"{name}.parquet")
    steps = count(con, f"select count(*) from {parquet(place / 'steps.parquet')}")
    return replace(state, generations=(*state.generations[:first], kept.finish(place, steps)))
