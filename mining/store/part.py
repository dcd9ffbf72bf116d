"""The tables of one part of the cases: those with one value of a segment, for the same measures as the whole log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mining.store.session import count
from mining.store.tables import Tables, by_mean, cycles_of_cases, timed
from mining.store.tallies import add_up, count_changes, open_tallies


@dataclass(frozen=True)
class Value:
    """One value of a segment."""

    segment: int  # place among the segments of the process, from 1
    code: int
    name: str
    cases: int  # that have it


def values(tables: Tables, segment: int) -> list[Value]:
    """The values of a segment, most cases first; cases without a value belong to none."""
    column = f"segment_{segment}"
    names = tables.names_of(column)
    query = f"select {column}, count(*) from cases where {column} is not null group by all"
    found = [Value(segment, code, names[code], cases) for code, cases in tables.engine.con.execute(query).fetchall()]
    return sorted(found, key=lambda value: (-value.cases, value.name))


class Part(Tables):
    """The tables of the cases with one value.

    Which of them are over is judged as in the whole log, so that parts add up to it. The tallies are counted anew, by the
    same rules as those of the whole.

    Raises:
        RuntimeError: there are no tables in the folder.
    """

    def __init__(self, folder: Path, value: Value) -> None:
        super().__init__(folder)
        self._cut(f"segment_{value.segment} = {value.code}")
        self.state = replace(self.state, events=count(self.engine.con, "select sum(events) from part_cases"))
        there = {code for (code,) in self.engine.con.execute("select distinct activity from part_steps").fetchall()}
        self.names = {code: name for code, name in self.names.items() if code in there}

    def _cut(self, condition: str) -> None:
        """Put the part's tables in the place of the whole log's."""
        run, digits = self.engine.con.execute, self.state.digits
        ours = 'semi join part_cases using ("case")'
        run(f"create table part_cases as from cases where {condition}")
        run(f"create table part_steps as {timed(f'from kept_steps {ours}')}")
        run(f"create table part_sample as from sample {ours}")
        run("create table part_variants as from variants semi join part_cases using (variant)")
        for name in ("waits", "stays", "weeks", "work", "cycles", "recent"):
            run(f"drop view {name}")
        run('create temp table touched ("case" integer)')
        open_tallies(self.engine.con, {})
        started = count(self.engine.con, "select count(started_us) from part_steps") > 0
        count_changes(self.engine.con, "part_steps", "part_cases", digits, 1, started=started)
        add_up(self.engine.con, started=started)
        for name in ("cases", "steps", "sample", "variants"):
            run(f"create or replace view {name} as from part_{name}")
        for name, query in {"waits": by_mean("from part_waits"), "stays": by_mean("from part_stays")}.items():
            run(f"alter table {name} rename to part_{name}")
            run(f"create view {name} as {query}")
        run(f"create or replace table cycles as {cycles_of_cases(digits)}")
