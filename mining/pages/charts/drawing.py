"""From Altair's specifications to SVG by vl-convert: for the page at two widths, with a name for screen readers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from markupsafe import Markup

from mining.languages import _, pgettext
from mining.morning_findings import Morning
from mining.pages.charts.palette import COLOURS
from mining.pages.engine import Engine, Spec, engine_here

FONT: Final = "Arial"
_SVG: Final = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Drawing:
    """One chart in both sizes, for the page; `wide` is also the file to download."""

    name: str
    wide: str
    phone: str

    @property
    def inline(self) -> Markup:
        """Both; the page's styles show one of them."""
        return Markup(f'<div class="chart at-desk">{self.wide}</div><div class="chart at-phone">{self.phone}</div>')  # noqa: S704 - our own SVG, escaped by lxml


@dataclass(frozen=True)
class Ordered:
    """A chart that the engine works on."""

    name: str
    label: str
    wide: Future[str]
    phone: Future[str]

    def drawn(self) -> Drawing:
        """What comes of it, finished in the spoken language, which has to be that in which it was ordered."""
        wide, phone = self.wide.result(), self.phone.result()
        return Drawing(
            self.name,
            _finished(wide, f"{self.name}-desk", self.label),
            _finished(phone, f"{self.name}-phone", self.label),
        )


def draw_charts(morning: Morning | None, engine: Engine = engine_here) -> dict[str, Drawing]:
    """The charts that there is something for, by name: trend, cohorts, workload, spectrum. The same bytes every time."""
    return {chart.name: chart.drawn() for chart in order_charts(morning, engine)}


def has_charts(morning: Morning) -> bool:
    """Whether there is something to draw."""
    return any((morning.trend, morning.curves, morning.workload, morning.spectrum))


def order_charts(morning: Morning | None, engine: Engine) -> tuple[Ordered, ...]:
    """Have the engine draw them, in the spoken language."""
    if morning is None or not has_charts(morning):
        return ()
    from altair.utils.schemapi import debug_mode  # noqa: PLC0415 - Altair takes a second to import

    from mining.pages.charts.axes import DESK, PHONE  # noqa: PLC0415
    from mining.pages.charts.cohorts_chart import cohorts_chart  # noqa: PLC0415
    from mining.pages.charts.spectrum_chart import spectrum_chart  # noqa: PLC0415
    from mining.pages.charts.trend_chart import trend_chart  # noqa: PLC0415
    from mining.pages.charts.workload_chart import workload_chart  # noqa: PLC0415

    made: dict[str, tuple[Any, Any, str]] = {
        "trend": (morning.trend, trend_chart, _("Typical time by week")),
        "cohorts": (morning.curves, cohorts_chart, _("Share finished by age, per month of start")),
        "workload": (morning.workload, workload_chart, _("Steps by week and resource")),
        "spectrum": (morning.spectrum, spectrum_chart, _("Moves at the worst bottleneck")),
    }
    with debug_mode(False):  # trying every part against the schema takes longer than drawing; a test does it
        return tuple(
            Ordered(name, label, *(engine(_spec(chart(found, size))) for size in (DESK, PHONE)))
            for name, (found, chart, label) in made.items()
            if found is not None
        )


def _spec(chart: Any) -> Spec:
    """Not by `chart.configure`, which would copy all of it once more."""
    return {**chart.to_dict(validate=False), "config": _config()}


def _finished(svg: str, prefix: str, label: str) -> str:
    """The chart as SVG: with a name for screen readers, and what is said of each mark also shown where one points at it."""
    root = etree.fromstring(svg.encode())
    root.set("role", "group")
    root.set("aria-label", label)
    _number_ids(root, prefix)
    _say_guides(root)
    for element in root.iter(f"{_SVG}*"):
        if element.get("role") == "graphics-symbol" and element.get("aria-label"):
            element.set("role", "img")
            etree.SubElement(element, f"{_SVG}title").text = element.get("aria-label")
        elif element.get("role") in ("graphics-object", "graphics-symbol"):  # a layer may have nothing to show, or say
            del element.attrib["role"]
        element.attrib.pop("aria-roledescription", None)
    return str(etree.tostring(root, encoding="unicode"))


def _say_guides(root: Any) -> None:
    """Axes and keys by the words that stand on them: the engine's own sentences are English, and full of decimals."""
    guides = {"role-axis": _("Axis: {words}"), "role-legend": _("Key: {words}")}
    between = pgettext("between parts of a sentence", ", ")
    for element in root.iter(f"{_SVG}g"):
        kinds = set(element.get("class", "").split()) & set(guides)
        if kinds and element.get("aria-label"):
            words = between.join(text.text for text in element.iter(f"{_SVG}text") if text.text)
            element.set("aria-label", guides[kinds.pop()].format(words=words))


def _number_ids(root: Any, prefix: str) -> None:
    """Ids of the chart's own: the engine counts on from chart to chart, so that its own differ from run to run."""
    told = {element.get("id"): f"{prefix}-{number}" for number, element in enumerate(root.xpath("//*[@id]"))}
    for element in root.iter(f"{_SVG}*"):
        if "id" in element.attrib:
            element.set("id", told[element.get("id")])
        if element.get("clip-path", "").startswith("url(#"):
            element.set("clip-path", f"url(#{told[element.get('clip-path')[5:-1]]})")


def _config() -> dict[str, Any]:
    from mining.pages.charts.axes import time_words  # noqa: PLC0415 - imports Altair

    text = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": COLOURS["secondary"],
        "titleColor": COLOURS["secondary"],
    }
    sizes = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    lines = {"domainColor": COLOURS["border"], "tickColor": COLOURS["border"], "gridColor": COLOURS["line"]}
    return {
        "locale": {"time": time_words()},
        "background": COLOURS["card"],
        "padding": 4,
        "autosize": {"type": "fit", "contains": "padding"},
        "font": FONT,
        "view": {"stroke": None},
        "axis": {**text, **sizes, **lines},
        "legend": {**text, **sizes, "symbolStrokeWidth": 0},
        "text": {"font": FONT, "fontSize": 12, "color": COLOURS["secondary"]},
    }
