"""Languages: every text has its translation, with the same names in it, and a page in Chinese has no English left on it."""

from __future__ import annotations

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from alert_samples import an_alert
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from conftest import a_process
from lxml import etree, html
from morning_samples import sample_morning
from pages_samples import drawn_levels, empty_findings, sample_findings
from test_flowchart_difference import MAIN, tickets

from mining.alerts.message import message_of, trial_message_of
from mining.alerts.rendering import as_html, as_text
from mining.findings import Alert, Findings, Verdict, Watch
from mining.flowchart import draw_difference, duration_text
from mining.languages import (
    ENGLISH,
    _,
    catalogue,
    count_text,
    date_text,
    language,
    languages,
    ngettext,
    number,
    preferred,
    speaking,
    within,
)
from mining.languages.editions import editions, list_editions, page_in
from mining.languages.recalled import KEPT, NOT_ENDED, NOT_RUN, pieces, recalled
from mining.pages.charts import draw_charts
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import write_site
from mining.pages.night_page import write_night
from mining.pages.wording import day
from mining.register import Telling, Why
from scripts.texts import FOLDER, texts

ZH = language("zh")
CATALOGUES = sorted(FOLDER.glob("*.po"))
# What is called so in every language: products, formats, keys and commands.
SAME_EVERYWHERE = """
    Headrace Graphviz Petri Airflow DAG BPMN PNML SVG PDF PNG DOT CSV JSON Parquet Atom Kaplan Meier Tab ID UTC
    headrace run alerts ack yaml night ends times format timezone nonexistent shift columns order
"""
LATIN = re.compile(r"[A-Za-z]{2,}")


def read(file: Path) -> Catalog:
    with file.open("rb") as handle:
        return read_po(handle)


@cache
def source() -> Catalog:
    return texts()


def ids(of: Catalog) -> set[tuple[str | None, str]]:
    return {(message.context, first(message.id)) for message in of if message.id}


def first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def every(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def holes(text: str) -> set[str]:
    """What is filled in, and the tags that stand around it."""
    named = set(re.findall(r"%\(\w+\)s|%%", text))
    braces = set() if named else {name for _text, name, _spec, _conversion in Formatter().parse(text) if name}
    return named | braces | set(re.findall(r"<[^>]+>", text))


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_every_text_is_translated_and_no_translation_is_left_over(file: Path) -> None:
    known = read(file)
    assert ids(known) == ids(source()), "run `make texts`"
    assert [m.id for m in known if m.id and (m.fuzzy or not all(every(m.string)))] == []


def unlike(message: Message) -> bool:
    translated, said = every(message.string), every(message.id)
    wanted = holes(said[-1])
    return any(holes(text) != wanted for text in translated) or any('"' in re.sub("<[^>]+>", "", t) for t in translated)


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_translations_have_the_same_names_and_tags_in_them(file: Path) -> None:
    assert [message.id for message in read(file) if message.id and unlike(message)] == []


def test_the_language_is_spoken_within_its_block_and_in_threads_that_are_told_so() -> None:
    assert _("No case is open.") == "No case is open."
    with speaking(ZH):
        assert _("No case is open.") == "没有未完成的案例。"
        assert ngettext("{number} day", "{number} days", 2) == "{number} 天"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_, "yes").result() == "yes"
            assert pool.submit(within(_), "yes").result() == "是"
        with speaking(ENGLISH):
            assert _("yes") == "yes"
    assert _("yes") == "yes"


GERMAN = """
msgid ""
msgstr ""
"Language: de"
"Plural-Forms: nplurals=2; plural=(n != 1);"
"Content-Type: text/plain; charset=utf-8"

msgctxt "pattern of a day"
msgid "d MMM y"
msgstr "d. MMMM y"

msgid "{number} d"
msgstr "{number} T."
"""


def test_a_language_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "de.po").write_text(GERMAN.replace('"\n"', '\\n"\n"'), encoding="utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    languages.cache_clear()
    try:
        english, german = languages()
        assert (english.name, german.name, german.tag, language("de")) == ("English", "Deutsch", "de", german)
        with speaking(german):
            assert duration_text(2.5 * 86400) == "2,5\u00a0T." and count_text(1079) == "1.079"
            assert day("2026-03-05") == "5.\u00a0März\u00a02026"
            assert duration_text(60) == "1\u00a0min"  # not translated yet
    finally:
        languages.cache_clear()


def test_numbers_and_days() -> None:
    friday = date(2026, 11, 20)
    assert (count_text(1234567), number(1079.25, 1), number(3, 2)) == ("1,234,567", "1,079.2", "3.00")
    assert date_text(friday, "d MMM y") == "20 Nov 2026"
    with speaking(ZH):
        assert (count_text(1079), date_text(friday, "EEEE")) == ("1,079", "星期五")


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,de;q=0.9,en-US;q=0.8", "en"),
        ("en;q=0.2, zh-TW;q=0.7", "zh"),
        ("zh;q=0, en", "en"),
        ("", "en"),
        ("*", "en"),
        ("\u0663;q=x,,;;", "en"),
    ],
)
def test_what_a_browser_prefers(accepted: str, code: str) -> None:
    assert preferred(accepted, languages()).code == code


def test_an_unknown_language_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match='there is no catalogue of "tlh"; write one of en, zh'):
        a_process(languages=["en", "tlh"])
    with pytest.raises(ValueError, match="tlh"):
        a_process(owner={"name": "Ann", "language": "tlh"})
    assert a_process().language_codes == ("en", "zh")
    assert a_process(languages=["zh", "en", "zh"]).language_codes == ("zh", "en")
    assert a_process(languages=["zh"], owner={"name": "Ann"}).told_in == ZH
    assert a_process(owner={"name": "Ann", "language": "zh"}).told_in == ZH


def test_pages_keep_their_addresses_and_lists_have_one_for_each_language() -> None:
    assert list(editions((ZH, ENGLISH)).values()) == ["index.html", "index.en.html"]
    assert list(list_editions((ZH, ENGLISH)).values()) == ["index.zh.html", "index.en.html"]
    with speaking(ZH):
        assert page_in(("en", "zh")) == "index.zh.html" and page_in(("zh", "en")) == page_in(("en",)) == "index.html"


# --- no English left -------------------------------------------------------------------------------------------------


def words(text: str) -> set[str]:
    return set(LATIN.findall(text))


def names(findings: Findings) -> set[str]:
    """All that the data, and whoever wrote the process file, named."""
    resources = [load.resource for load in sample_morning().workload.loads]  # type: ignore[union-attr]
    given = [activity.name for activity in findings.graph.activities] + [findings.title, findings.timezone, *resources]
    given += [str(findings.owner), *map(str, findings.checks), findings.kpis.target_name or "", "example shop"]
    return words(" ".join([*given, SAME_EVERYWHERE]))


def shown(page: etree._Element) -> str:
    """The text that people see or hear, but for what says of itself that it is English."""
    for hidden in page.xpath("//style | //script | //*[@lang='en'] | //code | //nav[@class='languages']"):
        hidden.getparent().remove(hidden)
    said = page.xpath("//text() | //@aria-label | //@title | //@aria-valuetext | //@data-absent | //@data-paths")
    return " ".join(str(text) for text in said)


@pytest.fixture(scope="module")
def chinese() -> Findings:
    alerts = [an_alert(str(verdict), verdict=verdict, step="Pick goods", after="Check credit") for verdict in Verdict]
    watch = Watch(turns=tuple(alerts), open=tuple(alerts), opened_in_a_year=3, nights=365)
    return replace(sample_findings(), morning=sample_morning(), watch=watch, languages=("en", "zh"), changed=tickets())


def test_a_page_in_chinese_has_no_english_left(chinese: Findings, tmp_path: Path) -> None:
    known = (
        names(chinese)
        | words("region export orders Cancel")
        | {name for step in tickets().steps for name in words(step.activity)}
    )
    with speaking(ZH):
        difference = draw_difference(tickets(), MAIN, "工单")
        charts = draw_charts(chinese.morning)
        page = write_night(chinese, drawn_levels(chinese), [], tmp_path, difference, charts)
    assert page.name == "index.zh.html"
    read_page = html.fromstring(page.read_bytes())
    assert read_page.get("lang") == "zh-CN"
    assert words(shown(read_page)) - known == set()


def test_pages_of_little_in_chinese(tmp_path: Path) -> None:
    """A night of nothing, a night that failed, and the lists that lead to them."""
    process = a_process(title="订单", languages=["zh"])
    empty = replace(empty_findings(), process="orders", title="订单", languages=("zh",))
    with speaking(ZH):
        write_night(empty, [], [], tmp_path / "orders" / "2026-11-20")
    reason = "Step validate: The data did not pass the gate.\n"
    reason += "- Every event has a time: 3 of 9 rows have no time. Fill column 'at' at the source. row 4"
    write_failed_night(process, date(2026, 11, 21), reason, (), tmp_path / "orders" / "2026-11-21")
    write_site(tmp_path)
    pages = sorted(tmp_path.rglob("index.html"))
    assert len(pages) == 4
    for page in pages:
        parsed = html.fromstring(page.read_bytes())
        left = words(shown(parsed)) - words(SAME_EVERYWHERE) - words("validate at row") - words(empty.timezone)
        assert (page, parsed.get("lang"), left) == (page, "zh-CN", set())


def test_every_chart_in_chinese(chinese: Findings) -> None:
    with speaking(ZH):
        drawn = draw_charts(chinese.morning)
    for name, chart in drawn.items():
        for svg in (chart.wide, chart.phone):
            assert (name, words(shown(etree.fromstring(svg.encode()))) - names(chinese)) == (name, set())
    assert "10月" in drawn["trend"].wide and "2026年8月" in drawn["cohorts"].wide


def test_every_message_in_chinese() -> None:
    process = a_process(title="订单", owner={"name": "订单组", "language": "zh"})
    known = words(SAME_EVERYWHERE) | words("Deliver Ship goods region export orders validate pdf")
    for verdict in Verdict:
        for why in Why:
            alert = an_alert(verdict=verdict, note="Step validate: The data did not pass the gate.")
            left = words(message_in_chinese(alert, why)) - known - words(alert.alert)
            assert (verdict, why, left) == (verdict, why, set())
    with speaking(ZH):
        trial = trial_message_of(process, date(2024, 7, 13), "https://订单.example/")
        assert '<html lang="zh-CN">' in as_html(trial) and "订单：测试此通知渠道" in as_text(trial)


def message_in_chinese(alert: Alert, why: Why) -> str:
    process = a_process(title="订单", owner={"name": "订单组", "language": "zh"})
    telling = Telling(why, alert, "2024-07-13", alert)
    with speaking(process.told_in):
        return as_text(message_of(process, date(2024, 7, 13), [telling], "/夜/index.html".replace("index.html", "")))


# --- what findings keep ------------------------------------------------------------------------------------------------


def test_what_is_kept_is_said_in_the_language_and_the_rest_stays_english() -> None:
    text = "Step store: No event of orders has been loaded yet: nothing to mine.\ndisk full <b>"
    assert recalled(text) == text
    with speaking(ZH):
        assert recalled(text) == "步骤 store：orders 尚未加载任何事件：无可分析。\ndisk full <b>"
        assert [piece.known for piece in pieces(text)] == [True, True, True, False]
        assert recalled("1,200 events on Monday 2024-03-04, usually about 3,000. Is the source complete?") == (
            "2024-03-04（星期一）有 1,200 个事件，平时约 3,000 个。数据源是否完整？"
        )


def said_in(file: Path) -> set[str]:
    """Every text in a module, with {} for what is filled in."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {shape(text) for text in found}


def shape(text: str) -> str:
    return re.sub(r"\{\w*\}( \{\w*\})*", "{}", text).rstrip()


def test_kept_sentences_are_those_that_the_measures_say() -> None:
    """So that a sentence that is changed where it is said does not turn up in English again."""
    root = FOLDER.parents[1]
    files = [file for part in ("mining", "expectations") for file in (root / part).rglob("*.py")]
    said = set().union(*(said_in(file) for file in files if file.name != "recalled.py"))
    kept = [shape(text) for text in KEPT if text not in (NOT_RUN, NOT_ENDED)]
    assert [text for text in kept if text not in said and text.removesuffix("{}").rstrip() not in said] == []


def test_no_kept_sentence_is_taken_for_another() -> None:
    with speaking(ZH):
        for sentence in KEPT:
            fields = {name: "2024-03-04" if name == "day" else f"<{name}>" for name in holes(sentence)}
            said = recalled(sentence.format(**fields))
            fields |= {"weekday": "星期一"} if "weekday" in fields else {}
            assert said == _(sentence).format(**fields)
