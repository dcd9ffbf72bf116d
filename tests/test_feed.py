"""The feeds: what the nights told, once each, for ever under the same id; and a site of many nights reads few of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import feedparser
import pytest
from alert_samples import an_alert
from conftest import a_process
from lxml import etree
from pages_samples import HOSTILE, sample_findings

from mining.findings import Alert, Turn, Watch
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import feed_for, write_site
from mining.pages.summary import FINDINGS, read_summary, write_summary

ATOM = "{http://www.w3.org/2005/Atom}"


def publish(root: Path, process: str, day: str, *turns: Alert, title: str = "Orders") -> Path:
    folder = root / process / day
    folder.mkdir(parents=True)
    watch = Watch(turns, tuple(turn for turn in turns if turn.event != Turn.RESOLVED), 1, 300)
    found = replace(sample_findings(), process=process, title=title, night=day, watch=watch)
    (folder / "findings.json").write_bytes(FINDINGS.dump_json(found))
    write_summary(found, folder)
    (folder / "index.html").write_text(f"{process} {day}")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    first = an_alert("aaa", process="orders", night="2026-11-18", event=Turn.OPENED)
    publish(tmp_path, "orders", "2026-11-18", first)
    publish(tmp_path, "orders", "2026-11-19", replace(first, night="2026-11-19", event=Turn.RESOLVED))
    publish(tmp_path, "tickets", "2026-11-19", replace(first, process="tickets", step=HOSTILE[0]), title=HOSTILE[1])
    failed = tmp_path / "orders" / "2026-11-20"
    write_failed_night(a_process(title="Orders"), date(2026, 11, 20), "Step validate: <b>nothing</b> came.", (), failed)
    write_site(tmp_path)
    return tmp_path


def entries(file: Path) -> list[dict[str, str]]:
    return list(feedparser.parse(file.read_bytes())["entries"])


def test_feeds_are_valid_atom(site: Path) -> None:
    for file in (site / "feed.atom", site / "orders/feed.atom", site / "tickets/feed.atom"):
        read = feedparser.parse(file.read_bytes())
        assert not read["bozo"]
        assert read["version"] == "atom10"
        for element in etree.parse(file).getroot().iter(f"{ATOM}feed", f"{ATOM}entry"):
            for needed in ("id", "title", "updated"):
                assert len(element.findall(ATOM + needed)) == 1 and element.find(ATOM + needed).text
        ids = [entry["id"] for entry in read["entries"]]
        assert len(set(ids)) == len(ids)


def test_what_was_told_and_failed_nights_are_in_it_the_newest_first(site: Path) -> None:
    found = entries(site / "orders/feed.atom")
    assert [(entry["updated"][:10], entry["tags"][0]["term"]) for entry in found] == [  # type: ignore[index]
        ("2026-11-21", "failed"),
        ("2026-11-20", "resolved"),
        ("2026-11-19", "opened"),
    ]
    assert "<b>nothing</b> came" in etree.parse(site / "orders/feed.atom").findtext(f".//{ATOM}summary")
    assert len(entries(site / "feed.atom")) == 4


def test_links_lead_to_the_pages(site: Path) -> None:
    for file in (site / "feed.atom", site / "orders/feed.atom"):
        for link in etree.parse(file).iter(f"{ATOM}link"):
            assert (file.parent / link.get("href").partition("#")[0]).exists(), link.get("href")


def test_ids_stay_when_nights_come(site: Path) -> None:
    before = {entry["id"] for entry in entries(site / "orders/feed.atom")}
    publish(site, "orders", "2026-11-21")
    write_site(site, "orders")
    assert {entry["id"] for entry in entries(site / "orders/feed.atom")} == before


def test_a_reader_gets_only_the_processes_that_he_may_see(site: Path) -> None:
    assert "tickets" not in feed_for(site, ["orders"])
    assert "orders/" not in feed_for(site, ["tickets"])
    assert feedparser.parse(feed_for(site, []).encode())["entries"] == []


def test_pages_say_where_the_feed_is(site: Path) -> None:
    for page in (site / "index.html", site / "orders/index.html", site / "orders/2026-11-20/index.html"):
        [link] = etree.HTML(page.read_text()).xpath("//head/link[@type='application/atom+xml']/@href")
        assert (page.parent / link).resolve() in (site / "feed.atom", site / "orders/feed.atom")


def test_a_night_of_one_process_reads_the_newest_of_the_others_only(tmp_path: Path) -> None:
    days = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(50)]
    for process in ("orders", "tickets"):
        for day in days:
            publish(tmp_path, process, day)
    write_site(tmp_path)
    before = (tmp_path / "tickets/index.html").read_bytes()
    for day in days[:-30]:
        for name in ("summary.json", "findings.json"):
            (tmp_path / "tickets" / day / name).write_text("not to be read")
    publish(tmp_path, "orders", "2026-03-01")
    write_site(tmp_path, "orders")
    assert (tmp_path / "tickets/index.html").read_bytes() == before
    assert "Mar" in (tmp_path / "orders/index.html").read_text()


def test_a_night_from_before_there_were_summaries_is_read_whole(site: Path) -> None:
    folder = site / "orders/2026-11-18"
    kept = read_summary(folder)
    (folder / "summary.json").unlink()
    assert read_summary(folder) == kept is not None
    (folder / "findings.json").write_text("{")
    assert read_summary(folder) is None
