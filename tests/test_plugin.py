"""The pages inside Airflow: who gets them and who does not, from a real Airflow 3 with its login."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
import schemathesis
from airflow.api_fastapi.core_api.security import get_user
from airflow_site import DAG, HARMFUL, OTHERS_DAG, SLOWER, Site, airflow_site
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings

from mining.findings import Findings
from mining.pages.summary import FINDINGS
from mining.published import headers
from mining.register import Register

pytestmark = pytest.mark.airflow
PLUGINS = Path(__file__).parents[1] / "plugins"
NIGHT = "/headrace/pages/orders/2026-11-19"
ALERTS = "/headrace/alerts/orders/"
OWN = (  # of the process `orders`, from which the stranger is kept
    f"{NIGHT}/index.html",
    f"{NIGHT}/",
    NIGHT,
    f"{NIGHT}/map.svg",
    f"{NIGHT}/findings.json",
    "/headrace/pages/orders",
    "/headrace/pages/orders/",
    "/headrace/pages/orders/nights.js",
    "/headrace/pages/orders/feed.atom",
    f"/headrace/dag/{DAG}",
    f"/headrace/dag/{DAG}/run/nightly",
    "/headrace/api/processes/orders/nights",
    "/headrace/api/processes/orders/nights/2026-11-19",
    "/headrace/api/processes/orders/alerts",
    f"/headrace/dag/{DAG}/alerts",
    ALERTS,
)
OF_ALL = (
    "/headrace/pages/",
    "/headrace/pages/index.html",
    "/headrace/pages/feed.atom",
    "/headrace/pages/index.zh.html",
    "/headrace/pages/feed.atom",
    "/headrace/pages/assets/style.css",
    "/headrace/icon.svg",
    "/headrace/api/processes",
    "/headrace/api/openapi.json",
)

INTERFACE = [
    "/api/processes",
    "/api/processes/{process}/alerts",
    "/api/processes/{process}/nights",
    "/api/processes/{process}/nights/{day}",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with airflow_site(tmp_path_factory.mktemp("plugin")) as running:
        nights = running.home.all_nights
        (running.home.root / "keys.json").write_text('"secret"')
        (nights / "feed.html").write_text("secret of all processes")
        (nights / "hostile" / "out.json").symlink_to(running.home.root / "keys.json")
        (nights / "hostile" / "others").symlink_to(nights / "orders")
        (nights / "linked").symlink_to(nights / "orders")
        (nights / "assets" / "out.json").symlink_to(nights / "orders" / "2026-11-19" / "findings.json")
        running.run_of(DAG, "2026-11-19", "nightly")
        yield running


@pytest.fixture(scope="module")
def clients(site: Site) -> Iterator[dict[str, httpx.Client]]:
    everybody = {user: site.asked_by(user) for user in ("admin", "vera", "stranger")}
    nobody = {"anonymous": site.asked_by(None), "forged": httpx.Client(base_url=site.address)}
    nobody["forged"].cookies.set("_token", site.token("admin")[:-6] + "forged")
    yield everybody | nobody
    for client in (everybody | nobody).values():
        client.close()


@pytest.mark.parametrize("path", [*OWN, *OF_ALL])
def test_nobody_gets_a_byte_without_login(clients: dict[str, httpx.Client], path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert clients["anonymous"].request(method, path).status_code in (401, 405)
    assert clients["anonymous"].get(path).json() == {"detail": "Not authenticated"}
    assert clients["forged"].get(path).json() == {"detail": "Invalid JWT token"}


@pytest.mark.parametrize("path", [*OWN, *OF_ALL])
def test_who_may_read_the_dag_reads_its_pages(clients: dict[str, httpx.Client], path: str) -> None:
    for user in ("admin", "vera"):
        assert clients[user].get(path, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("path", OWN)
def test_the_stranger_is_told_nothing(clients: dict[str, httpx.Client], path: str) -> None:
    answer = clients["stranger"].get(path)
    assert (answer.status_code, answer.json()) == (403, {"detail": "Forbidden"})
    unknown = clients["stranger"].get(path.replace("orders", "never_heard_of"))
    assert (unknown.status_code, unknown.content) == (answer.status_code, answer.content)


@pytest.mark.parametrize("path", ["/headrace/pages/", "/headrace/pages/index.html", "/headrace/api/processes"])
def test_the_index_is_of_what_one_may_read(clients: dict[str, httpx.Client], path: str) -> None:
    assert "orders" in clients["vera"].get(path).text
    strangers = clients["stranger"].get(path).text
    assert "hostile" in strangers
    assert "rder" not in strangers.replace("border", "")
    assert "2026-11-19" not in strangers


def test_the_feed_is_of_what_one_may_read(clients: dict[str, httpx.Client]) -> None:
    answer = clients["vera"].get("/headrace/pages/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml"
    assert "orders/2026-11-21" in answer.text  # the night that failed
    assert "orders" not in clients["stranger"].get("/headrace/pages/feed.atom").text
    assert clients["vera"].get("/headrace/pages/orders/feed.atom").status_code == 200
    assert clients["stranger"].get("/headrace/pages/orders/feed.atom").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "hostile/../orders/2026-11-19/index.html",
        "hostile/%2e%2e/orders/2026-11-19/index.html",
        "hostile/..%2forders/2026-11-19/index.html",
        "hostile%2f..%2forders/2026-11-19/index.html",
        "hostile/..%5corders/2026-11-19/index.html",
        "hostile/%252e%252e/orders/2026-11-19/index.html",
        "hostile/%2f%2e%2e%2forders/nights.js",
        "hostile//orders/nights.js",
        "hostile/others/2026-11-19/index.html",
        "hostile/others/nights.js",
        "hostile/out.json",
        "hostile/%00",
        "hostile/2026-11-20/index.html%00.css",
        "hostile/2026-11-20/index.html/",
        "hostile/" + "a" * 3000 + ".html",
        "hostile/.unlisted",
        "assets/out.json",
        "assets/../orders/nights.js",
        "assets/..%2forders%2fnights.js",
        "linked/2026-11-19/index.html",
        "feed.html",
        "../keys.json",
        "..%2fkeys.json",
        "/etc/hostname",
        "%2fetc%2fhostname",
        "..%2f..%2f..%2f..%2fetc/hostname",
    ],
)
@pytest.mark.parametrize("user", ["stranger", "admin"])
def test_no_path_leads_out_of_the_process(site: Site, user: str, path: str) -> None:
    host, port = site.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("GET", f"/headrace/pages/{path}", headers={"Cookie": f"_token={site.token(user)}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (403, 404, 422)
    assert len(body) < 5000
    assert b"secret" not in body
    connection.close()


@pytest.mark.parametrize("user", ["vera", "stranger", "anonymous"])
def test_every_answer_carries_the_policy(clients: dict[str, httpx.Client], user: str) -> None:
    for path in (*OWN, *OF_ALL, "/headrace/nothing"):
        for method in ("GET", "POST"):
            answer = clients[user].request(method, path, headers={"accept": "text/html"})
            wanted = headers(path if answer.status_code == 200 else "")
            if path == ALERTS and answer.status_code == 200:
                wanted["Referrer-Policy"] = "same-origin"  # else its forms could not say where they are sent from
            assert {name: answer.headers.get(name) for name in wanted} == wanted, path


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pages_and_interface_only_read(clients: dict[str, httpx.Client], method: str) -> None:
    for path in (*OWN, *OF_ALL):
        assert clients["admin"].request(method, path).status_code == 405


@pytest.mark.parametrize("user", ["anonymous", "forged"])
def test_a_browser_is_sent_to_the_login_and_back(clients: dict[str, httpx.Client], user: str) -> None:
    sent = {"accept": "text/html,*/*", "host": "evil.test"}
    answer = clients[user].get(f"{NIGHT}/?of=mail", headers=sent)
    assert answer.status_code == 302
    assert answer.headers["location"] == "/auth/login?next=%2Fheadrace%2Fpages%2Forders%2F2026-11-19%2F%3Fof%3Dmail"


def test_a_browser_that_may_not_read_is_told_so_in_a_page(clients: dict[str, httpx.Client]) -> None:
    answer = clients["stranger"].get(f"{NIGHT}/", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "Not yours to read" in answer.text
    assert 'href="../../../pages/index.en.html"' in answer.text
    assert clients["stranger"].get(answer.url.join("../../../pages/index.en.html")).status_code == 200


@pytest.mark.parametrize(
    ("run_id", "key", "conf", "leads_to"),
    [
        ("nightly", "2026-11-19", {}, "2026-11-19"),
        ("manual__2026-11-19T01:00:00.5+00:00", "2026-11-18", {}, "2026-11-18"),
        ("by_hand", None, {"day": "2026-11-21"}, "2026-11-21"),
        ("not_done", "2026-11-25", {}, None),
    ],
)
def test_a_run_leads_to_the_night_it_is_about(
    site: Site,
    clients: dict[str, httpx.Client],
    run_id: str,
    key: str | None,
    conf: dict[str, str],
    leads_to: str | None,
) -> None:
    if run_id != "nightly":
        site.run_of(DAG, key, run_id, conf)
    answer = clients["vera"].get(f"/headrace/dag/{DAG}/run/{quote(run_id, safe='')}")
    if leads_to:
        assert answer.headers["location"] == f"../../../pages/orders/{leads_to}/index.html"
    else:
        assert (answer.status_code, "No page yet" in answer.text) == (200, True)


def test_a_run_that_was_asked_for_no_day_is_about_the_day_before(site: Site, clients: dict[str, httpx.Client]) -> None:
    yesterday = datetime.now(ZoneInfo("Europe/Berlin")).date() - timedelta(days=1)  # as the findings' time zone has it
    (site.home.night("hostile", yesterday)).mkdir(exist_ok=True)
    site.run_of(OTHERS_DAG, None, "tonight")
    answer = clients["vera"].get(f"/headrace/dag/{OTHERS_DAG}/run/tonight")
    assert answer.headers["location"] == f"../../../pages/hostile/{yesterday}/index.html"


def test_the_tab_of_a_dag_shows_the_newest_night_mined_or_not(clients: dict[str, httpx.Client]) -> None:
    assert clients["vera"].get(f"/headrace/dag/{DAG}").headers["location"] == "../pages/orders/2026-11-21/index.html"
    assert "No night yet" in clients["vera"].get("/headrace/dag/headrace_fresh").text
    assert clients["vera"].get("/headrace/dag/other").status_code == 404
    assert clients["vera"].get(f"/headrace/dag/{OTHERS_DAG}/run/nightly").status_code == 404  # a run of another DAG


def test_the_interface_gives_what_the_night_found(site: Site, clients: dict[str, httpx.Client]) -> None:
    def given(path: str) -> Any:
        return clients["vera"].get(f"/headrace/api{path}").raise_for_status()

    hostile, orders = given("/processes").json()
    assert (orders["dag_id"], orders["nights"], orders["newest"]) == (DAG, 3, "2026-11-21")
    assert hostile["title"] == "<script>alert('x')</script>"
    nights = given("/processes/orders/nights").json()
    assert [(night["day"], night["mined"], night["reason"]) for night in nights] == [
        ("2026-11-21", False, "No data."),
        ("2026-11-19", True, ""),
        ("2026-11-18", True, ""),
    ]
    assert clients["vera"].get("/headrace" + nights[1]["page"]).status_code == 200
    found: Findings = FINDINGS.validate_json(given("/processes/orders/nights/2026-11-19").content)
    file = site.home.all_nights / "orders" / "2026-11-19" / "findings.json"
    assert found == FINDINGS.validate_json(file.read_bytes())
    assert clients["vera"].get("/headrace/api/processes/orders/nights/2026-11-21").status_code == 404


def stated(site: Site, alert: str) -> tuple[str | None, str | None, str | None]:
    known = {one.alert.alert: one for one in Register.open(site.home).listed("orders")}[alert]
    return known.acknowledged_by, known.note, known.snoozed_until


@pytest.mark.parametrize(
    ("user", "sent", "status"),
    [
        ("admin", {"origin": "http://evil.test"}, 403),
        ("admin", {"origin": "null"}, 403),
        ("admin", {"origin": "http://127.0.0.1"}, 403),  # another port
        ("admin", {"referer": "http://evil.test"}, 403),
        ("admin", {"authorization": "Basic YTpi"}, 403),  # a browser can add that by itself
        ("vera", {"origin": "own"}, 403),  # may read the DAG, not edit it
        ("stranger", {"origin": "own"}, 403),
        ("forged", {"origin": "own"}, 403),
        ("anonymous", {"origin": "own"}, 401),
    ],
)
def test_nobody_else_says_anything_of_an_alert(
    site: Site, clients: dict[str, httpx.Client], user: str, sent: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("own", site.address) for name, value in sent.items()}
    for saying, form in (("acknowledge", {"note": "x"}), ("snooze", {"until": "2026-12-01"})):
        answer = clients[user].post(f"{ALERTS}{SLOWER}/{saying}", data=form, headers=sent)
        assert answer.status_code == status
    assert stated(site, SLOWER) == (None, None, None)


def test_who_may_edit_the_dag_acknowledges_and_snoozes(site: Site, clients: dict[str, httpx.Client]) -> None:
    def say(what: str, **form: str) -> httpx.Response:
        sent = {"origin": site.address, "accept": "text/html"}
        return clients["admin"].post(f"{ALERTS}{HARMFUL}/{what}", data=form, headers=sent)

    assert say("snooze", until="tomorrow").status_code == 422
    refused = say("snooze", until="2026-11-19")
    assert (refused.status_code, "has told of it already" in refused.text) == (400, True)
    assert say("acknowledge", note="x" * 501).status_code == 422
    assert stated(site, HARMFUL) == (None, None, None)
    answer = say("acknowledge", note=" <b>we know</b> ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"../#alert-{HARMFUL}")
    assert say("snooze", until="2026-12-01").status_code == 303
    assert stated(site, HARMFUL) == ("admin", "<b>we know</b>", "2026-12-01")
    (harmful,) = [
        card for card in clients["vera"].get("/headrace/api/processes/orders/alerts").json() if card["alert"] == HARMFUL
    ]
    assert (harmful["acknowledged_by"], harmful["snoozed_until"]) == ("admin", "2026-12-01")
    assert clients["admin"].post(f"{ALERTS}nothing/acknowledge", headers={"origin": site.address}).status_code == 400


CHINESE = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}


def test_what_airflow_shows_is_in_the_browsers_language(clients: dict[str, httpx.Client]) -> None:
    """The newest night of `orders`, which failed, is there in Chinese; those of `hostile` are not."""
    newest = clients["vera"].get(f"/headrace/dag/{DAG}", headers=CHINESE)
    assert newest.headers["location"] == "../pages/orders/2026-11-21/index.zh.html"
    older = clients["vera"].get(f"/headrace/dag/{DAG}/run/nightly", headers=CHINESE)
    assert older.headers["location"] == "../../../pages/orders/2026-11-19/index.html"
    for path in ("/headrace/pages/", ALERTS, "/headrace/pages/orders/nothing"):
        assert '<html lang="zh-CN"' in clients["vera"].get(path, headers=CHINESE).text, path
        assert '<html lang="en"' in clients["vera"].get(path, headers={"accept": "text/html"}).text, path
    english = clients["vera"].get("/headrace/pages/index.en.html", headers=CHINESE)
    assert '<html lang="en"' in english.text and 'href="index.zh.html"' in english.text
    assert clients["stranger"].get("/headrace/pages/index.zh.html").status_code == 200
    assert clients["vera"].get("/headrace/pages/index.xx.html").status_code == 404


def test_alerts_are_answered_in_the_language_of_the_page(site: Site, clients: dict[str, httpx.Client]) -> None:
    page = clients["admin"].get(f"{ALERTS}?language=zh")
    assert "之后的" in page.text and 'href="../../pages/orders/index.zh.html"' in page.text
    assert f'action="{SLOWER}/snooze?language=zh"' in page.text
    sent = {"origin": site.address, "accept": "text/html"}
    answer = clients["admin"].post(f"{ALERTS}{HARMFUL}/acknowledge?language=zh", data={"note": "知道"}, headers=sent)
    assert answer.headers["location"] == f"../?language=zh#alert-{HARMFUL}"
    assert clients["admin"].get(f"{ALERTS}?language=%0d%0aX").status_code == 422


def test_a_program_needs_no_origin(site: Site) -> None:
    bearer = {"Authorization": f"Bearer {site.token('admin')}"}
    said = httpx.post(f"{site.address}{ALERTS}{HARMFUL[:6]}/acknowledge", data={"note": "again"}, headers=bearer)
    assert said.status_code == 303
    assert stated(site, HARMFUL)[1] == "again"


def test_only_who_may_edit_is_offered_it_and_names_do_nothing(clients: dict[str, httpx.Client]) -> None:
    pages = {user: clients[user].get(ALERTS).text for user in ("admin", "vera")}
    assert {user: page.count("<form") > 0 for user, page in pages.items()} == {"admin": True, "vera": False}
    for page in pages.values():
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("user", ["vera", "stranger"])
def test_the_interface_is_as_it_describes_itself(
    site: Site, clients: dict[str, httpx.Client], user: str, mode: str
) -> None:
    document = clients["vera"].get("/headrace/api/openapi.json").json()
    assert sorted(document["paths"]) == INTERFACE
    bearer = {"Authorization": f"Bearer {clients[user].cookies['_token']}"}
    described = schemathesis.openapi.from_dict(document)
    for operation in (found.ok() for found in described.get_all_operations()):
        real = operation.Case(path_parameters={"process": "orders", "day": "2026-11-19"})
        real.call_and_validate(base_url=f"{site.address}/headrace", headers=bearer)

        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def conforms(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=f"{site.address}/headrace", headers=bearer)

        conforms()


def test_every_route_asks_for_the_login_and_nothing_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGINS))
    routes = import_module("headrace_pages.door").app.routes

    def asked(dependant: Dependant) -> set[Any]:
        return {dependant.call}.union(*(asked(inner) for inner in dependant.dependencies))

    assert [route.path for route in routes if not isinstance(route, APIRoute)] == []
    assert [route.path for route in routes if get_user not in asked(route.dependant)] == []
    assert len(routes) > 12


def test_airflows_other_components_load_no_web_framework_for_it() -> None:
    code = """
import sys; sys.path.insert(0, sys.argv[1])
import airflow.plugins_manager
before = set(sys.modules)
import headrace_plugin
print(sorted(set(sys.modules) - before))
"""
    ran = subprocess.run([sys.executable, "-c", code, PLUGINS], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "['headrace_plugin']"


def test_airflow_has_read_the_plugin_without_a_mistake(site: Site) -> None:
    assert site.airflow.call("GET", "plugins/importErrors")["total_entries"] == 0
    (plugin,) = [found for found in site.airflow.call("GET", "plugins")["plugins"] if found["name"] == "headrace"]
    assert [view["destination"] for view in plugin["external_views"]] == ["nav", "dag", "dag", "dag_run"]
