"""The views of a night: which values have one, what they show, the way between them, and that only the newest night has them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ORDERS_YAML

from mining.erasure import forget
from mining.home import Home
from mining.night import Night
from mining.pages.views import View, Views, drop_views
from mining.process_file import load
from mining.views import ENOUGH

YAML = ORDERS_YAML + "timezone: UTC\nsegments: [region, lane]\nlanguages: [en]\n"
HOSTILE = "</nav><script>alert(1)</script>/../x"


def rows() -> Iterator[str]:
    """Exports take two days, orders from elsewhere one; one region is too small, and one lane is all there is."""
    yield "order,step,at,region,lane"
    regions = {"export": ENOUGH + 10, HOSTILE: ENOUGH, "tiny": ENOUGH - 1}
    for region, cases in regions.items():
        for number in range(cases):
            order, days = f"{list(regions).index(region)}-{number}", 2 if region == "export" else 1
            yield f"{order},Order,2024-03-{1 + number % 20:02} 08:00,{region},only"
            yield f"{order},Ship,2024-03-{1 + number % 20 + days:02} 08:00,{region},only"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    (folder / "landing").mkdir()
    (folder / "orders.yaml").write_text(YAML)
    (folder / "landing/1.csv").write_text("\n".join(rows()) + "\n")
    a_night(folder, 28).run()
    return folder


def a_night(place: Path, day: int) -> Night:
    return Night.of(place / "orders.yaml", date(2024, 3, day), Home(place / "home"))


class Links(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def to_files(page: Path) -> set[str]:
    return {link for link in Links(page).found if link and not link.startswith(("#", "data:"))}


def test_large_values_have_a_view_with_their_own_figures(place: Path) -> None:
    night = a_night(place, 28).target
    folders = {path.name for path in (night / "views").iterdir()}
    assert folders == {View("region", "export", 0).folder, View("region", HOSTILE, 0).folder}
    assert "region-export" in folders
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in folders)
    found = json.loads((night / "views/region-export/findings.json").read_text())
    assert found["segment"] == {"region": "export"}
    assert (found["kpis"]["cases"], found["kpis"]["median_cycle_s"]) == (ENOUGH + 10, 2 * 86_400)
    assert found["watch"] is None
    whole = json.loads((night / "findings.json").read_text())
    assert (whole["segment"], whole["kpis"]["cases"]) == ({}, 3 * ENOUGH + 9)


def test_every_link_of_the_whole_and_of_the_views_resolves(place: Path) -> None:
    night = a_night(place, 28).target
    pages = [night / "index.html", *night.glob("views/*/index.html")]
    assert len(pages) == 3
    for page in pages:
        assert [link for link in to_files(page) if not (page.parent / link.partition("#")[0]).exists()] == []
    for page in pages[1:]:
        assert "../../index.html" in to_files(page)
        assert "<script>alert" not in page.read_text()


def test_the_page_says_how_many_values_have_none(place: Path) -> None:
    switcher = re.search(r'<nav class="views".*?</nav>', (a_night(place, 28).target / "index.html").read_text(), re.S)
    assert switcher
    text = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", switcher[0])).replace("\u00a0", " ")
    assert "Whole process" in text and f"export {ENOUGH + 10}" in text and "1 smaller" in text
    assert "lane" not in text  # whose one value is the whole


def test_a_forgotten_case_takes_the_views_with_it(place: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(place, tmp_path / "copy")
    forget(load(copy / "orders.yaml"), Home(copy / "home"), "0-1")
    assert not list((copy / "home/nights").rglob("views"))
    assert (a_night(place, 28).target / "views").is_dir()


def test_only_the_newest_night_has_views_and_others_lead_to_none(place: Path) -> None:
    assert a_night(place, 27).views() == 0
    assert (a_night(place, 28).target / "views").is_dir()
    a_night(place, 29).run()
    old = a_night(place, 28).target
    assert (a_night(place, 29).target / "views").is_dir()
    assert not (old / "views").exists()
    assert not [link for link in to_files(old / "index.html") if link.startswith("views/")]
    assert 'class="views"' not in (old / "index.html").read_text()


def test_dropping_the_views_of_a_night_without_any_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    assert not drop_views(tmp_path)
    assert (tmp_path / "index.html").read_text() == "page"


def test_folders_of_views_tell_values_apart() -> None:
    said = ["a b", "a-b", "A b", "ä b", "", "../a b", "a" * 200, "a" * 201]
    folders = [View("s", value, 1).folder for value in said]
    assert len(set(folders)) == len(said)
    assert all(len(folder) < 80 and re.fullmatch("[a-z0-9-]+", folder) for folder in folders)


def test_segments_keep_their_order_and_count_what_is_left() -> None:
    first, second = View("b", "x", 9), View("a", "y", 8)
    assert Views((first, second)).groups == [("b", [first], 0), ("a", [second], 0)]
