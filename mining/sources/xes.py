"""XES logs, read as a stream; the start and the completion of one piece of work become one event.

In the standard life cycle one piece of work leaves several events. Within a trace, and for one activity (and one
`concept:instance`, where there is one), they are put together first in, first out:

- a completion takes the oldest start that is waiting; the start's time becomes `started`;
- a start takes the oldest `schedule` that is waiting; without a start the completion takes it.

What was put together stays readable: an attribute of the start that differs is kept as `start:NAME`, one of the
schedule as `schedule:NAME`. What found no partner stays an event of its own with its own time as `completed`, no
`started`, and `lifecycle:transition` as it was written. So does every other transition (a log may keep its own
statuses there), and every event of a process that names a column for `started`. Nothing is lost.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from mining.errors import InputError
from mining.process import Columns
from mining.sources.files import opened
from mining.sources.mapping import Reading, Table
from mining.sources.parts import Parts

_TRANSITION, _INSTANCE = "lifecycle:transition", "concept:instance"
_ROW, _POSITION = "#row", "#position"  # as no attribute is called


@dataclass
class _Event:
    row: int  # running number in the file
    position: int  # in its trace
    attributes: dict[str, str]


def xes_table(reading: Reading, path: Path) -> tuple[Table, int]:
    """A XES file, written as Parquet first, and the number of events that it holds before pairing.

    Raises:
        InputError: the XML or the archive is broken, or holds no log.
    """
    wanted = reading.process.columns
    paired = wanted.started is None
    raw = 0
    with Parts(reading.folder, path.name) as parts:
        for trace in islice(_traces(path), reading.limit):
            raw += len(trace)
            for event in _paired(trace, wanted) if paired else trace:
                parts.add({_ROW: event.row, _POSITION: event.position, **event.attributes})
    relation, columns = parts.relation(reading.connection, [_ROW, _POSITION, *_mapped(wanted)])
    names = {name: kind for name, kind in columns.items() if name not in (_ROW, _POSITION)}
    mapping = resolved(wanted, names)
    return Table(path.name, relation, names, mapping, f'"{_ROW}"', f'"{_POSITION}"'), raw


def _mapped(columns: Columns) -> list[str]:
    """The names that the mapping uses, each once: what a log without events is taken to have."""
    names = {"case": f"case:{columns.case.removeprefix('case:')}"}
    return list(dict.fromkeys(columns.model_copy(update=names).model_dump(exclude_none=True).values()))


def resolved(columns: Columns, names: dict[str, str]) -> Columns:
    """The mapping with the case looked for among the traces first, and with the times of starts that were paired."""
    of_trace, of_start = f"case:{columns.case}", f"start:{columns.completed}"
    changes: dict[str, Any] = {}
    if of_trace in names or columns.case == columns.activity:
        changes["case"] = of_trace
    if columns.started is None and of_start in names:
        changes["started"] = of_start
    return columns.model_copy(update=changes)


def _traces(path: Path) -> Iterator[list[_Event]]:
    """The events of each trace, with the trace's own attributes as `case:NAME`; one trace is held at a time."""
    events: list[_Event] = []
    row = 0
    try:
        with opened(path) as stream:
            for node in _elements(path, stream):
                if _kind(node) == "event":
                    if _kind(node.getparent()) != "trace":
                        raise InputError(
                            f"{path.name}, line {node.sourceline}: this event is in no trace, so in no case"
                        )
                    row += 1
                    events.append(_Event(row, len(events) + 1, dict(_attributes(node))))
                else:
                    of_trace = {f"case:{name}": value for name, value in _attributes(node)}
                    for event in events:
                        event.attributes.update(of_trace)
                    yield events
                    events = []
                _forget(node)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path.name}, line {error.lineno}: the XML is broken or cut short: {error.msg}") from None


def _elements(path: Path, stream: Any) -> Iterator[Any]:
    """Each event and each trace at its end. Entities are not followed: a log must not make us read other files."""
    reader = etree.iterparse(stream, tag=("{*}event", "{*}trace"), resolve_entities=False, no_network=True)
    for _, node in reader:
        yield node
    if _kind(reader.root) != "log":
        raise InputError(f"{path.name}: this is no XES log: it begins with <{_kind(reader.root)}>, not with <log>")


def _kind(node: Any) -> str:
    return str(etree.QName(node).localname)


def _forget(node: Any) -> None:
    """Free an element that has been read, and its like before it; what else a trace says is still to be read."""
    node.clear(keep_tail=False)
    while (before := node.getprevious()) is not None and before.tag == node.tag:
        node.getparent().remove(before)


def _attributes(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts of the attributes below a node; one within another is called OUTER/INNER."""
    for child in node.iterchildren(tag=etree.Element):
        key, value = child.get("key"), child.get("value")
        if key is None:
            yield from _attributes(child, prefix)  # the <values> of a list
            continue
        if value is not None:
            yield prefix + key, value
        if len(child):
            yield from _attributes(child, f"{prefix}{key}/")


def _paired(trace: list[_Event], columns: Columns) -> list[_Event]:
    """The events that are left when starts and schedules have been put to the completions they belong to."""
    waiting: dict[tuple[str, str | None, str | None], deque[_Event]] = defaultdict(deque)
    taken: set[int] = set()
    for event in trace:
        step = event.attributes.get(_TRANSITION, "").lower()
        work = (event.attributes.get(columns.activity), event.attributes.get(_INSTANCE))
        if step in ("schedule", "start"):
            waiting[step, *work].append(event)
        if step == "start" and waiting["schedule", *work]:
            taken.add(_take(event, "schedule", waiting["schedule", *work], columns))
        if step == "complete":
            partner = next((kind for kind in ("start", "schedule") if waiting[kind, *work]), None)
            if partner:
                taken.add(_take(event, partner, waiting[partner, *work], columns))
    return [event for event in trace if event.row not in taken]


def _take(event: _Event, kind: str, waiting: deque[_Event], columns: Columns) -> int:
    """Put the oldest waiting event to a later one of the same work; its row is no event any more."""
    partner = waiting.popleft()
    for name, value in partner.attributes.items():
        if name.startswith("schedule:"):
            event.attributes[name] = value
        elif name == columns.completed or (name != _TRANSITION and event.attributes.get(name) != value):
            event.attributes[f"{kind}:{name}"] = value
    return partner.row
