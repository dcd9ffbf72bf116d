"""A night on one sheet of paper, for the weekly meeting: the page's own words and pictures, set by Typst."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from lxml import html

from mining.findings import Bottleneck, Changed, Findings, PathChange
from mining.flowchart import plain
from mining.flowchart.labels import display_name
from mining.languages import _, spoken
from mining.pages.attention import attention
from mining.pages.charts import Drawing
from mining.pages.rendering import HERE, page_text, recalled
from mining.pages.wording import UNKNOWN, day, duration, pair, percent

FILE: Final = "night.pdf"
BOTTLENECKS, NOTICES, CHANGES = 5, 3, 5
_ARIAL: Final = re.compile("(Helvetica, )?Arial")
_FONT: Final = "Liberation Sans"  # Arial's widths, by the name that Typst finds it under


def one_page(findings: Findings, map_svg: str, charts: Mapping[str, Drawing]) -> bytes:
    """The sheet as PDF, in the spoken language; the same bytes every time.

    Letters of the language and of the names come from the machine's fonts: Chinese needs one, such as Noto Sans CJK.
    """
    import typst  # noqa: PLC0415 - 30 MB of typesetting

    told = _told(findings) | {"map": _ARIAL.sub(_FONT, plain(map_svg)), "shape": _shape(map_svg)}
    if "trend" in charts:
        told["trend"] = _ARIAL.sub(_FONT, charts["trend"].wide)
    source = (HERE / "templates" / "night.typ").read_bytes()
    return bytes(typst.compile(source, sys_inputs={"told": json.dumps(told)}))


def _shape(svg: str) -> float:
    """Its width by its height."""
    width, height = (float(re.findall(rf'\b{side}="([\d.]+)', svg)[0]) for side in ("width", "height"))
    return width / height


def _told(findings: Findings) -> dict[str, Any]:
    """What stands on it: texts, which are never read as commands."""
    headline = findings.morning.headline if findings.morning else None
    seen = attention(findings.watch, findings.owner, headline) if findings.watch else None
    ranked = sorted((found for found in findings.bottlenecks if found.rank), key=lambda found: found.rank)
    good = sum(check.passed for check in findings.checks)
    return {
        "lang": spoken().code,
        "title": display_name(findings.title),
        "through": _("Data through {day}").format(day=day(findings.night)),
        "checks": _("{good}/{all} data checks passed").format(good=good, all=len(findings.checks)),
        "tone": headline.tone.value if headline else "steady",
        "verdict": _text("night/one_sentence.html", findings=findings, headline=headline, ranked=ranked),
        "figures": _figures(findings),
        "trend_title": _("Is it getting better or worse?"),
        "attention_title": _("Needs attention"),
        "attention": [notice.headline for notice in seen.notices[:NOTICES]] if seen else [],
        "calm": seen.calm if seen else "",
        "map_title": _("Where does the time go?"),
        "bottlenecks_title": _("The largest shares of the cycle time"),
        "bottlenecks": [_bottleneck(found) for found in ranked[:BOTTLENECKS]],
        "changes_title": _("What changed?"),
        "changes": _changes(findings.changed),
        "no_change": _no_change(findings.changed),
    }


def _figures(findings: Findings) -> list[dict[str, Any]]:
    """The key figures as the page says them."""
    shown = html.fragment_fromstring(
        _page("night/kpis.html", findings=findings, kpis=findings.kpis), create_parent=True
    )
    return [
        {
            "name": _line(figure.findtext("dt") or figure.find("dt").text_content()),
            "value": _line(figure.findall("dd")[0].text_content()),
            "notes": [_line(note.text_content()) for note in figure.findall("dd")[1:]],
            "tone": next((tone for tone in ("good", "bad") if figure.xpath(f"dd[contains(@class, ' {tone}')]")), ""),
        }
        for figure in shown.xpath(".//dl[@class='kpis']/div")
    ]


def _bottleneck(found: Bottleneck) -> dict[str, str]:
    return {
        "way": _way(found.after, found.step),
        "share": percent(found.share),
        "wait": duration(found.mean_sojourn_s),
    }


def _changes(changed: Changed | None) -> list[dict[str, str]]:
    told = [path for path in changed.paths if path.slower or path.faster] if changed else []
    return [
        {"way": _way(path.source, path.target), "sign": _sign(path), "wait": _waits(path)} for path in told[:CHANGES]
    ]


def _no_change(changed: Changed | None) -> str:
    """What to say where no change is told; why, where nothing could be compared."""
    if changed is not None and changed.note:
        return _line(html.fragment_fromstring(recalled(changed.note), create_parent=True).text_content())
    return _("Nothing changed that can be told from chance.")


def _sign(path: PathChange) -> str:
    return "▲" if path.slower else "▼"


def _waits(path: PathChange) -> str:
    if path.wait_before_s is None or path.wait_after_s is None:
        return UNKNOWN
    return pair(path.wait_before_s, path.wait_after_s)


def _way(source: str, target: str) -> str:
    return f"{display_name(source)} → {display_name(target)}"


def _page(template: str, **shown: object) -> str:
    return page_text(template, editions={}, **shown)


def _text(template: str, **shown: object) -> str:
    """What a template says, without its marks."""
    return _line(html.fragment_fromstring(_page(template, **shown), create_parent=True).text_content())


def _line(text: str) -> str:
    """Without the breaks of the template; blanks that hold a number and its unit together stay."""
    return re.sub("[ \n]+", " ", text).strip()
