"""Events from CSV and Parquet: what arrives, what is refused, and that nothing is lost or harmed on the way."""

import csv
import gzip
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.errors import InputError
from mining.process import Process
from mining.sources import preview, pull

HEADER = "case,activity,at\n"
COLUMNS = {"case": "case", "activity": "activity", "completed": "at"}


def process(folder: Path, files: str, **changes: Any) -> Process:
    source = {"files": files} | changes.pop("source", {})
    given = {"process": "p", "title": "P", "source": source, "columns": COLUMNS, "timezone": "UTC", "folder": folder}
    return Process.model_validate(given | changes)


def events(path: Path, what: str = "case_id, activity, completed") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {what} FROM read_parquet(?)", [str(path)]).fetchall()


def pulled(folder: Path, text: str | bytes, what: str = "case_id, activity, completed", **changes: Any) -> Any:
    (folder / "log.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return events(pull(process(folder, "log.csv", **changes), folder / "out").path, what)


def refused(folder: Path, text: str | bytes, name: str = "log.csv", **changes: Any) -> str:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as mistake:
        pull(process(folder, name, **changes), folder / "out")
    assert not (folder / "out" / "unpacked").exists()
    return str(mistake.value)


def test_columns_of_an_event(tmp_path: Path) -> None:
    text = (
        "case;activity;at;from;who;no;At Noon\n"
        " 7 ;Pack\u00a0;2024-03-01 09:00;2024-03-01 08:00Z; Ann ;10; kept as it is \n"
        "7;?;soon;;?;;\n"
    )
    columns = COLUMNS | {"started": "from", "resource": "who", "order": "no"}
    assert pulled(tmp_path, text, "*", columns=columns, resources="shown") == [
        ("7", "Pack", datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2024, 3, 1, 8, tzinfo=UTC), "Ann", 10.0,
         "log.csv", 1,
         " 7 ", "Pack\u00a0", "2024-03-01 09:00", "2024-03-01 08:00Z", " Ann ", "10", " kept as it is "),
        ("7", None, None, None, None, None, "log.csv", 2, "7", "?", "soon", None, "?", None, None),
    ]  # fmt: skip


def test_declared_texts_for_no_value(tmp_path: Path) -> None:
    text = HEADER + "N/A,Pack,N/A\n?,x,-\n"
    times = {"missing": ["N/A", "-"]}
    assert pulled(tmp_path, text, times=times) == [(None, "Pack", None), ("?", "x", None)]


def test_kinds_of_csv_files_give_the_same_events(tmp_path: Path) -> None:
    text = (HEADER + 'ü1,"first\nsecond, ""third""",2024-03-01\n').encode()
    with zipfile.ZipFile(tmp_path / "c.csv.zip", "w") as archive:
        archive.writestr("data/c.csv", text)
        archive.writestr("__MACOSX/data/._c.csv", b"\x00\x05")
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.replace(b"\n", b"\n")))
    expected = ("ü1", 'first\nsecond, "third"', datetime(2024, 3, 1, tzinfo=UTC))
    for name in ("a.csv", "b.csv.gz", "c.csv.zip"):
        found = pull(process(tmp_path, name), tmp_path / "out")
        assert events(found.path) == [expected], name
        assert [(i.name, i.rows, len(i.sha256)) for i in found.inputs] == [(name, 1, 64)]
        assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["pulled.parquet"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252"])
def test_declared_encodings(tmp_path: Path, encoding: str) -> None:
    text = (HEADER + "1,Prüfen,2024-03-01\n").encode(encoding)
    assert pulled(tmp_path, text, source={"encoding": encoding})[0][1] == "Prüfen"


def test_line_break_in_a_quoted_name_is_no_end_of_a_line(tmp_path: Path) -> None:
    for end in ("\n", "\r\n"):
        text = end.join(['case,activity,at,"how\nmuch"', "1,Pack,2024-03-01,5", '2,"a\nb",2024-03-01,6', ""])
        assert pulled(tmp_path, text, 'activity, "source.how\nmuch"') == [("Pack", "5"), ("a\nb", "6")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str) -> None:
    for end in ("\n", "\r\n"):
        text = end.join(delimiter.join(row) for row in (["case", "activity", "at"], ["1", "a b", "2024-03-01"]))
        assert [row[:2] for row in pulled(tmp_path, text)] == [("1", "a b")]


def test_files_of_a_pattern_come_in_order_of_their_names_and_may_differ(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "2.csv").write_text(HEADER.strip() + ",channel\n2,b,2024-03-02,web\n")
    (landing / "1.csv").write_text(HEADER.strip() + ",region\n1,a,2024-03-01,north\n1,c,2024-03-01,south\n")
    with duckdb.connect() as connection:
        target = str(landing / "3.parquet")
        connection.execute(
            f"COPY (SELECT 3 AS 'case', 'd' AS activity, TIMESTAMPTZ '2024-03-03 00:00Z' AS at) TO '{target}'"
        )
    found = pull(process(tmp_path, "landing/*", segments=["region"]), tmp_path / "out")
    assert events(found.path, 'case_id, file, row, "source.region", "source.channel"') == [
        ("1", "1.csv", 1, "north", None),
        ("1", "1.csv", 2, "south", None),
        ("2", "2.csv", 1, None, "web"),
        ("3", "3.parquet", 1, None, None),
    ]
    assert [(i.name, i.rows) for i in found.inputs] == [("1.csv", 2), ("2.csv", 1), ("3.parquet", 1)]


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(HEADER + "1,a,2024-03-01\n")
    first = pull(process(tmp_path, "*.csv"), tmp_path / "out")
    (tmp_path / "2.csv").write_text(HEADER + "2,a,2024-03-01\n")
    (tmp_path / "copy of 1.csv").write_text(HEADER + "1,a,2024-03-01\n")
    seen = {i.sha256 for i in first.inputs}
    second = pull(process(tmp_path, "*.csv"), tmp_path / "out", already=seen)
    assert events(second.path, "case_id, file") == [("2", "2.csv")]
    third = pull(process(tmp_path, "*.csv"), tmp_path / "out", already=seen | {i.sha256 for i in second.inputs})
    assert (third.rows, third.inputs, events(third.path, "case_id, activity, completed, started, row")) == (0, (), [])


def test_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    rows = "".join(f"{i % 977},step {i % 7},2024-03-01 00:00:{i % 60:02}\n" for i in range(300_000))
    (tmp_path / "log.csv").write_text(HEADER + rows)
    out = [pull(process(tmp_path, "log.csv"), tmp_path / name).path for name in ("one", "two")]
    assert out[0].read_bytes() == out[1].read_bytes()
    assert events(out[0], "count(*), bool_and(case_id = ((row - 1) % 977)::VARCHAR)") == [(300_000, True)]


def test_header_only_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEADER)
    found = pull(process(tmp_path, "log.csv"), tmp_path / "out")
    assert (found.rows, found.inputs[0].rows, events(found.path)) == (0, 0, [])


def test_hostile_names_pass_unharmed(tmp_path: Path) -> None:
    names = [
        "<script>alert(1)</script>",
        'it\'s "quoted"',
        "two\nlines",
        "مرحبا بالعالم",
        "订单,处理",
        "x" * 300,
        "'; DROP TABLE x --",
        "a.b",
    ]
    with (tmp_path / "it's [1] *.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "activity", 'when "at".x', "source.y", "file", "row", "text", "aware", *names])
        writer.writerows([[n, name, "2024-03-01", "s", "f", "r", "t", "a", *names] for n, name in enumerate(names)])
    columns = {"case": "case", "activity": "activity", "completed": 'when "at".x'}
    found = pull(process(tmp_path, "it's [1] *.csv", columns=columns), tmp_path / "out")
    assert [row[0] for row in events(found.path, "activity")] == names
    assert events(found.path, '"source.file", file, "source.source.y"')[0] == ("f", "it's [1] *.csv", "s")
    assert preview(process(tmp_path, "it's [1] *.csv", columns=columns)).columns[-len(names) :] == tuple(names)


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=20))
def test_any_text_comes_through_a_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("case", "activity", "at"), *rows])
    found = pulled(folder, text.getvalue(), '"source.case", "source.activity", "source.at"')
    assert found == [tuple(cell or None for cell in row) for row in rows]


def test_parquet_keeps_types_and_wants_a_zone_for_wall_clock_times(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 12 AS \"case\", 'a' AS activity, TIMESTAMP '2024-07-01 12:00' AS at, 1.5 AS price, "
            "[1, 2] AS list) "
            f"TO '{tmp_path / 'log.parquet'}'"
        )
    found = pull(process(tmp_path, "log.parquet", timezone="Europe/Berlin"), tmp_path / "out")
    assert events(found.path) == [("12", "a", datetime(2024, 7, 1, 10, tzinfo=UTC))]
    assert events(found.path, 'typeof("source.price"), "source.list", "source.at"') == [
        ("DECIMAL(2,1)", [1, 2], datetime(2024, 7, 1, 12))
    ]
    with pytest.raises(InputError, match=r"log.parquet, row 1, column 'at': '2024-07-01 12:00:00' has no offset"):
        pull(process(tmp_path, "log.parquet", timezone=None), tmp_path / "out")


def test_time_without_zone_is_refused_with_its_place(tmp_path: Path) -> None:
    text = HEADER + "1,a,2024-03-01T08:00Z\n1,b,not a time\n1,c,2024-03-01 09:00\n1,d,2024-03-01 10:00\n"
    told = refused(tmp_path, text, timezone=None)
    assert told.startswith("log.csv, row 3, column 'at': '2024-03-01 09:00' has no offset")
    assert "add `timezone: Europe/Berlin`" in told
    assert [row[2] is None for row in pulled(tmp_path, text)] == [False, True, False, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "log.csv: the file is empty (0 bytes)"),
        (b"\n\n", "log.csv, line 1: the first line must name the columns"),
        (HEADER + "1,a\n", "log.csv: CSV Error on Line: 2 Original Line: 1,a Expected Number of Columns: 3 Found: 2"),
        (HEADER + '1,"a,b\n', "unterminated quote"),
        (HEADER + "1,a,b\r\n2,c,d\n", "line breaks outside quotes are not the same everywhere"),
        ("case,activity,at,At\n", "log.csv: two columns are called 'at' and 'At'"),
        ("case,Activities,at\n1,a,b\n", "columns.activity: there is no column 'activity'; did you mean 'Activities'?"),
        (HEADER.encode("utf-16"), "log.csv, line 1: byte 0 (0xff) is not utf-8; write `source: {encoding: utf-16"),
        (HEADER.encode() + b"1,a,x\n2,M\xfcller,x\n", "line 3: byte 26 (0xfc) is not utf-8; write `source:"),
        (HEADER.encode() + b"1,a,x\n" * 300_000 + b"2,\xff,x\n", "log.csv, line 300002: byte 1800019 (0xff)"),
    ],
)  # fmt: skip
def test_mistakes_in_a_csv(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in refused(tmp_path, text)


def test_mistakes_in_other_files(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + "1,a,2024-03-01\n" * 1000).encode())
    assert "log.csv.gz: the archive is damaged or cut short" in refused(tmp_path, whole[:-20], "log.csv.gz")
    assert "damaged" in refused(tmp_path, b"not gzip", "log.csv.gz")
    assert "log.zip: the archive is damaged" in refused(tmp_path, b"PK\x03\x04 not a zip", "log.zip")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as several:
        several.writestr("a.csv", HEADER)
        several.writestr("b.csv", HEADER)
    assert "must hold exactly one .csv file" in refused(tmp_path, archive.getvalue(), "log.csv.zip")
    assert "log.parquet: this is not a whole Parquet file" in refused(tmp_path, b"PAR1 cut", "log.parquet")
    assert "log.xlsx: this kind of file cannot be read" in refused(tmp_path, b"x", "log.xlsx")


def test_mistakes_in_the_process_file(tmp_path: Path) -> None:
    text = HEADER + "1,a,2024-03-01\n2,first,2024-03-01\n"
    order = refused(tmp_path, text, columns=COLUMNS | {"order": "activity"})
    assert order.startswith("log.csv, row 1, column 'activity': 'a' is not a number")
    segment = refused(tmp_path, text, segments=["regoin"])
    assert segment.startswith("the source: segments: there is no column 'regoin'. There are: 'case', 'activity', 'at'")
    assert "source.encoding: 'utf-9' is not an encoding" in refused(tmp_path, text, source={"encoding": "utf-9"})
    with pytest.raises(InputError, match=r"no file matches 'landing/\*.csv'"):
        pull(process(tmp_path, "landing/*.csv"), tmp_path / "out")
    with pytest.raises(InputError, match=r"times.format: '%Q'"):
        pull(process(tmp_path, "log.csv", times={"format": "%Q"}), tmp_path / "out")


def test_preview_says_what_it_could_read(tmp_path: Path) -> None:
    rows = "".join(f"{i},a,{'soon' if i % 4 == 0 else '2024-03-01'}\n" for i in range(5000))
    (tmp_path / "log.csv").write_text(HEADER + rows)
    shown = preview(process(tmp_path, "log.csv"), rows=2)
    assert [row["case_id"] for row in shown.rows] == ["0", "1"]
    assert shown.rows[1] == {
        "case_id": "1", "activity": "a", "completed": "2024-03-01 00:00:00+00", "started": "", "resource": "",
        "order_key": "", "file": "log.csv", "row": "2",
    }  # fmt: skip
    assert (shown.tried, shown.times_read, shown.unread_examples) == (1000, 750, ("soon",))
    assert shown.columns == ("case", "activity", "at")
