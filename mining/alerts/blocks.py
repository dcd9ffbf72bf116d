"""What a message is made of, before anything is known of where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mining.register import Telling


class Tone(StrEnum):
    """What a message or a part of it feels like to its reader."""

    WORSE = "worse"
    BROKEN = "broken"
    BETTER = "better"
    CALM = "calm"


@dataclass(frozen=True)
class Headline:
    text: str
    tone: Tone


@dataclass(frozen=True)
class Facts:
    rows: tuple[tuple[str, str], ...]  # label and value


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Link:
    label: str
    address: str  # https://..., or the path of a file where the pages have no address


Block = Headline | Facts | Paragraph | Link


@dataclass(frozen=True)
class Message:
    """One message of one process and night. All texts are plain, on one line each, and may hold any character."""

    process: str
    title: str
    night: str  # YYYY-MM-DD
    tone: Tone
    subject: str
    blocks: tuple[Block, ...]
    tellings: tuple[Telling, ...]
    page: str  # of the night: an address or a path
    owner: str | None
