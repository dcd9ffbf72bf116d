"""Messages that really go out: to a web server and a mail server of the tests' own, which sometimes refuse."""

from __future__ import annotations

import email
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from alert_samples import HARM, an_alert, resolved, updated
from conftest import a_process
from lxml import etree
from typer.testing import CliRunner

from mining.alerts import as_line
from mining.alerts.channels import Patience
from mining.alerts.telling import send_trial, tell_failure, tell_night
from mining.commands import alerts as alert_commands
from mining.commands.alerts import app, watch
from mining.errors import InputError, StoreError
from mining.findings import Alert
from mining.home import Home
from mining.process import Process
from mining.register import Register

SOON = Patience(retries=2, wait_s=0.01)
FIRST, SECOND, THIRD = date(2024, 7, 13), date(2024, 7, 14), date(2024, 7, 15)
A = an_alert()


@dataclass
class Sink:
    """A web server that takes messages, or refuses so many of them."""

    server: ThreadingHTTPServer
    got: list[tuple[str, str, bytes]] = field(default_factory=list)  # path, kind, body
    refuse: int = 0  # so many of the next ones
    asked: int = 0
    pause_s: float = 0.0  # before it answers

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def taken(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(body) for where, _, body in self.got if where == path]


@pytest.fixture
def sink() -> Iterator[Sink]:
    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.asked += 1
            time.sleep(sink.pause_s)
            if sink.refuse:
                sink.refuse -= 1
                self.send_error(503)
                return
            sink.got.append((self.path, self.headers["Content-Type"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        sink = Sink(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield sink
        server.shutdown()


@dataclass
class Post:
    """A mail server that takes mails, but not for recipients whose name begins with `no`."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("no"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails += [(address, mail) for address in envelope.rcpt_tos]
        return "250 OK"


@pytest.fixture
def post() -> Iterator[Post]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    post = Post(port)
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    yield post
    controller.stop()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def owned(*notify: str, **keys: Any) -> Process:
    owner = {"name": "Order desk", "notify": notify}
    return a_process(title="Order handling", owner=owner, site="https://mill.example.com/nights/", **keys)


def told(process: Process, night: date, alerts: list[Alert], home: Home) -> int:
    return tell_night(process, night, alerts, home, patience=SOON)


def test_a_webhook_gets_json_with_exact_names_and_numbers(sink: Sink, home: Home) -> None:
    alert = an_alert(step=HARM, segment={HARM: HARM})
    assert told(owned(f"json://{sink.address}/hook"), FIRST, [alert], home) == 1
    (body,) = sink.taken("/hook")
    assert body["type"] == "warning"
    assert body["title"].startswith("Order handling: “<script>alert('x')</script> @\u200beveryone")
    said = body["headrace"]
    assert (said["headrace"], said["process"], said["night"], said["owner"]) == (
        1,
        "orders",
        "2024-07-13",
        "Order desk",
    )
    assert said["page"] == "https://mill.example.com/nights/orders/2024-07-13/index.html"
    assert said["text"] == body["message"]
    (line,) = said["alerts"]
    assert line["why"] == "opened"
    assert line["step"] == HARM
    assert line["segment"] == {HARM: HARM}
    assert {key: line[key] for key in as_line(alert)} == as_line(alert)
    assert line["decomposition"]["cases"] == 1431


def test_a_mail_has_a_subject_and_two_bodies_that_both_hold_the_link(post: Post, home: Home) -> None:
    url = (
        f"mailto://127.0.0.1:{post.port}/?from=headrace@mill.example&to=ann@mill.example,bob@mill.example&mode=insecure"
    )
    assert told(owned(url), FIRST, [an_alert(step=HARM)], home) == 1
    assert sorted(address for address, _ in post.mails) == ["ann@mill.example", "bob@mill.example"]
    mail = post.mails[0][1]
    assert mail["Subject"].startswith("Order handling: “<script>alert('x')</script> @\u200beveryone")
    assert mail["Bcc"] is None  # the name held a line of its own
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    page = "https://mill.example.com/nights/orders/2024-07-13/index.html"
    assert page in plain.get_content()
    assert f'href="{page}"' in html.get_content()
    assert "<script" not in html.get_content()


def test_xml_and_form_hooks_get_the_plain_text(sink: Sink, home: Home) -> None:
    process = owned(f"xml://{sink.address}/xml", f"form://{sink.address}/form")
    assert told(process, FIRST, [an_alert(step="<b>A & B</b>")], home) == 2
    bodies = {path: body for path, _, body in sink.got}
    (message,) = etree.fromstring(bodies["/xml"]).xpath("//*[local-name() = 'Message']")
    assert message.text == parse_qs(bodies["/form"].decode())["message"][0]
    assert message.text.startswith("“<b>A & B</b>” after “Ship goods” takes 34 % longer")


def test_a_format_can_be_asked_for(sink: Sink, home: Home) -> None:
    told(owned(f"json://{sink.address}/hook?format=markdown"), FIRST, [an_alert(step="*A*")], home)
    (body,) = sink.taken("/hook")
    assert body["message"].startswith(r"**“\*A\*” after “Ship goods” takes 34 % longer")


def test_a_night_run_again_sends_nothing_again(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    assert [told(process, night, [A], home) for night in (FIRST, FIRST)] == [1, 0]
    assert told(process, SECOND, [], home) == 0
    assert told(process, THIRD, [resolved(A, "2024-07-15")], home) == 1
    assert [told(process, night, [A], home) for night in (FIRST, SECOND)] == [0, 0]  # past nights, played again
    assert [body["type"] for body in sink.taken("/hook")] == ["warning", "success"]


def test_what_a_night_has_to_say_is_one_message(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    other = an_alert("bbbb2222", step="Pick goods", share_of_cycle_time=0.4)
    told(process, FIRST, [A], home)
    told(process, SECOND, [resolved(A, "2024-07-14"), updated(other, "2024-07-14")], home)
    _, second = sink.taken("/hook")
    assert second["title"].endswith(
        "“Pick goods” after “Ship goods” takes 34 % longer where region is “export” since 8 Jul 2024 (and 1 more)"
    )
    assert [line["why"] for line in second["headrace"]["alerts"]] == ["opened", "resolved"]


def test_a_channel_that_refuses_at_first_is_tried_again(sink: Sink, home: Home) -> None:
    sink.refuse = 2
    assert told(owned(f"json://{sink.address}/hook"), FIRST, [A], home) == 1
    assert (sink.asked, len(sink.got)) == (3, 1)


def test_a_channel_that_refuses_fails_loudly_and_hears_of_it_later(
    sink: Sink, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"json://bob:pass_word1@127.0.0.1:{free.getsockname()[1]}/t0ken_of_bob"
    process = owned(dead, f"json://{sink.address}/hook")
    with caplog.at_level(logging.INFO), pytest.raises(StoreError) as failed:
        told(process, FIRST, [A], home)
    assert "orders: owner.notify, entry 1 (json): the message was not taken." in str(failed.value)
    assert "sent again with the next run" in str(failed.value)
    for secret in ("pass_word1", "bob:", "t0ken_of_bob"):
        assert secret not in str(failed.value)
        assert secret not in caplog.text
    assert len(sink.taken("/hook")) == 1  # the other one has its message,
    with pytest.raises(StoreError):
        told(process, FIRST, [A], home)
    assert len(sink.taken("/hook")) == 1  # once
    assert [night for night, *_ in Register.open(home).sent("orders")] == ["2024-07-13"]


def test_what_was_not_taken_goes_out_with_the_next_night(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    sink.refuse = 3
    with pytest.raises(StoreError):
        told(process, FIRST, [A], home)
    assert Register.open(home).sent("orders") == ()
    assert told(process, SECOND, [], home) == 1
    (body,) = sink.taken("/hook")
    assert [(line["why"], line["opened"]) for line in body["headrace"]["alerts"]] == [("opened", "2024-07-13")]


def _tell_in_another_process(process: Process, root: Path, dies: bool, all_there: Barrier) -> None:
    if dies:
        Register.told = lambda *_: os._exit(9)  # type: ignore[method-assign]
    all_there.wait()
    tell_night(process, FIRST, [A], Home(root), patience=SOON)


def in_other_processes(process: Process, home: Home, *, number: int = 1, dies: bool = False) -> list[int | None]:
    """Tell a night in so many processes at the same time; their exit codes."""
    spawn = get_context("spawn")
    arguments = (process, home.root, dies, spawn.Barrier(number))
    runs = [spawn.Process(target=_tell_in_another_process, args=arguments) for _ in range(number)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    return [run.exitcode for run in runs]


def test_killed_between_sending_and_marking_it_repeats_once_and_loses_nothing(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    assert in_other_processes(process, home, dies=True) == [9]
    assert [told(process, FIRST, [A], home) for _ in range(2)] == [1, 0]
    assert len(sink.taken("/hook")) == 2


def test_two_runs_at_the_same_time_send_one_message(sink: Sink, home: Home) -> None:
    sink.pause_s = 1.0
    assert in_other_processes(owned(f"json://{sink.address}/hook"), home, number=2) == [0, 0]
    assert len(sink.taken("/hook")) == 1


def test_a_mail_that_one_of_two_gets_is_not_sent_to_that_one_again_by_the_retries(post: Post, home: Home) -> None:
    url = f"mailto://127.0.0.1:{post.port}/?from=a@mill.example&to=ann@mill.example,nobody@mill.example&mode=insecure"
    with pytest.raises(StoreError, match=r"entry 1 \(mailto\): the message was not taken"):
        tell_night(owned(url), FIRST, [A], home, patience=Patience(retries=1, wait_s=0.01))
    assert [address for address, _ in post.mails] == ["ann@mill.example"]


def test_wrong_entries_are_named_without_what_they_hold_and_the_others_get_theirs(
    sink: Sink, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORDER_DESK", raising=False)
    process = owned("nosuch://user:pass_word1@x", "$ORDER_DESK", f"json://{sink.address}/hook")
    with pytest.raises(StoreError) as failed:
        told(process, FIRST, [A], home)
    assert "entry 1: this is no URL that Apprise knows" in str(failed.value)
    assert "entry 2: the environment variable ORDER_DESK is not set" in str(failed.value)
    assert "pass_word1" not in str(failed.value)
    assert len(sink.got) == 1


def test_an_entry_can_stand_for_an_environment_variable(
    sink: Sink, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_DESK", f"json://{sink.address}/secret")
    assert told(owned("$ORDER_DESK"), FIRST, [A], home) == 1
    assert told(owned("${ORDER_DESK}"), FIRST, [A], home) == 0
    assert len(sink.taken("/secret")) == 1


def test_two_channels_that_differ_in_what_is_secret_are_two(sink: Sink, home: Home) -> None:
    process = owned(*(f"json://bob:{password}@{sink.address}/hook" for password in ("pass_one", "pass_two")))
    assert told(process, FIRST, [A], home) == 2
    assert told(process, FIRST, [A], home) == 0
    changed = owned(*(f"json://bob:{password}@{sink.address}/hook" for password in ("changed", "pass_two")))
    assert told(changed, FIRST, [A], home) == 0  # another password, the same channel


def test_a_failed_night_is_told_and_its_recovery(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    reason = f"Step validate: The data did not pass the gate.\n- Every event has a time: see {HARM}"
    assert [tell_failure(process, FIRST, reason, home, SOON) for _ in range(2)] == [1, 0]
    assert told(process, SECOND, [], home) == 1
    failed, over = sink.taken("/hook")
    assert failed["type"] == "failure"
    assert failed["title"] == "Order handling: Nothing was mined for the night of 13 Jul 2024"
    assert "headrace run orders.yaml --night 2024-07-13" in failed["message"]
    assert failed["headrace"]["alerts"][0]["note"] == reason
    assert (over["type"], over["title"]) == ("success", "Order handling: Nights are mined again")


def test_a_process_without_channels_keeps_its_alerts(home: Home) -> None:
    assert tell_night(a_process(), FIRST, [A], home) == 0
    assert [known.alert for known in Register.open(home).listed("orders")] == [A]


def test_the_test_message_arrives_and_is_no_alert(sink: Sink, home: Home) -> None:
    process = owned(f"json://{sink.address}/hook")
    assert send_trial(process, FIRST, home, SOON) == ("orders: owner.notify, entry 1 (json)",)
    (body,) = sink.taken("/hook")
    assert (body["title"], body["type"]) == ("Order handling: a test of this channel", "info")
    assert Register.open(home).sent("orders") == ()
    sink.refuse = 3
    with pytest.raises(StoreError, match="entry 1"):
        send_trial(process, FIRST, home, SOON)


YAML = """
process: orders
title: Order handling
owner: {{name: Order desk, notify: ["json://{address}/hook"]}}
source: {{files: landing/*.csv}}
columns: {{case: order, activity: step, completed: at}}
"""


@pytest.fixture
def orders(sink: Sink, tmp_path: Path) -> Path:
    path = tmp_path / "orders.yaml"
    path.write_text(YAML.format(address=sink.address))
    return path


def headrace(*arguments: object) -> str:
    alert_commands.out.width = 250
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


def test_alerts_by_hand(orders: Path, sink: Sink, home: Home) -> None:
    at = ("--home", home.root)
    assert headrace("list", orders, *at) == "orders: no alert is open.\n"
    told(owned(f"json://{sink.address}/hook"), FIRST, [A], home)
    assert "“Deliver” after “Ship goods” takes 34 % longer" in headrace("list", orders, *at)
    assert "acknowledged by Ann" in headrace("ack", orders, "2f6c", "--by", "Ann", "--note", "strike", *at)
    assert "acknowledged by Ann: strike" in headrace("list", orders, *at)
    assert "quiet until the night of 2024-08-01" in headrace("snooze", orders, "2f6c", "--until", "2024-08-01", *at)
    with pytest.raises(InputError, match='--until: "soon" is no day'):
        headrace("snooze", orders, "2f6c", "--until", "soon", *at)
    told(owned(), SECOND, [resolved(A, "2024-07-14")], home)
    assert headrace("list", orders, *at) == "orders: no alert is open.\n"
    assert "resolved" in headrace("list", orders, "--all", *at)
    assert headrace("test", orders, *at) == "orders: owner.notify, entry 1 (json): taken.\n"


def test_watch_tells_the_owner_once_and_fails_each_time(
    orders: Path, sink: Sink, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    watch([orders], home.root)
    assert capsys.readouterr().out == "1 of 1 processes have their night.\n"  # it is new
    Register.open(home).finished("orders", FIRST)
    broken = orders.with_name("broken.yaml")
    broken.write_text("process: broken")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"(?s)orders: no night of .*, the newest is 2024-07-13.*broken\.yaml"):
            watch([broken, orders], home.root)
    (body,) = sink.taken("/hook")
    assert body["title"].startswith("Order handling: Nothing was mined for the night of")
    assert "no run of this night has ended or failed" in body["message"]
