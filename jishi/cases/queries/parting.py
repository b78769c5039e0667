"""这段话里有两件事: what the desk is shown when one text surely says several things, each with its matter and body."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import triage
from jishi.cases.models import Case, Report
from jishi.cases.triage import Stage, Words, parting
from jishi.duties import queries as duties


@dataclass(frozen=True, slots=True)
class Told:
    """One part: its own words, its matter by name and code, how sure, which words say so, whose it would be."""

    text: str
    matter: str
    name: str
    p: str
    why: str
    body: str


def of_report(report: Report, case: Case, *, now: datetime, lang: str) -> list[Told]:
    """Give the parts of a stored report; that of the case's own matter first; empty where it is one."""
    words = Words(
        text=report.text_shown, said_at=report.said_at, lng=report.source_lng, lat=report.source_lat,
        crs=report.source_crs, address_text=report.address_text, channel=report.channel, kind=report.kind,
    )  # fmt: skip
    return of_words(words, report.text_shown, now=now, lang=lang, first=case.matter)


def of_words(words: Words, shown: str, *, now: datetime, lang: str, first: str = "") -> list[Told]:
    """Give the parts of what is being said; nothing is stored. The lists say whose each would be at this place."""
    found = parting.parts_of(shown, day=localdate(now), first=first)
    if not found:
        return []
    asked = [replace(words, text=p.text, matter=p.matter, answers={}) for p in found]
    looked = triage.run(asked, now=now, compare=False)
    book = duties.matters()
    return [
        Told(
            part.text.strip(" ，,。；;\n")[:500], part.matter, book[part.matter].called(lang), f"{part.p:.0%}",
            part.reason, _body(seen, lang),
        )
        for part, seen in zip(found, looked, strict=True)
    ]  # fmt: skip


def _body(seen: triage.Looked, lang: str) -> str:
    first = next(iter(seen.stage(Stage.ROUTE).candidates), {})
    row = bodies.names().get(int(first["value"])) if first.get("value") else None
    return row.called(lang) if row is not None else ""
