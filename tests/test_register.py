"""What outlives a night: each thing is told once, whatever is run again, on SQLite and on PostgreSQL."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alert_samples import an_alert, resolved, updated
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.errors import InputError, StoreError
from mining.findings import Alert, Turn, Verdict
from mining.home import Home
from mining.register import Register, Telling, Why
from mining.register.tables import METADATA

MAIL, CHAT = "mail", "chat"
FIRST, SECOND, THIRD = date(2024, 7, 13), date(2024, 7, 14), date(2024, 7, 15)


def tell(register: Register, night: date, channel: str = MAIL) -> list[tuple[Why, str]]:
    """Send what is due, as if the channel took it."""
    tellings = register.due("orders", night, channel)
    if tellings:
        register.told("orders", night, channel, tellings, "subject", "digest")
    return [(telling.why, telling.alert.alert) for telling in tellings]


A, B = an_alert("aaaa1111"), an_alert("bbbb2222", step="Pick goods", share_of_cycle_time=0.3)


def test_an_alert_is_told_once_and_its_end_once(register: Register) -> None:
    register.take("orders", FIRST, [A])
    assert tell(register, FIRST) == [(Why.OPENED, "aaaa1111")]
    assert tell(register, FIRST) == []
    register.take("orders", SECOND, [])
    assert tell(register, SECOND) == []
    register.take("orders", THIRD, [resolved(A, "2024-07-15")])
    assert tell(register, THIRD) == [(Why.RESOLVED, "aaaa1111")]
    assert tell(register, THIRD) == []
    assert register.sent("orders") == (("2024-07-13", MAIL, "subject"), ("2024-07-15", MAIL, "subject"))


def test_the_same_night_again_repeats_nothing(register: Register) -> None:
    for _ in range(3):
        assert register.take("orders", FIRST, [A])
        tell(register, FIRST)
    assert len(register.sent("orders")) == 1
    assert [known.opened for known in register.listed("orders")] == ["2024-07-13"]


def test_a_past_night_again_changes_and_sends_nothing(register: Register) -> None:
    register.take("orders", SECOND, [updated(A, "2024-07-14")])
    before = register.listed("orders")
    assert not register.take("orders", FIRST, [A, B])
    assert register.listed("orders") == before
    assert tell(register, FIRST) == []
    assert tell(register, SECOND) == [(Why.OPENED, "aaaa1111")]


def test_what_was_not_sent_is_due_the_next_night_and_each_channel_has_its_own_account(register: Register) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST, CHAT)
    register.take("orders", SECOND, [replace_night(B, "2024-07-14")])
    assert tell(register, SECOND, CHAT) == [(Why.OPENED, "bbbb2222")]
    assert tell(register, SECOND, MAIL) == [(Why.OPENED, "bbbb2222"), (Why.OPENED, "aaaa1111")]  # most time lost first
    register.take("orders", THIRD, [resolved(A, "2024-07-15")])
    assert tell(register, THIRD, "new") == [
        (Why.OPENED, "bbbb2222")
    ]  # nobody hears the end of what they never heard of


def replace_night(alert: Alert, night: str) -> Alert:
    return Alert(**{**vars(alert), "night": night})


@pytest.mark.parametrize(
    ("told", "now", "news"),
    [(0.34, 0.50, False), (0.34, 0.52, True), (0.12, 0.21, False), (0.12, 0.23, True), (0.34, 0.10, False)],
)
def test_a_change_is_told_again_when_it_has_grown_by_half_and_ten_points(
    register: Register, told: float, now: float, news: bool
) -> None:
    register.take("orders", FIRST, [an_alert("aaaa1111", change=told)])
    tell(register, FIRST)
    register.take("orders", SECOND, [updated(A, "2024-07-14", change=now)])
    assert tell(register, SECOND) == ([(Why.UPDATED, "aaaa1111")] if news else [])


def test_slow_growth_is_measured_from_what_was_told(register: Register) -> None:
    register.take("orders", FIRST, [an_alert("aaaa1111", change=0.2)])
    heard = tell(register, FIRST)
    for day, change in ((14, 0.25), (15, 0.29), (16, 0.31), (17, 0.35)):
        register.take("orders", date(2024, 7, day), [updated(A, f"2024-07-{day}", change=change)])
        heard += tell(register, date(2024, 7, day))
    assert heard == [(Why.OPENED, "aaaa1111"), (Why.UPDATED, "aaaa1111")]
    assert [night for night, *_ in register.sent("orders")] == ["2024-07-13", "2024-07-16"]


@pytest.mark.parametrize("keys", [{"verdict": Verdict.CONGESTION}, {"step": "Ship goods"}, {"after": None}])
def test_another_verdict_or_step_is_news(register: Register, keys: dict[str, object]) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST)
    register.take("orders", SECOND, [updated(A, "2024-07-14", **keys)])
    (telling,) = register.due("orders", SECOND, MAIL)
    assert telling == Telling(Why.UPDATED, updated(A, "2024-07-14", **keys), "2024-07-13", before=A)


def test_acknowledged_is_quiet_but_for_the_end(register: Register) -> None:
    register.take("orders", FIRST, [A, B])
    tell(register, FIRST)
    known = register.acknowledge("orders", "aaaa", "Ann", "carrier on strike", datetime(2024, 7, 14, 7, tzinfo=UTC))
    assert (known.acknowledged_by, known.acknowledged_at) == ("Ann", "2024-07-14T07:00:00+00:00")
    register.take("orders", SECOND, [updated(A, "2024-07-14", change=3.0), updated(B, "2024-07-14", change=3.0)])
    assert tell(register, SECOND) == [(Why.UPDATED, "bbbb2222")]
    assert tell(register, SECOND, "new") == [(Why.OPENED, "bbbb2222")]
    register.take("orders", SECOND, [updated(A, "2024-07-14")])  # run again: what people said stays
    assert [known.note for known in register.listed("orders") if known.acknowledged_by] == ["carrier on strike"]
    register.take("orders", THIRD, [resolved(A, "2024-07-15")])
    assert tell(register, THIRD) == [(Why.RESOLVED, "aaaa1111")]


def test_what_comes_back_is_told_again_whatever_was_said_before_its_end(register: Register) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST)
    register.acknowledge("orders", "aaaa1111", "Ann")
    register.take("orders", SECOND, [resolved(A, "2024-07-14")])
    tell(register, SECOND)
    for _ in range(2):
        register.take("orders", THIRD, [updated(A, "2024-07-15")])
    assert tell(register, THIRD) == [(Why.REOPENED, "aaaa1111")]
    register.acknowledge("orders", "aaaa1111", "Bob")
    register.take("orders", THIRD, [updated(A, "2024-07-15")])
    assert [known.acknowledged_by for known in register.listed("orders")] == ["Bob"]


def test_snoozed_is_quiet_until_a_night_and_then_told_once(register: Register) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST)
    register.snooze("orders", "aaaa1111", THIRD)
    register.take("orders", SECOND, [updated(A, "2024-07-14", change=3.0)])
    assert tell(register, SECOND) == []
    register.take("orders", THIRD, [])
    assert tell(register, THIRD) == [(Why.STILL_OPEN, "aaaa1111")]
    register.take("orders", date(2024, 7, 16), [])
    assert tell(register, date(2024, 7, 16)) == []


def test_the_end_of_a_snoozed_alert_is_told_at_once(register: Register) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST)
    register.snooze("orders", "aaaa1111", date(2024, 12, 31))
    register.take("orders", SECOND, [resolved(A, "2024-07-14")])
    assert tell(register, SECOND) == [(Why.RESOLVED, "aaaa1111")]


@pytest.mark.parametrize(
    ("given", "message"),
    [("aaa", "too short"), ("cccc", "there is no alert"), ("", "too short"), ("aaaa1111x", "no alert")],
)
def test_an_alert_must_be_named_without_doubt(register: Register, given: str, message: str) -> None:
    register.take("orders", FIRST, [A])
    with pytest.raises(InputError, match=message):
        register.acknowledge("orders", given, "Ann")
    with pytest.raises(InputError, match="there is no alert"):
        register.acknowledge("tickets", "aaaa1111", "Ann")
    with pytest.raises(InputError, match="2024-07-13 has told of it"):
        register.snooze("orders", "aaaa1111", FIRST)
    assert [(known.acknowledged_by, known.snoozed_until) for known in register.listed("orders")] == [(None, None)]


def test_a_night_run_again_with_other_data_takes_back_what_it_had_said(register: Register) -> None:
    register.take("orders", FIRST, [A])
    tell(register, FIRST)
    register.take("orders", FIRST, [B])
    assert tell(register, FIRST) == [(Why.OPENED, "bbbb2222"), (Why.WITHDRAWN, "aaaa1111")]
    register.take("orders", FIRST, [A])
    assert tell(register, FIRST) == [(Why.OPENED, "aaaa1111"), (Why.WITHDRAWN, "bbbb2222")]


def test_a_night_run_again_can_take_back_an_end(register: Register) -> None:
    register.take("orders", FIRST, [A])
    register.take("orders", SECOND, [resolved(A, "2024-07-14")])
    assert register.listed("orders") == ()
    register.take("orders", SECOND, [])
    assert [known.alert for known in register.listed("orders")] == [A]
    assert tell(register, SECOND) == [(Why.OPENED, "aaaa1111")]


def test_what_later_data_do_not_show_is_taken_back_and_may_return(register: Register) -> None:
    register.take("orders", FIRST, [A, B], still_open=[A, B])
    tell(register, FIRST)
    register.take("orders", SECOND, [], still_open=[B])
    assert tell(register, SECOND) == [(Why.WITHDRAWN, "aaaa1111")]
    register.take("orders", SECOND, [], still_open=[A, B])
    assert tell(register, SECOND) == [(Why.OPENED, "aaaa1111")]


def test_an_alert_that_late_data_give_another_id_goes_on_in_silence(register: Register) -> None:
    register.take("orders", FIRST, [A], still_open=[A])
    tell(register, FIRST)
    register.acknowledge("orders", "aaaa1111", "Ann")
    moved = an_alert("eeee5555", night="2024-07-12", since="2024-07-07")
    register.take("orders", SECOND, [], still_open=[moved])
    assert tell(register, SECOND) == []
    assert [(k.alert.alert, k.opened, k.acknowledged_by) for k in register.listed("orders")] == [
        ("eeee5555", "2024-07-13", "Ann")
    ]
    register.take("orders", SECOND, [], still_open=[A])  # and back
    assert tell(register, SECOND) == []
    register.take("orders", THIRD, [resolved(A, "2024-07-15")], still_open=[])
    assert tell(register, THIRD) == [(Why.RESOLVED, "aaaa1111")]


def test_an_alert_of_another_step_is_no_heir(register: Register) -> None:
    register.take("orders", FIRST, [A], still_open=[A])
    tell(register, FIRST)
    register.take("orders", FIRST, [B], still_open=[B])
    assert tell(register, FIRST) == [(Why.OPENED, "bbbb2222"), (Why.WITHDRAWN, "aaaa1111")]


def test_an_end_that_later_data_do_not_show_is_no_end(register: Register) -> None:
    register.take("orders", FIRST, [A], still_open=[A])
    register.take("orders", SECOND, [resolved(A, "2024-07-14")], still_open=[])
    assert register.listed("orders") == ()
    register.take("orders", THIRD, [], still_open=[A])
    assert [known.alert for known in register.listed("orders")] == [A]


def test_a_failed_night_is_an_alert_and_the_next_good_one_its_end(register: Register) -> None:
    register.started("orders", FIRST)
    register.failed("orders", FIRST, "Step pull: the database is down, tried for 31 s")
    ((why, identity),) = tell(register, FIRST)
    assert why == Why.OPENED
    register.failed("orders", SECOND, "Step pull: the database is down, tried for 28 s")
    assert tell(register, SECOND) == []  # the same trouble
    register.failed("orders", SECOND, "Step validate: 3 rows without a time")
    assert tell(register, SECOND) == [(Why.UPDATED, identity)]
    (known,) = register.listed("orders")
    assert (known.alert.verdict, known.alert.since, known.alert.night) == (Verdict.DATA, "2024-07-13", "2024-07-14")
    register.finished("orders", FIRST)  # played again: the night after it is still missing
    assert tell(register, SECOND) == []
    register.finished("orders", SECOND)
    register.take("orders", SECOND, [])
    assert tell(register, SECOND) == [(Why.RESOLVED, identity)]
    assert [(run.night, run.failed) for run in register.runs("orders")] == [("2024-07-13", None), ("2024-07-14", None)]


def test_what_names_a_case_can_be_struck_out(register: Register) -> None:
    for night in (FIRST, SECOND):
        register.failed("orders", night, "Step validate: closed\n- No time: case 4711, row 3\n- No step: case 4712")
    register.failed("tickets", FIRST, "Step validate: case 4711")
    tell(register, SECOND)
    assert (
        register.strike("orders", lambda line: "4711" in line, "(erased)") == 6
    )  # two runs, an alert, two turns, told
    (known,) = register.listed("orders")
    assert known.alert.note == "Step validate: closed\n(erased)\n- No step: case 4712"
    assert {run.failed for run in register.runs("orders")} == {known.alert.note}
    assert [run.failed for run in register.runs("tickets")] == ["Step validate: case 4711"]
    assert tell(register, SECOND) == []
    with register.engine.begin() as db:
        kept = [str(db.execute(sa.select(table)).all()) for table in METADATA.sorted_tables]
    assert sum(text.count("4711") for text in kept) == 3  # of the other process: its run, its alert, its turn
    assert register.strike("orders", lambda line: "4711" in line, "(erased)") == 0


def test_mining_does_not_take_back_the_alert_of_a_failed_night(register: Register) -> None:
    register.failed("orders", SECOND, "Step pull: down")
    register.take("orders", SECOND, [], still_open=[])
    assert [known.alert.verdict for known in register.listed("orders")] == [Verdict.DATA]


def test_a_past_or_published_night_that_fails_is_no_alert(register: Register) -> None:
    register.finished("orders", SECOND)
    register.failed("orders", FIRST, "Step pull: down")
    register.failed("orders", SECOND, "Step publish: the disk is full")
    assert register.listed("orders") == ()
    assert register.last_finished("orders") == SECOND


def test_processes_do_not_meet(register: Register) -> None:
    register.take("orders", SECOND, [A])
    register.take("tickets", FIRST, [an_alert("cccc3333", process="tickets")])
    register.failed("tickets", FIRST, "Step pull: down")
    assert tell(register, SECOND) == [(Why.OPENED, "aaaa1111")]
    assert len(register.due("tickets", FIRST, MAIL)) == 2


TURNS = st.sampled_from(list(Turn))
NIGHTS = st.lists(
    st.tuples(
        st.integers(0, 1),  # nights forward; 0: the same night again
        st.dictionaries(st.sampled_from(["aaaa", "bbbb", "cccc"]), st.tuples(TURNS, st.sampled_from([0.2, 0.5, 1.0]))),
        st.booleans(),  # the channel takes messages
        st.sampled_from(["", "", "aaaa", "bbbb"]),  # acknowledged
    ),
    max_size=14,
)


@settings(max_examples=30, deadline=None)
@given(nights=NIGHTS)
def test_whatever_is_run_each_channel_hears_a_story_that_makes_sense(
    nights: list[tuple[int, dict[str, tuple[Turn, float]], bool, str]],
) -> None:
    register, day, heard = Register.open(Home(Path("nowhere")), "sqlite://"), FIRST.toordinal(), {}
    for forward, turns, takes, acknowledged in nights:
        day += forward
        night = date.fromordinal(day)
        said = [
            updated(an_alert(name, step=name), night.isoformat(), change=change) for name, (_, change) in turns.items()
        ]
        alerts = [Alert(**{**vars(alert), "event": turns[alert.alert][0]}) for alert in said]
        register.take("orders", night, alerts)
        assert not register.take("orders", date.fromordinal(day - 1), [])
        if any(known.alert.alert == acknowledged for known in register.listed("orders", closed=True)):
            register.acknowledge("orders", acknowledged, "Ann")
        for why, name in tell(register, night) if takes else []:
            over = heard.get(name) in (None, Why.RESOLVED, Why.WITHDRAWN)
            assert (why in (Why.OPENED, Why.REOPENED)) == over
            assert (why == Why.REOPENED) == (heard.get(name) == Why.RESOLVED)
            heard[name] = why
        if takes:
            assert register.due("orders", night, MAIL) == ()
            open_now = {known.alert.alert for known in register.listed("orders") if not known.acknowledged_by}
            thought = {name for name, why in heard.items() if why not in (Why.RESOLVED, Why.WITHDRAWN)}
            acknowledged_now = {known.alert.alert for known in register.listed("orders") if known.acknowledged_by}
            assert open_now <= thought <= open_now | acknowledged_now
    register.engine.dispose()


def test_migrations_make_the_tables_of_the_code(register: Register) -> None:
    with register.engine.begin() as db:
        assert compare_metadata(MigrationContext.configure(db), METADATA) == []


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    home = Home(tmp_path / "a % home")
    Register.open(home).take("orders", FIRST, [A])
    assert [known.alert for known in Register.open(home).listed("orders")] == [A]
    assert (home.root / "register.sqlite").is_file()


def _open_and_write(root: str, number: int) -> None:
    register = Register.open(Home(Path(root)))
    for night in range(1, 6):
        register.take(
            f"process_{number}", date(2024, 7, night), [an_alert(f"{number}-{night}", process=f"process_{number}")]
        )


def test_many_processes_may_open_and_write_a_register_at_the_same_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=_open_and_write, args=(str(tmp_path / "home"), number)) for number in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0] * 4
    register = Register.open(Home(tmp_path / "home"))
    assert [len(register.listed(f"process_{number}")) for number in range(4)] == [5] * 4


def test_a_register_of_a_newer_headrace_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Register.open(home).engine.begin() as db:
        db.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreError, match=r"register\.sqlite: a newer Headrace made this register \(9999\)"):
        Register.open(home)


def test_a_register_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="the register cannot be used") as failed:
        Register.open(Home(tmp_path), "postgresql://miner:topsecret@127.0.0.1:1/headrace?connect_timeout=2")
    assert "topsecret" not in str(failed.value)
    for wrong in ("topsecret", "nosuch://x:topsecret@y/z"):
        monkeypatch.setenv("HEADRACE_REGISTER", wrong)
        with pytest.raises(InputError, match="HEADRACE_REGISTER: this is no database") as refused:
            Register.open(Home(tmp_path))
        assert "topsecret" not in str(refused.value)
    (tmp_path / "register.sqlite").write_bytes(b"this is no database, but long enough to be read as one" * 20)
    monkeypatch.delenv("HEADRACE_REGISTER")
    with pytest.raises(StoreError, match=r"register\.sqlite: the register cannot be used: file is not a database"):
        Register.open(Home(tmp_path))


def test_missing_nights_are_one_alert_that_ends_with_the_newest(register: Register) -> None:
    register.finished("orders", FIRST)
    register.missed("orders", SECOND, "Step start: nothing")
    register.missed("orders", SECOND, "Step start: nothing still")
    ((why, identity),) = tell(register, SECOND)
    assert why == Why.OPENED
    assert [run.night for run in register.runs("orders")] == ["2024-07-13"]  # there was no run
    register.missed("orders", THIRD, "Step start: nothing")
    assert tell(register, THIRD) == []
    register.finished("orders", THIRD)
    assert tell(register, THIRD) == [(Why.RESOLVED, identity)]
