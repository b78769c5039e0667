"""通知: what is said to whom, and how it reaches a person, read from the lives' tables and institutions/notices/."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache
from typing import Any

from django.conf import settings

from jishi.cases.states import LIVES, TOPIC
from jishi.kernels.procedure import Spoken

PLACES = ("number", "due", "body", "ground", "item", "text", "channel", "topic")  # what a sentence may name in braces


@dataclass(frozen=True, slots=True)
class Template:
    """One notice: whom it is for, its words by language, and where its day, body and quotation come from."""

    code: str
    to: str
    text: Spoken
    due: str = ""
    body: str = "lead"
    said: str = ""
    bodies: str = ""
    at_once: bool = False
    not_from: tuple[str, ...] = ()
    link: str = ""  # which page its letter leads to: feedback
    own: Mapping[str, Spoken] = field(default_factory=dict)  # by channel, where it has words of its own

    def words(self, channel: str, lang: str) -> str:
        """Give the sentence of one channel in one language, with its braces."""
        return self.own.get(channel, self.text).in_(lang)


@dataclass(frozen=True, slots=True)
class Channel:
    """One way of telling: its limits in characters, and the frame around the sentences."""

    code: str
    name: Spoken
    longest: int
    words_longest: int
    head: Spoken
    many: Spoken
    rest: Spoken
    foot: Spoken
    subject: Spoken
    quiet: Spoken  # all that is said to whom nothing may betray
    link: Spoken  # how an address is given


@dataclass(frozen=True, slots=True)
class Edition:
    """All of it, as it holds from one day on."""

    number: int
    first_day: date
    quiet_from: time
    quiet_to: time
    channels: Mapping[str, Channel]
    templates: Mapping[str, Template]


class NoEdition(LookupError):
    """No edition of the notices holds on this day, or the number is unknown."""


def on(day: date) -> Edition:
    """Give the edition in force on a day. :raises NoEdition: none is."""
    held = [e for e in editions() if e.first_day <= day]
    if not held:
        raise NoEdition(day)
    return max(held, key=lambda e: e.first_day)


def numbered(number: int) -> Edition:
    """Give one edition, for what it wrote. :raises NoEdition: there is none of this number."""
    for edition in editions():
        if edition.number == number:
            return edition
    raise NoEdition(number)


@cache
def editions() -> tuple[Edition, ...]:
    """Read every edition."""
    folder = settings.INSTITUTIONS_DIR / "notices"
    return tuple(_edition(tomllib.loads(p.read_text(encoding="utf-8"))) for p in sorted(folder.glob("*.toml")))


def _edition(raw: Mapping[str, Any]) -> Edition:
    rows = {row["code"]: row for row in raw["messages"]}
    said = {m.code: (m.to, m.text) for life in reversed((*LIVES, TOPIC)) for m in life.messages}
    own = {code: (row["to"], Spoken(row["zh"], row["en"])) for code, row in rows.items() if "zh" in row}
    channels = {row["code"]: _channel(row) for row in raw["channels"]}
    return Edition(
        number=raw["edition"],
        first_day=raw["from"],
        quiet_from=time.fromisoformat(raw["quiet"]["from"]),
        quiet_to=time.fromisoformat(raw["quiet"]["to"]),
        channels=channels,
        templates={
            code: _template(code, to, text, rows.get(code, {}), channels) for code, (to, text) in (said | own).items()
        },
    )


def _template(
    code: str, to: str, text: Spoken, row: Mapping[str, Any], channels: Mapping[str, Channel]
) -> Template:
    return Template(
        code, to, text, due=row.get("due", "promise" if to == "caller" else ""), body=row.get("body", "lead"),
        said=row.get("text", ""), bodies=row.get("bodies", ""), at_once=row.get("at_once", False),
        not_from=tuple(row.get("not_from", ())), link=row.get("link", ""),
        own={c: Spoken(row[f"{c}_zh"], row[f"{c}_en"]) for c in channels if f"{c}_zh" in row},
    )  # fmt: skip


def _channel(row: Mapping[str, Any]) -> Channel:
    def both(name: str) -> Spoken:
        return Spoken(row.get(f"{name}_zh", ""), row.get(f"{name}_en", ""))

    return Channel(
        row["code"], Spoken(row["zh"], row["en"]), row["longest"], row["words_longest"], both("head"), both("many"),
        both("rest"), both("foot"), both("subject"), both("quiet"),
        both("link"),
    )  # fmt: skip
