"""Findings to make pages of: a realistic order process, one with hostile names, and one with nothing in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mining.findings import (
    Activity,
    Bottleneck,
    Check,
    Data,
    Findings,
    Flow,
    Graph,
    Interval,
    Kpis,
    Model,
    Rework,
    Severity,
    Variant,
)
from mining.flowchart import SCALES, Legend, choose_scale, draw_grid
from mining.pages.night_map import LevelMap

HOUR = 3600.0
DAY = 24 * HOUR

RECEIVE, CREDIT, PICK, SHIP, INVOICE, CLOSE = (
    "Receive order",
    "Check credit",
    "Pick goods",
    "Ship goods",
    "Send invoice",
    "Close order",
)
HOSTILE = (
    "<script>alert('x')</script>",
    "Quote \" and ' and & and `",
    "two\nlines\tand\x00nul",
    "مراجعة الطلب",
    "审核订单并通知客户",
    "Long " * 60,
    "</script><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\u202eevil\u202c {{ 7*7 }} %s",
)


PLAIN_LEGEND = Legend(SCALES[0], 100, "")


@dataclass(frozen=True)
class DrawnMap:
    """A chart as small as it can be, for tests of the page and not of the map."""

    activities_shown: int
    activities_total: int = 6
    flows_shown: int = 7
    flows_total: int = 9
    coverage: float = 0.96
    dot: str = "digraph {}"
    svg: str = "<svg/>"
    legend: Legend = PLAIN_LEGEND

    def inline_svg(self, prefix: str) -> str:
        return f'<svg id="{prefix}map" width="600" height="400" viewBox="0 0 600 400"></svg>'


def _flow(
    source: str, target: str, n: int, wait: float, *, median: float | None = None, timer: float | None = None
) -> Flow:
    median = wait * 0.7 if median is None else median
    return Flow(source, target, n, n, n * wait, wait, wait, median, wait * 2.1, 0, timer)


def _activity(
    name: str, events: int, cases: int, *, repeating: int = 0, starts: int = 0, ends: int = 0, open_: int = 0
) -> Activity:
    return Activity(name, events, cases, repeating, starts, ends, open_, 14 * 60.0 if name == PICK else None)


def order_graph() -> Graph:
    activities = (
        _activity(RECEIVE, 1170, 1170, starts=1170, open_=6),
        _activity(CREDIT, 1241, 1148, repeating=78, open_=12),
        _activity(PICK, 1102, 1079, repeating=21, open_=31),
        _activity(SHIP, 1048, 1048, open_=3),
        _activity(INVOICE, 1045, 1045, open_=39),
        _activity(CLOSE, 1079, 1079, ends=1079),
    )
    flows = (
        _flow(RECEIVE, CREDIT, 1148, 3.1 * HOUR),
        _flow(CREDIT, PICK, 1063, 1.9 * DAY, median=26 * HOUR),
        _flow(PICK, SHIP, 1045, 17 * HOUR, median=40 * 60),
        _flow(SHIP, INVOICE, 1045, 45.0),
        _flow(INVOICE, CLOSE, 1006, 14 * DAY, median=14 * DAY, timer=14 * DAY),
        _flow(CREDIT, CREDIT, 93, 2.4 * DAY),
        _flow(CREDIT, CLOSE, 73, 1.1 * DAY),
        _flow(PICK, PICK, 23, 5.2 * HOUR),
        _flow(RECEIVE, PICK, 16, 20 * 60.0),
    )
    return Graph(1170, 1079, 91, 6685, 6685, activities, 6, flows)


def _variants() -> tuple[Variant, ...]:
    straight = (RECEIVE, CREDIT, PICK, SHIP, INVOICE, CLOSE)
    return (
        Variant(straight, 842, 842 / 1170, 0, 17.4 * DAY, 1.0),
        Variant((RECEIVE, CREDIT, CLOSE), 73, 73 / 1170, 0, 1.3 * DAY, 1.0),
        Variant((RECEIVE, CREDIT, CREDIT, *straight[2:]), 61, 61 / 1170, 0, 20.1 * DAY, 1.0),
        Variant(straight[:-1], 39, 39 / 1170, 39, None, 0.94),
        Variant((RECEIVE, CREDIT, PICK), 31, 31 / 1170, 31, None, 0.9),
        Variant((RECEIVE, CREDIT, PICK, PICK, *straight[3:]), 19, 19 / 1170, 0, 18.2 * DAY, 0.97),
        Variant((RECEIVE, *straight[2:]), 16, 16 / 1170, 0, 15.6 * DAY, 0.97),
        Variant((RECEIVE, CREDIT, CREDIT, CREDIT, CREDIT, *straight[2:]), 3, 3 / 1170, 0, 31 * DAY, 1.0),
    )


def _bottlenecks() -> tuple[Bottleneck, ...]:
    def one(
        rank: int, path: tuple[str, str], share: float, n: int, waits: tuple[float, float], **more: object
    ) -> Bottleneck:
        told: dict[str, object] = {
            "open": 0,
            "mean_processing_s": None,
            "overtaken": None,
            "batched": None,
            "timer_s": None,
        }
        return Bottleneck(
            rank=rank,
            after=path[0],
            step=path[1],
            share=share,
            share_interval=Interval(share * 0.88, share * 1.13),
            n=n,
            visits_per_case=n / 1079,
            mean_sojourn_s=waits[0] * 1.1,
            mean_wait_s=waits[0],
            median_wait_s=waits[1],
            **(told | more),  # type: ignore[arg-type]
        )

    return (
        one(1, (CREDIT, PICK), 0.46, 1063, (1.9 * DAY, 26 * HOUR), open=12, overtaken=0.31, mean_processing_s=840.0),
        one(2, (PICK, SHIP), 0.19, 1045, (17 * HOUR, 40 * 60), open=31, batched=0.62, overtaken=0.02),
        one(3, (CREDIT, CREDIT), 0.07, 93, (2.4 * DAY, 1.7 * DAY)),
        one(4, (RECEIVE, CREDIT), 0.05, 1148, (3.1 * HOUR, 2.2 * HOUR), open=6),
        one(5, (CREDIT, CLOSE), 0.02, 73, (1.1 * DAY, 19 * HOUR)),
        one(6, (PICK, PICK), 0.004, 23, (5.2 * HOUR, 3 * HOUR)),
        replace(
            one(0, (INVOICE, CLOSE), 0.0, 1006, (14 * DAY, 14 * DAY), timer_s=14 * DAY, open=39),
            reason_not_ranked="71 % of the moves take exactly 14 d: a timer or a rule, not a queue.",
        ),
    )


def _checks() -> tuple[Check, ...]:
    passed = [
        ("time_readable", "Every event has a readable time"),
        ("case_present", "Every event belongs to a case"),
        ("activity_present", "Every event has an activity"),
        ("time_possible", "No event is in the future or before 1990"),
        ("volume", "About as many events came as in the last weeks"),
        ("freshness", "The newest event is recent"),
        ("resource_overlap", "Nobody works on two things at once"),
        ("after_end", "Nothing happens after a case has ended"),
    ]
    return (
        *(Check(rule, title, Severity.CRITICAL, True, 0, 6702, "") for rule, title in passed),
        Check(
            "exact_duplicate",
            "No event comes twice",
            Severity.WARNING,
            False,
            17,
            6702,
            "17 rows equal an earlier one in case, activity and time. Look at how the export joins its tables.",
            ("case 10234, Ship goods, 2026-10-29 16:02:11", "case 10391, Ship goods, 2026-11-03 09:40:57"),
            set_aside=True,
        ),
        Check(
            "similar_labels",
            "No two activities are spelled almost alike",
            Severity.WARNING,
            False,
            2,
            6,
            '"Send invoice" and "Send  invoice" may be the same activity.',
        ),
    )


def sample_findings() -> Findings:
    return Findings(
        process="orders",
        title="Order handling",
        owner="Order desk",
        night="2026-11-20",
        timezone="Europe/Berlin",
        data=Data(
            first_event="2026-02-02T07:12:09+00:00",
            last_event="2026-11-20T17:41:30+00:00",
            data_through="2026-11-20T23:00:00+00:00",
            new_events=212,
            quarantined=17,
            ties=0.004,
            ends_rule="declared: Close order, Cancel order",
            batches=41,
        ),
        checks=_checks(),
        kpis=Kpis(1170, 1079, 91, 6685, 17.2 * DAY, 22 * DAY, 148, 7, 99, "Half within 18 days", 18 * DAY, 604),
        graph=order_graph(),
        variants=_variants(),
        variants_total=41,
        model=Model("inductive miner, noise 0.2", 14, 17, 38, 0.984, 0.871, 0.742, 1077, 1170, 41),
        model_note="",
        bottlenecks=_bottlenecks(),
        rework=(
            Rework(CREDIT, 78, 78 / 1148, 93, 20.1 * DAY, 17.1 * DAY),
            Rework(PICK, 21, 21 / 1079, 23, 18.2 * DAY, 17.3 * DAY),
        ),
    )


def _hostile_variant(names: tuple[str, ...], cases: int, share: float) -> Variant:
    return Variant(names, cases, share, 0, DAY, None)


def hostile_findings() -> Findings:
    """The order process, with every name from the data replaced by one that could do harm."""
    graph = order_graph()
    renamed = dict(zip((activity.name for activity in graph.activities), HOSTILE, strict=False))
    good = sample_findings()
    return replace(
        good,
        title=HOSTILE[0],
        graph=replace(
            graph,
            activities=tuple(replace(a, name=renamed[a.name]) for a in graph.activities),
            flows=tuple(replace(f, source=renamed[f.source], target=renamed[f.target]) for f in graph.flows),
        ),
        bottlenecks=tuple(replace(b, after=renamed[b.after], step=renamed[b.step]) for b in good.bottlenecks),
        variants=(_hostile_variant(HOSTILE, 700, 0.6), _hostile_variant((HOSTILE[0], HOSTILE[1]) * 5000, 470, 0.4)),
        rework=tuple(replace(r, activity=name) for r, name in zip(good.rework, HOSTILE[5:7], strict=True)),
        checks=tuple(replace(c, title=HOSTILE[6], message=HOSTILE[0], examples=HOSTILE[:5]) for c in good.checks),
        kpis=replace(good.kpis, target_name=HOSTILE[5]),
        model_note=HOSTILE[0],
        data=replace(good.data, ends_rule=f"declared: {HOSTILE[6]}"),
    )


def empty_findings() -> Findings:
    """A process that nothing has happened in."""
    good = sample_findings()
    return replace(
        good,
        data=Data("", "", "2026-11-20T23:00:00+00:00", 0, 0, 0.0, "none seen", 0),
        checks=(),
        kpis=Kpis(0, 0, 0, 0, None, None, 0, 0, 0, None, None, None),
        graph=Graph(0, 0, 0, 0, 0, (), 0, ()),
        variants=(),
        variants_total=0,
        model=None,
        model_note="No case has finished, so there is nothing to make a model of.",
        bottlenecks=(),
        rework=(),
    )


def drawn_levels(findings: Findings) -> tuple[LevelMap, ...]:
    """Real maps of the order process: all six activities, and four of them."""
    names = [activity.name for activity in findings.graph.activities]
    few = [names[index] for index in (0, 1, 2, 5)]
    graphs = (_without_paper_work(findings.graph, few), findings.graph)
    grid = draw_grid(
        graphs,
        full=findings.graph,
        main=findings.variants[0].activities,
        bottlenecks=findings.bottlenecks,
        scale=choose_scale(findings.graph),
        title=findings.title,
    )
    return tuple(
        LevelMap(one.chart, default=one.opens and level == 1, phone=one.opens and level == 0, setting=one.setting)
        for level, maps in enumerate(grid)
        for one in maps
    )


def _without_paper_work(graph: Graph, kept: list[str]) -> Graph:
    """The order process without shipping and invoice: picked goods then lead to the end, or are open."""
    pick, close = kept[2], kept[3]
    activities = [activity for activity in graph.activities if activity.name in kept]
    activities[2] = replace(activities[2], open=31 + 3 + 39)
    flows = [flow for flow in graph.flows if {flow.source, flow.target} <= set(kept)]
    flows.append(replace(_flow(pick, close, 1006, 14.8 * DAY), skipping=1006))
    return replace(graph, activities=tuple(activities), flows=tuple(flows), events=sum(a.events for a in activities))
