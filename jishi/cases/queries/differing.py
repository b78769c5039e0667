"""What of a case differs from what somebody saw: field by field, who changed it last and when, read from its trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jishi.bodies import queries as bodies
from jishi.cases.models import Case
from jishi.cases.states import CASE, Status, Urgency
from jishi.duties import queries as duties
from jishi.foundation import trail

FIELDS = ("status", "lead", "matter", "urgency", "due", "tags")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: as it was when it was seen, as it is, which entry changed it last."""

    field: str
    then: Any
    now: Any
    seq: int
    at: datetime
    verb: str
    actor: str


def since(case: Case, entries: Sequence[trail.Entry], seen: int, *, lang: str) -> list[Difference]:
    """Compare the case with its version `seen`, by the entries made after it. Values in words; moments stay moments."""
    after = [e for e in entries if int(e.codes.get("version", 0)) > seen]
    before = [e for e in entries if int(e.codes.get("version", 0)) <= seen]
    found = []
    for field in FIELDS:
        touched = [e for e in after if _value(field, e.codes) is not None]
        if not touched:
            continue
        then, now = _then(field, before, touched[0]), _now(field, case)
        if then != now:
            last = touched[-1]
            said = _said(field, then, lang), _said(field, now, lang)
            found.append(Difference(field, *said, last.seq, last.at, last.verb, last.actor))
    return found


def _value(field: str, codes: Mapping[str, Any]) -> Any:
    """What an entry says of a field: None where it says nothing."""
    if field == "lead":  # it changes with the state
        return codes.get("body") or 0 if "status" in codes else None
    return codes.get(field)


def _then(field: str, before: Sequence[trail.Entry], first: trail.Entry) -> Any:
    """The value that was seen: what the first change says it came from, or what the last entry before said."""
    named = {"matter": "from", "urgency": "from", "due": "due_from", "tags": "tags_from"}.get(field)
    if named and named in first.codes:
        return first.codes[named]
    told = [v for e in before if (v := _value(field, e.codes)) is not None]
    if field == "lead":
        return _led(before)
    return told[-1] if told else ("RECEIVED" if field == "status" else "")


def _led(entries: Sequence[trail.Entry]) -> int:
    """Who led after these entries: whoever was asked last, nobody while it waits at the desk."""
    lead = 0
    for entry in entries:
        if "status" in entry.codes:
            lead = 0 if entry.codes["status"] == Status.RECEIVED else int(entry.codes.get("body") or lead)
    return lead


def _now(field: str, case: Case) -> Any:
    return {
        "status": case.status, "lead": case.lead_id or 0, "matter": case.matter, "urgency": case.urgency,
        "due": case.promise_due_at.isoformat() if case.promise_due_at else "", "tags": list(case.tags),
    }[field]  # fmt: skip


def _said(field: str, value: Any, lang: str) -> Any:
    if not value:
        return ""
    if field == "status":
        name = CASE.state(value).name
        return name.zh if lang == "zh" else name.en
    if field == "lead":
        body = bodies.names().get(value)
        return body.called(lang) if body else ""
    if field == "matter":
        matter = duties.matters().get(value)
        return matter.called(lang) if matter else value
    if field == "due":
        return datetime.fromisoformat(value)
    if field == "urgency":
        return Urgency(value).label if lang == "zh" else value
    return " ".join(value)
