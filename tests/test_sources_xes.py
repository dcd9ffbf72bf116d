"""Events from XES: attributes, the life cycle, broken files."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mining.errors import InputError
from mining.process import Process
from mining.sources import Pull, preview, pull

COLUMNS = {"case": "concept:name", "activity": "concept:name", "completed": "time:timestamp"}


def process(folder: Path, name: str = "log.xes", **columns: str) -> Process:
    given = {"process": "p", "title": "P", "source": {"files": name}, "columns": COLUMNS | columns, "folder": folder}
    return Process.model_validate(given | {"resources": "shown"})


def event(activity: str, minute: int, transition: str = "", **more: str) -> str:
    texts = {"concept:name": activity, "lifecycle:transition": transition} | more
    strings = "".join(f'<string key="{key}" value="{value}"/>' for key, value in texts.items() if value)
    return f'<event>{strings}<date key="time:timestamp" value="2024-03-01T09:{minute:02}:00.000+01:00"/></event>'


def log(*traces: str, namespace: str = "") -> str:
    cases = "".join(f'<trace><string key="concept:name" value="c{n}"/>{t}</trace>' for n, t in enumerate(traces, 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><log {namespace}><global scope="event">'
        f'<string key="concept:name" value="UNKNOWN"/></global><float key="meta" value="1"/>{cases}</log>'
    )


def read(folder: Path, text: str, what: str, **columns: str) -> tuple[Pull, list[tuple[Any, ...]]]:
    (folder / "log.xes").write_text(text, encoding="utf-8")
    found = pull(process(folder, **columns), folder / "out")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = f"SELECT {what} FROM read_parquet(?) ORDER BY row"
        return found, connection.execute(query, [str(found.path)]).fetchall()


def paired(folder: Path, *events: str) -> list[tuple[Any, ...]]:
    """Activity, minute of the start, minute of the completion, and transition of each event."""
    what = 'activity, minute(started)::INTEGER, minute(completed)::INTEGER, "source.lifecycle:transition"'
    found, rows = read(folder, log("".join(events)), what)
    assert found.inputs[0].rows == len(events)
    return rows


def test_attributes_of_events_and_traces(tmp_path: Path) -> None:
    trace = '<string key="channel" value="web"/>' + event("Enter", 1, **{"org:resource": " Ann "}) + event("Pack", 2)
    what = 'case_id, activity, completed, resource, order_key, row, "source.case:channel", "source.org:resource"'
    late = event("Enter", 5) + '<boolean key="vip" value="true"/>'
    found, rows = read(
        tmp_path,
        log(trace, late, namespace='xmlns="http://www.xes-standard.org/"'),
        what + ', "source.case:vip"',
        resource="org:resource",
    )
    nine = [datetime(2024, 3, 1, 8, minute, tzinfo=UTC) for minute in range(6)]
    assert rows == [
        ("c1", "Enter", nine[1], "Ann", 1.0, 1, "web", " Ann ", None),
        ("c1", "Pack", nine[2], None, 2.0, 2, "web", None, None),
        ("c2", "Enter", nine[5], None, 1.0, 3, None, None, "true"),
    ]  # fmt: skip
    assert [(i.name, i.rows) for i in found.inputs] == [("log.xes", 3)]


def test_attributes_within_attributes(tmp_path: Path) -> None:
    nested = (
        '<event><string key="concept:name" value="Enter"/><date key="time:timestamp" value="2024-03-01T09:00:00Z"/>'
        '<string key="cost" value="5"><string key="currency" value="EUR"/></string>'
        '<list key="items"><values><int key="no" value="7"/></values></list></event>'
    )
    _, rows = read(tmp_path, log(nested), '"source.cost", "source.cost/currency", "source.items/no"')
    assert rows == [("5", "EUR", "7")]


@pytest.mark.parametrize("case", ["concept:name", "case:concept:name"])
def test_case_is_the_name_of_the_trace(tmp_path: Path, case: str) -> None:
    _, rows = read(tmp_path, log(event("Enter", 1)), "case_id, activity", case=case)
    assert rows == [("c1", "Enter")]


def test_start_and_completion_are_one_event(tmp_path: Path) -> None:
    rows = paired(
        tmp_path, event("a", 1, "start"), event("b", 2, "START"), event("a", 3, "complete"), event("b", 4, "COMPLETE")
    )
    assert rows == [("a", 1, 3, "complete"), ("b", 2, 4, "COMPLETE")]


def test_first_in_first_out_unless_the_instance_is_named(tmp_path: Path) -> None:
    fifo = [event("a", 1, "start"), event("a", 2, "start"), event("a", 3, "complete"), event("a", 4, "complete")]
    assert paired(tmp_path, *fifo) == [("a", 1, 3, "complete"), ("a", 2, 4, "complete")]
    named = [
        event("a", n, "start" if n < 3 else "complete", **{"concept:instance": i}) for n, i in enumerate("xyyx", 1)
    ]
    assert paired(tmp_path, *named) == [("a", 2, 3, "complete"), ("a", 1, 4, "complete")]


def test_what_has_no_partner_stays_an_event(tmp_path: Path) -> None:
    rows = paired(
        tmp_path,
        event("a", 1, "complete"),
        event("a", 2, "start"),
        event("b", 3, "schedule"),
        event("c", 4, "start"),
        event("c", 5, "complete"),
        event("c", 6, "suspend"),
    )
    assert rows == [
        ("a", None, 1, "complete"), ("a", None, 2, "start"), ("b", None, 3, "schedule"),
        ("c", 4, 5, "complete"), ("c", None, 6, "suspend"),
    ]  # fmt: skip


def test_pairs_do_not_reach_into_another_trace(tmp_path: Path) -> None:
    _, rows = read(tmp_path, log(event("a", 1, "start"), event("a", 2, "complete")), "case_id, started")
    assert rows == [("c1", None), ("c2", None)]


def test_schedule_and_start_stay_readable(tmp_path: Path) -> None:
    events = [
        event("a", 1, "schedule"),
        event("a", 2, "start", **{"org:resource": "Ann"}),
        event("a", 2, "complete", **{"org:resource": "Bob"}),
    ]
    what = (
        'minute(started)::INTEGER, "source.org:resource", "source.start:org:resource", order_key, row, '
        '"source.schedule:time:timestamp", "source.start:time:timestamp"'
    )
    found, rows = read(tmp_path, log("".join(events)), what)
    nine = "2024-03-01T09:{:02}:00.000+01:00".format
    assert rows == [(2, "Bob", "Ann", 3.0, 3, nine(1), nine(2))]
    assert (found.rows, found.inputs[0].rows) == (1, 3)


def test_sub_statuses_are_not_a_life_cycle(tmp_path: Path) -> None:
    states = ["In Progress", "Awaiting Assignment", "In Progress", "Closed"]
    rows = paired(tmp_path, *(event("Accepted", n, state) for n, state in enumerate(states)))
    assert rows == [("Accepted", None, n, state) for n, state in enumerate(states)]


def test_a_named_start_column_ends_pairing(tmp_path: Path) -> None:
    rows = [
        event("a", 1, "start", begun="2024-03-01T00:00:00Z"),
        event("a", 2, "complete", begun="2024-03-01T00:00:00Z"),
    ]
    found, _ = read(tmp_path, log("".join(rows)), "row", started="begun")
    assert found.rows == 2


def test_many_events_and_attributes_that_come_late(tmp_path: Path) -> None:
    """More than one batch; a name first met in the last event; one case of 50,000 events."""
    events = "".join(event("a", n % 60) for n in range(50_000)) + event("b", 1, extra="x")
    _, rows = read(tmp_path, log(events), 'row, order_key, activity, "source.extra"')
    assert rows == [(n, float(n), "a", None) for n in range(1, 50_001)] + [(50_001, 50_001.0, "b", "x")]


def test_a_log_without_events(tmp_path: Path) -> None:
    for text in (log(), log("")):
        found, rows = read(tmp_path, text, "*")
        assert (found.rows, rows) == (0, [])


def test_hostile_names_pass_unharmed(tmp_path: Path) -> None:
    names = ["&lt;script&gt;", "it's &quot;quoted&quot;", "two&#10;lines", "مرحبا", "订单", "x" * 300]
    _, rows = read(tmp_path, log("".join(event(name, 1, **{name: "v"}) for name in names)), "activity")
    assert [row[0] for row in rows] == ["<script>", 'it\'s "quoted"', "two\nlines", "مرحبا", "订单", "x" * 300]


def test_a_log_cannot_make_us_read_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    doctype = f'<!DOCTYPE log [<!ENTITY s SYSTEM "file://{tmp_path}/secret.txt">]>'
    inside = event("a", 1).replace("</event>", "<string key='x' value='y'>&s;</string></event>")
    text = log(inside).replace("<log", doctype + "<log", 1)
    found, rows = read(tmp_path, text, "*")
    assert found.rows == 1
    assert "secret" not in str(rows)


def refused(folder: Path, content: bytes, name: str = "log.xes") -> str:
    (folder / name).write_bytes(content)
    with pytest.raises(InputError) as mistake:
        pull(process(folder, name), folder / "out")
    return str(mistake.value)


def test_broken_files_are_told(tmp_path: Path) -> None:
    whole = log(*(event("a", 1) for _ in range(2000))).replace("<trace>", "\n<trace>").encode()
    assert "log.xes, line 1" in refused(tmp_path, whole[: len(whole) // 2])
    assert "the XML is broken or cut short" in refused(tmp_path, whole.replace(b"</trace>", b"</tace>", 1))
    packed = gzip.compress(whole)
    assert "log.xes.gz: the archive is damaged" in refused(tmp_path, packed[: len(packed) // 2], "log.xes.gz")
    assert "the file is empty" in refused(tmp_path, b"")
    assert "log.xes: this is no XES log" in refused(tmp_path, b"<html><p>Not found</p></html>")
    unnamed = log(event("a", 1)).replace('<string key="concept:name" value="c1"/>', "").encode()
    assert "columns.case: there is no column 'case:concept:name'" in refused(tmp_path, unnamed)
    assert "this event is in no trace" in refused(tmp_path, f"<log>{event('a', 1)}</log>".encode())
    bomb = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    text = log(event("&j;", 1)).replace("<log", bomb + "]><log", 1)
    assert "the XML is broken" in refused(tmp_path, text.encode())


def test_preview_of_a_log(tmp_path: Path) -> None:
    (tmp_path / "log.xes").write_text(log(event("a", 1) + event("b", 2), event("a", 3)))
    shown = preview(process(tmp_path), rows=2)
    assert [row["activity"] for row in shown.rows] == ["a", "b"]
    assert (shown.tried, shown.times_read) == (3, 3)
    assert shown.columns == ("concept:name", "time:timestamp", "case:concept:name")
