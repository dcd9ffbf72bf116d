"""Events from SQL: the cursor, types and mistakes, on SQLite and on a PostgreSQL that runs for these tests alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from mining.errors import InputError
from mining.process import Process
from mining.sources import preview, pull

QUERY = "SELECT order_no, step, at, changed_at FROM events WHERE changed_at >= :since ORDER BY changed_at, order_no"


def process(connection: str, **changes: Any) -> Process:
    sql = {"connection": connection, "query": QUERY, "cursor": "changed_at"} | changes.pop("sql", {})
    columns = {"case": "order_no", "activity": "step", "completed": "at"} | changes.pop("columns", {})
    return Process.model_validate(
        {"process": "orders", "title": "Orders", "source": {"sql": sql}, "columns": columns} | changes
    )


def events(path: Path, what: str = "case_id, activity, completed") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {what} FROM read_parquet(?) ORDER BY row", [str(path)]).fetchall()


def fill(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/orders.db"
    fill(
        url,
        "CREATE TABLE events (order_no INTEGER, step TEXT, at TEXT, changed_at TEXT, version INTEGER)",
        "INSERT INTO events VALUES (1, 'Enter', '2024-03-01 08:00:00', '2024-03-01 08:00:05', 1)",
        "INSERT INTO events VALUES (1, 'Pack', '2024-03-02 09:00:00', '2024-03-02 09:00:05', 2)",
    )
    return url


@pytest.fixture
def orders_in_postgres(postgres: str) -> str:
    fill(
        postgres.replace("postgresql:", "postgresql+psycopg:"),
        "DROP TABLE IF EXISTS events",
        "CREATE TABLE events (order_no numeric(12), step text, at timestamptz, changed_at timestamptz, plain timestamp,"
        " version integer, price numeric(9, 2), tags text[], extra jsonb, id uuid)",
        "INSERT INTO events VALUES (1, 'Enter', '2024-03-01 08:00+01', '2024-03-01 08:00:05.25+01', '2024-03-01 08:00',"
        " 1, 12.50, '{a,b}', '{\"vip\": true}', '6f1c1f4e-52d2-4b7a-9d0f-2a8f5d8f1f00')",
        "INSERT INTO events VALUES (1, 'Pack', '2024-03-02 09:00+01', '2024-03-02 09:00:05+01', '2024-03-02 09:00', 2)",
    )
    return postgres


def test_sqlite_cursor_brings_only_what_is_new(sqlite: str, tmp_path: Path) -> None:
    orders = process(sqlite, timezone="Europe/Berlin")
    first = pull(orders, tmp_path / "1")
    assert first.rows == 2
    assert first.cursor == "2024-03-02 09:00:05"
    assert events(first.path) == [
        ("1", "Enter", datetime(2024, 3, 1, 7, 0, tzinfo=UTC)),
        ("1", "Pack", datetime(2024, 3, 2, 8, 0, tzinfo=UTC)),
    ]
    fill(sqlite, "INSERT INTO events VALUES (1, 'Ship', '2024-03-03 10:00:00', '2024-03-03 10:00:05', 3)")
    second = pull(orders, tmp_path / "2", since=first.cursor)
    assert [activity for _, activity, _ in events(second.path)] == ["Pack", "Ship"]
    third = pull(orders, tmp_path / "3", since="2025-01-01")
    assert (third.rows, third.cursor, events(third.path)) == (0, "2025-01-01", [])


def test_sqlite_number_as_cursor(sqlite: str, tmp_path: Path) -> None:
    """Also where SQLite knows no type for the column: a text would be above every number there, and nothing come."""
    query = "SELECT *, version + 0 AS v FROM events WHERE version + 0 >= :since"
    orders = process(sqlite, timezone="UTC", sql={"query": query, "cursor": "v"})
    first = pull(orders, tmp_path / "1")
    assert (first.rows, first.cursor) == (2, "2")
    assert pull(orders, tmp_path / "2", since=first.cursor).rows == 1


def test_postgres_cursor_brings_only_what_is_new(orders_in_postgres: str, tmp_path: Path) -> None:
    orders = process(orders_in_postgres)
    first = pull(orders, tmp_path / "1")
    assert (first.rows, first.cursor) == (2, "2024-03-02T08:00:05+00:00")
    assert events(first.path)[0] == ("1", "Enter", datetime(2024, 3, 1, 7, 0, tzinfo=UTC))
    second = pull(orders, tmp_path / "2", since=first.cursor)
    assert [activity for _, activity, _ in events(second.path)] == ["Pack"]


@pytest.mark.parametrize(("column", "cursor"), [("plain", "2024-03-02T09:00:00"), ("step", "Pack")])
def test_postgres_cursor_of_other_types(orders_in_postgres: str, tmp_path: Path, column: str, cursor: str) -> None:
    query = f"SELECT * FROM events WHERE {column} >= :since"
    orders = process(orders_in_postgres, sql={"query": query, "cursor": column})
    first = pull(orders, tmp_path / "1")
    assert (first.rows, first.cursor) == (2, cursor)
    assert pull(orders, tmp_path / "2", since=first.cursor).rows == 1


def test_postgres_number_as_cursor(orders_in_postgres: str, tmp_path: Path) -> None:
    query = "SELECT * FROM events WHERE version >= :since"
    orders = process(orders_in_postgres, sql={"query": query, "cursor": "version"})
    first = pull(orders, tmp_path / "1")
    assert (first.rows, first.cursor) == (2, "2")
    assert pull(orders, tmp_path / "2", since="2").rows == 1


def test_postgres_types_arrive_as_they_are(orders_in_postgres: str, tmp_path: Path) -> None:
    query = "SELECT * FROM events WHERE changed_at >= :since ORDER BY changed_at"
    found = pull(process(orders_in_postgres, sql={"query": query}, columns={"order": "version"}), tmp_path)
    what = '"source.price", "source.version", order_key, "source.tags", "source.extra", "source.id", "source.plain"'
    assert events(found.path, what)[0] == (
        "12.50", 1, 1.0, '["a", "b"]', '{"vip": true}', "6f1c1f4e-52d2-4b7a-9d0f-2a8f5d8f1f00", datetime(2024, 3, 1, 8),
    )  # fmt: skip


def test_postgres_time_without_zone_is_refused_unless_declared(orders_in_postgres: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sql, row 1, column 'plain'.*add `timezone: "):
        pull(
            process(orders_in_postgres, sql={"query": "SELECT * FROM events"}, columns={"completed": "plain"}), tmp_path
        )


def test_until_ends_the_night(sqlite: str, orders_in_postgres: str, tmp_path: Path) -> None:
    query = QUERY.replace("ORDER BY", "AND changed_at < :until ORDER BY")
    for number, url in enumerate((sqlite, orders_in_postgres)):
        orders = process(url, timezone="Europe/Berlin", sql={"query": query})
        night = datetime(2024, 3, 1, 23, tzinfo=UTC)  # midnight in Berlin
        assert pull(orders, tmp_path / f"{number}", until=night).rows == 1
        assert pull(orders, tmp_path / f"{number}-all").rows == 2


def test_many_rows_come_in_batches_whose_types_change(tmp_path: Path) -> None:
    """A column that is null at first, then a number, then a text, keeps every value."""
    url = f"sqlite:///{tmp_path}/many.db"
    fill(
        url,
        "CREATE TABLE events AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69999) "
        "SELECT i AS order_no, 'Enter' AS step, '2024-03-01T08:00:00Z' AS at, i AS changed_at, "
        "CASE WHEN i < 30000 THEN NULL WHEN i < 50000 THEN i ELSE 'x' || i END AS mixed FROM n",
    )
    found = pull(process(url, sql={"query": "SELECT * FROM events ORDER BY order_no"}), tmp_path / "out")
    assert (found.rows, found.cursor) == (70_000, "69999")
    rows = events(found.path, 'case_id, row, "source.mixed"')
    assert rows == [(str(i), i + 1, None if i < 30_000 else str(i) if i < 50_000 else f"x{i}") for i in range(70_000)]


def test_connection_named_in_the_environment(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_DB", sqlite)
    assert pull(process("orders_db", timezone="UTC"), tmp_path / "out").rows == 2


@pytest.mark.airflow
def test_connection_kept_by_airflow(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("airflow.sdk")
    file = sqlite.removeprefix("sqlite:///")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_DB", f'{{"conn_type": "sqlite", "host": "{file}"}}')
    assert pull(process("orders_db", timezone="UTC"), tmp_path / "out").rows == 2


def test_mistakes_are_told_without_the_password(sqlite: str, tmp_path: Path) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        (sqlite, {"query": "SELECT * FROM orders"}, "no such table: orders"),
        (sqlite, {"cursor": "changed"}, "gives no column 'changed'; it gives 'order_no', 'step', 'at', 'changed_at'"),
        (sqlite, {"query": "SELECT *, step AS Step FROM events"}, "two columns are called 'step' and 'Step'"),
        (sqlite, {"query": "SELECT * FROM events WHERE at > :sinse"}, "'sinse'"),
        ("postgresql://u:secret@127.0.0.1:1/x", {}, "the database answers"),
        ("nonsense://u:secret@h/x", {}, "a URL looks like postgresql://"),
        ("sqlite:////nowhere/at/all.db", {}, "unable to open database file"),
    ]
    for url, sql, told in cases:
        with pytest.raises(InputError) as mistake:
            pull(process(url, timezone="UTC", sql=sql), tmp_path / "out")
        assert told in str(mistake.value)
        assert "secret" not in str(mistake.value)


def test_preview_of_sql(sqlite: str) -> None:
    shown = preview(process(sqlite, timezone="UTC"), rows=1)
    assert shown.rows[0]["activity"] == "Enter"
    assert (shown.tried, shown.times_read, len(shown.rows)) == (2, 2, 1)
    assert shown.columns == ("order_no", "step", "at", "changed_at")
