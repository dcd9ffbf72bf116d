"""A message as plain text, Markdown, the HTML of a mail, and JSON. Names from the data can do nothing in any of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mining.alerts.blocks import Block, Facts, Headline, Link, Message, Paragraph
from mining.alerts.lines import as_line
from mining.languages import pgettext, spoken

VERSION = 1  # of the JSON
_ZERO_WIDTH_SPACE = "\u200b"
# What chats and mail programs make a mention or a link of by themselves.
_LIVE = re.compile(r"(?<=@)(?=\w)|(?<=<)(?=[!@#])|(?<=\w:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_BEFORE_A_UNIT = re.compile(r"(?<=\d) (?=%|[^\W\d_])")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&~|])")
_BEGINS_A_BLOCK = re.compile(r"^(\s*)([#+=>-]|\d+(?=[.)]))")


def as_text(message: Message) -> str:
    """Plain text: a line for each fact."""
    return _joined(_text(block) for block in message.blocks)


def as_markdown(message: Message) -> str:
    """CommonMark, of the kind that chats understand as well: bold, lists and links."""
    return _joined(_markdown(block) for block in message.blocks)


def as_html(message: Message) -> str:
    """A whole page for mail programs: tables and inline styles, no picture, nothing loaded, dark where the reader is."""
    return _templates().get_template("mail.html").render(message=message, kind=lambda block: type(block).__name__)


def as_json(message: Message) -> dict[str, Any]:
    """For programs: exact names, numbers as numbers, and the plain text."""
    return {
        "headrace": VERSION,
        "process": message.process,
        "title": message.title,
        "owner": message.owner,
        "night": message.night,
        "tone": message.tone.value,
        "subject": message.subject,
        "page": message.page,
        "alerts": [
            {
                "why": telling.why.value,
                **as_line(telling.alert),
                "opened": telling.opened,
                "score": telling.alert.score,
                "level": telling.alert.interval.level,
                "decomposition": asdict(telling.alert.decomposition) if telling.alert.decomposition else None,
                "note": telling.alert.note,
            }
            for telling in message.tellings
        ],
        "text": as_text(message),
    }


def json_text(message: Message) -> str:
    """The JSON in a fixed form; two messages that say the same are equal."""
    return json.dumps(as_json(message), ensure_ascii=False, indent=2, allow_nan=False)


def inert(text: str) -> str:
    """The same to look at, but no chat makes a mention of it and no mail program a link."""
    return _LIVE.sub(_ZERO_WIDTH_SPACE, text)


def together(text: str) -> str:
    """Inert, with each number on one line with what it counts."""
    return _BEFORE_A_UNIT.sub("\u00a0", inert(text))


def is_link(link: Link) -> bool:
    """Whether it leads to an address that a browser opens, not to a file."""
    return link.address.startswith(("http://", "https://"))


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks)


def _text(block: Block) -> str:
    match block:
        case Facts(rows):
            return "\n".join(inert(_labelled(label, value) if label else f"  {value}") for label, value in rows)
        case Link(label, address):
            return _labelled(label, address)
        case Headline(text) | Paragraph(text):
            return inert(text)


def _markdown(block: Block) -> str:
    match block:
        case Headline(text):
            return f"**{_escaped(text)}**"
        case Facts(rows):
            return "\n".join(
                f"- {_labelled(f'**{label}**', _escaped(value))}" if label else f"  {_plain(value)}"
                for label, value in rows
            )
        case Link(label, address):
            return (
                f"[{_escaped(label)}](<{address}>)" if is_link(block) else _labelled(_escaped(label), _escaped(address))
            )
        case Paragraph(text):
            return _plain(text)


def _labelled(label: str, value: str) -> str:
    return pgettext("label and value", "{label}: {value}").format(label=label, value=value)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", inert(text))


def _plain(text: str) -> str:
    """At the beginning of a line, where a number or a sign would begin a list or a heading."""
    return _BEGINS_A_BLOCK.sub(
        lambda found: f"{found[1]}\\{found[2]}" if not found[2].isdigit() else found[0], _escaped(text)
    )


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["together"] = together
    templates.globals |= {"spoken": spoken, "labelled": _labelled}
    templates.tests["link"] = is_link
    return templates
