"""What a process is: one YAML file, checked key by key."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from mining.languages import Language, language, languages
from mining.working_hours import checked_country, checked_days, checked_hours


class Part(BaseModel):
    """A part of a process file: immutable, and a key it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(minute|hour|day|week)s?\s*$", re.IGNORECASE)


def _duration(value: Any) -> Any:
    """Read "5 days", "36 hours", "2 weeks" as a timedelta; anything else is left to Pydantic to refuse."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(str(value))
    if not match:
        raise ValueError('write a number and a unit: "5 days", "36 hours", "90 minutes" or "2 weeks"')
    return timedelta(**{match[2].lower() + "s": float(match[1])})


_AGE = re.compile(r"^\s*(\d{1,3})\s*(day|week|month|year)s?\s*$", re.IGNORECASE)
_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}  # rather a day longer than one less


def _age(value: Any) -> Any:
    """Read "60 days", "18 months", "3 years" as a timedelta."""
    if isinstance(value, timedelta):
        return value
    match = _AGE.match(str(value))
    if not match or not int(match[1]):
        raise ValueError('write a whole number below 1,000 and a unit: "60 days", "8 weeks", "18 months" or "3 years"')
    return timedelta(days=int(match[1]) * _DAYS[match[2].lower()])


def _zone(value: Any) -> str:
    if value not in available_timezones():
        raise ValueError(f'"{value}" is no time zone; write an IANA name such as "Europe/Berlin" or "UTC"')
    return str(value)


def _language_code(value: str) -> str:
    known = [one.code for one in languages()]
    if value not in known:
        raise ValueError(f'there is no catalogue of "{value}"; write one of {", ".join(known)}')
    return value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("name at least one language, or leave the key away")
    return tuple(dict.fromkeys(value))


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
Age = Annotated[timedelta, BeforeValidator(_age, json_schema_input_type=str)]
Zone = Annotated[str, BeforeValidator(_zone, json_schema_input_type=str)]
LanguageCode = Annotated[str, AfterValidator(_language_code)]


class Owner(Part):
    """Who owns the process, and where messages to them go (Apprise URLs)."""

    name: str
    notify: tuple[str, ...] = ()
    language: LanguageCode | None = Field(
        default=None, description="of the messages: en, zh; the first language of the pages if absent"
    )


class SqlSource(Part):
    """Rows of a query. `:since` in it is replaced by the newest cursor value already loaded."""

    connection: str = Field(description="a SQLAlchemy URL, or the name of an Airflow connection")
    query: str
    cursor: str = Field(description="the result column that grows: usually the time of the last change")


class Source(Part):
    """Where events come from: exactly one of `files` and `sql`."""

    files: str | None = Field(
        default=None, description="a path or pattern: *.csv, .csv.gz, .csv.zip, .parquet, .xes, .xes.gz"
    )
    encoding: str = Field(default="utf-8", description="of CSV files: utf-8, utf-16 or latin-1")
    sql: SqlSource | None = None

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Self:
        if (self.files is None) == (self.sql is None):
            raise ValueError("a source has exactly one kind: `files` or `sql`")
        return self


class Columns(Part):
    """Which column of the source holds what. XES attributes go by their own names (`concept:name`, ...)."""

    case: str
    activity: str
    completed: str
    started: str | None = None
    resource: str | None = None
    order: str | None = Field(
        default=None, description="tie-break for events of a case at the same time: a number that grows"
    )
    event: str | None = Field(
        default=None, description="the event's own id: a later row of the same case and id corrects the earlier one"
    )


class Times(Part):
    """How times are written, where they are not ISO 8601."""

    format: str = Field(
        default="iso", description='"iso", "day-first", "month-first", or a pattern such as "%d.%m.%Y %H:%M"'
    )
    ambiguous: Literal["earlier", "later"] = Field(
        default="earlier", description="the hour that happens twice in autumn"
    )
    nonexistent: Literal["refuse", "shift"] = Field(default="refuse", description="the hour that is skipped in spring")
    missing: tuple[str, ...] = Field(default=("", "?"), description="texts that mean: no value")


class Clock(Part):
    """Where the cycle time ends, if that is not the last event."""

    stops: tuple[str, ...] = Field(description="the goal steps: what comes after them is a timer or paper work")


class Calendar(Part):
    """Working time, where it is not to be learned from the log."""

    days: Annotated[str, AfterValidator(checked_days)] = Field(
        default="mon-fri", description='weekdays and ranges of them: "mon-fri", "mon,wed-fri", "sun-thu"'
    )
    hours: Annotated[str, AfterValidator(checked_hours)] = Field(
        default="00:00-24:00", description='local time: "08:00-17:00", or "08:00-12:00, 13:00-17:00"'
    )
    holidays: Annotated[str, AfterValidator(checked_country)] | None = Field(
        default=None, description="a country code of the `holidays` library, such as DE or US-CA"
    )


class Target(Part):
    """A goal with a number and, if wanted, a date."""

    name: str
    measure: Literal["cycle time"] = "cycle time"
    quantile: float = Field(default=0.5, gt=0, lt=1)
    at_most: Duration
    by: date | None = None


class Alerts(Part):
    """When to be told; how it is found out is not a setting."""

    false_per_year: float = Field(
        default=1, gt=0, le=52, description="how many alerts a year may come by chance; fewer: later and surer"
    )
    grace: Duration = Field(
        default=timedelta(hours=6),
        description="so long after `nightly_at` a night must be there, else that is an alert",
    )


class KeptNights(Part):
    """Which published nights stay, by their age when a newer one is published."""

    daily: Age = Field(default=timedelta(days=60), description="up to this age every night")
    weekly: Age = Field(default=timedelta(days=366), description="older ones: up to this age the last of each week")
    monthly: Age | None = Field(
        default=None, description="older ones still: up to this age the last of each month; for ever if absent"
    )


class Keep(Part):
    """How long things are kept."""

    events: Age | None = Field(
        default=None, description="cases whose last event is older are dropped; for ever if absent"
    )
    nights: KeptNights | Literal["all"] = KeptNights()


class Process(Part):
    """One process, as `processes/NAME.yaml` says it."""

    process: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="short name; equals the file's name")
    title: str
    owner: Owner | None = None
    source: Source
    columns: Columns
    activity_means: Literal["completed", "entered"] = "completed"
    resources: Literal["hashed", "shown", "dropped"] = Field(
        default="hashed", description="who did it: kept under a pseudonym, under the clear name, or not at all"
    )
    segments: tuple[str, ...] = ()
    languages: Annotated[tuple[LanguageCode, ...], AfterValidator(_each_once)] | None = Field(
        default=None, description="of the pages, the first one first: [en], [zh, en]; all that there are if absent"
    )
    ends: tuple[str, ...] = ()
    clock: Clock | None = None
    timezone: Zone | None = None
    times: Times = Times()
    calendar: Calendar | None = None
    targets: tuple[Target, ...] = ()
    alerts: Alerts = Alerts()
    site: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="where people find the folder `nights`, for links in messages: https://mill.example.com/nights",
    )
    case_link: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/{}]+/[^\s{}]*\{case\}[^\s{}]*$",
        description="where the source system shows a case: https://tickets.example.com/show?id={case}",
    )
    keep: Keep = Keep()
    nightly_at: str = Field(
        default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="local time of the nightly run"
    )

    # Where the YAML lies: file patterns are relative to it. Set by `process_file.load`, not by the file.
    folder: SkipJsonSchema[Path] = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _resources_can_be_hidden(self) -> Self:
        hidden = self.columns.resource if self.resources != "shown" else None
        cursor = self.source.sql.cursor if self.source.sql else None
        given = {"columns.completed": self.columns.completed, "columns.started": self.columns.started}
        given |= {"columns.order": self.columns.order, "source.sql.cursor": cursor}
        if self.resources == "dropped":
            given |= {"columns.case": self.columns.case, "columns.activity": self.columns.activity}
        for key, column in given.items():
            if hidden is not None and column == hidden:
                raise ValueError(
                    f"columns.resource and {key} are both {hidden!r}, which `resources: {self.resources}` hides; "
                    "name another column, or write `resources: shown`"
                )
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the business day; UTC where the file names none."""
        return ZoneInfo(self.timezone or "UTC")

    @property
    def language_codes(self) -> tuple[str, ...]:
        """Codes of the languages of the pages, the first one first."""
        return self.languages or tuple(one.code for one in languages())

    @property
    def spoken(self) -> tuple[Language, ...]:
        """The languages of the pages."""
        return tuple(map(language, self.language_codes))

    @property
    def told_in(self) -> Language:
        """The language of the messages to the owner."""
        return language(self.owner.language) if self.owner and self.owner.language else self.spoken[0]

    @property
    def final_activities(self) -> frozenset[str]:
        """Activities at which the clock of a case stands still."""
        return frozenset(self.ends) | frozenset(self.clock.stops if self.clock else ())
