"""What a program sends: a report, an update; translated, then one verb (spec 13 §§5.3, 7)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.translation import gettext as _

from jishi.accounts.actions import clients
from jishi.cases.actions import arrival, fetching, intake, photos, programs
from jishi.cases.models import Case, Program
from jishi.cases.open311 import asking, telling
from jishi.cases.open311.answers import Answer, Fault, Wrong
from jishi.cases.open311.asking import Given, Served
from jishi.cases.queries import public, risks, standing
from jishi.cases.refusals import TooManyPosts
from jishi.cases.states import Channel, Voice
from jishi.duties import queries as duties
from jishi.foundation import idempotency, scope, uploads
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.foundation.tenants import Tenant
from jishi.places import queries as places

LONGEST = 4000  # characters of a description
LONGEST_URL = 500
FAR_M = 2000.0  # coordinates and address that lie farther apart are marked
STATES = (
    "OPEN", "INVESTIGATING", "IN_PROGRESS", "ACTION_SCHEDULED", "FIXED", "NO_FURTHER_ACTION",
    "NOT_COUNCILS_RESPONSIBILITY", "DUPLICATE", "CLOSED",
)  # fmt: skip
NEVER_KEPT = ("api_key", "jurisdiction_id")


@dataclass(frozen=True, slots=True)
class Sender:
    """The program that sends, and for whom we take it."""

    actor: Actor
    program: Program
    tenant: Tenant
    served: Served
    key: str  # Idempotency-Key, or empty


def enter(request: HttpRequest, given: Given, *, tenant: Tenant, served: Served, now: datetime) -> Sender:
    """Let a program in by its key. :raises Wrong: 403 no key, not one of ours; 429 it has sent what it may."""
    key = given.one("api_key")
    if not key:
        raise Wrong(Fault(403, "api_key was not provided"))
    if given.key_in_address:
        raise Wrong(Fault(403, "api_key was not provided in the body; have the one in the address replaced"))
    try:
        actor, program = programs.enter(key, tenant_id=tenant.id, now=now)
        programs.count_post(program, now=now)
    except clients.KeyUnknown:
        raise Wrong(Fault(403, "api_key is not valid")) from None
    except TooManyPosts as no:
        seconds = str(no.facts["seconds"])
        raise Wrong(Fault(429, no.sentence("en")), headers={"Retry-After": seconds}) from None
    return Sender(actor, program, tenant, served, request.headers.get("Idempotency-Key", "").strip())


# --- a report ----------------------------------------------------------------------------------------------


def report(given: Given, sender: Sender, *, now: datetime) -> Answer:
    """Take one report in by the way of every channel. :raises Wrong: everything that is wrong with it, at once."""
    matter, faults = _matter(given)
    pin, placed = _place(given)
    answers, wrong = _answers(given, matter) if matter else ({}, [])
    faults += placed + wrong + _text_faults(given)
    if faults or matter is None:
        raise Wrong(*faults)
    one = arrival.Incoming(
        text=given.one("description") or matter.name, channel=Channel.OPEN311, matter=matter.code, answers=answers,
        lng=pin[1] if pin else None, lat=pin[0] if pin else None, crs=sender.program.datum if pin else "",
        address_text=given.one("address_string")[:200], attributes=_attributes(given, pin, sender.program.datum),
        lang="en" if telling.lang() == "en" else "zh-Hans", **_person(given, sender.tenant),
    )  # fmt: skip
    told = _once(given, sender, lambda: _taken(one, given, sender, now), now)
    return Answer("service_requests", [{**told, "account_id": given.one("account_id") or None}])


def _taken(one: arrival.Incoming, given: Given, sender: Sender, now: datetime) -> dict[str, Any]:
    try:
        shots = [] if sender.tenant.is_trial else photos.ready(uploads.sent(given.media))
        done = intake.receive(one, by=sender.actor, now=now, tenant_code=sender.tenant.code)
        photos.add(done.report_id, shots, may_publish=False, by=sender.actor, now=now)
        if given.one("media_url") and not sender.tenant.is_trial:  # nothing of the test jurisdiction goes outside
            fetching.name(done.report_id, done.case_id, now=now)
    except Refused as no:
        raise Wrong(Fault(400, no.sentence("en"))) from None
    danger = risks.sentence(risks.of_own_words(done.heard))  # before any day of reply (12 §7)
    notice = " ".join(filter(None, [danger, standing.promise(Case.objects.get(id=done.case_id))]))
    told = {"service_notice": _unkept(given, notice, kept=bool(shots))}
    if sender.served.answers_with_token:
        return {"token": programs.give_token(done.report_id, by=sender.actor, now=now), **told}
    return {"service_request_id": done.number, **told}


def _unkept(given: Given, notice: str | None, *, kept: bool = False) -> str | None:
    """Say so where something that came along was not kept: on trial, with an update, or not under `media`."""
    said = _("随附的文件没有保存：照片请放在 media 里，随诉求一起发。") if given.files and not kept else ""
    return " ".join(filter(None, [notice, said])) or None


def _matter(given: Given) -> tuple[Any, list[Fault]]:
    code = given.one("service_code")
    if not code:
        return None, [Fault(400, "service_code was not provided")]
    row = duties.matter(code)
    if row is not None and row.public and row.is_leaf:
        return row, []
    return None, [no_service(code)]


def no_service(code: str) -> Fault:
    """Say that a service is not there; of a retired one, what it has become."""
    past = duties.past_matters([code]).get(code) if len(code) <= 40 and duties.matter(code) is None else None
    became = f"; it is now {', '.join(past[2])}" if past and past[2] else ""
    return Fault(404, f"service_code provided was not found{became}")


def _place(given: Given) -> tuple[tuple[float, float] | None, list[Fault]]:
    try:
        pin = asking.point(given)
    except Wrong as no:
        return None, list(no.faults)
    if pin is None and not given.has("address_string", "address_id"):
        return None, [Fault(400, "lat and long, address_string or address_id required")]
    if pin is not None and places.looks_swapped(pin[1], pin[0]):
        return None, [Fault(400, "lat, long: did you swap them?")]
    return pin, []


def _text_faults(given: Given) -> list[Fault]:
    found, text, media = [], given.one("description"), given.one("media_url")
    if len(text) > LONGEST:
        found.append(Fault(400, f"description: {len(text)} characters, at most {LONGEST}"))
    if media and (len(media) > LONGEST_URL or not _is_address(media)):
        found.append(Fault(400, f"media_url: an http or https address of at most {LONGEST_URL} characters"))
    return found


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username


def _attributes(given: Given, pin: tuple[float, float] | None, datum: str) -> dict[str, Any]:
    """Keep what has no field of its own: an id of an address, a picture elsewhere, how far two places are apart."""
    kept = {name: given.one(name)[:LONGEST_URL] for name in ("address_id", "media_url") if given.one(name)}
    address = given.one("address_string")
    if pin is None or not address:
        return kept
    spot, point = places.find([places.Asked(text=address[:200]), places.Asked("", pin[1], pin[0], datum)])
    apart = _metres(spot, point)
    return {**kept, "address_and_point_apart_m": round(apart)} if apart is not None and apart > FAR_M else kept


def _metres(one: places.Spot, other: places.Spot) -> float | None:
    if None in (one.lng_e7, one.lat_e7, other.lng_e7, other.lat_e7):
        return None
    degrees = ((one.lng_e7 or 0) - (other.lng_e7 or 0), (one.lat_e7 or 0) - (other.lat_e7 or 0))
    wide = degrees[0] / public.E7 * public.METRES_OF_DEGREE * 0.87  # at 30° of latitude; a mark, no measure
    return float((wide**2 + (degrees[1] / public.E7 * public.METRES_OF_DEGREE) ** 2) ** 0.5)


def _person(given: Given, tenant: Tenant) -> dict[str, Any]:
    """Give who sends, to be sealed on arrival. On trial nothing of a person is kept at all."""
    name = " ".join(filter(None, [given.one("first_name"), given.one("last_name")]))[:60]
    phone, mail = given.one("phone")[:80], given.one("email")[:120]
    more = {"device_id": given.one("device_id")[:200], "account_id": given.one("account_id")[:200]}
    if tenant.is_trial or not any((name, phone, mail, *more.values())):
        return {"voice": Voice.ANONYMOUS}
    sealed = {"caller_mail": mail if phone else "", **more}
    return {
        "caller_name": name, "caller_contact": phone or mail[:80],
        "more_sealed": {field: value for field, value in sealed.items() if value},
    }  # fmt: skip


# --- answers to extra questions ----------------------------------------------------------------------------


def _answers(given: Given, matter: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Read the extra questions; every one that is missing or wrong is named."""
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for question in matter.questions:
        code = str(question["code"])
        said = given.every(f"attribute[{code}]", f"attribute[{code}][]")
        if not said:
            faults += [Fault(400, f"{code} required")] if telling.is_required(question) else []
            continue
        value, why = _read(question, said)
        if why:
            faults.append(Fault(400, f"{code}: {why}"))
        else:
            found[code] = value
    return found, faults


def _read(question: Mapping[str, Any], said: list[str]) -> tuple[Any, str]:
    kind = telling.datatype(question)
    keys = [str(c["code"]) for c in duties.choices_of(question)]
    if kind == "multivaluelist":
        unknown = [v for v in said if v not in keys]
        return (list(dict.fromkeys(said)), f"{unknown[0][:60]} is none of {', '.join(keys)}" if unknown else "")
    if len(said) > 1:
        return None, "one value only"
    one = said[0]
    if kind == "singlevaluelist":
        return one, "" if one in keys else f"{one[:60]} is none of {', '.join(keys)}"
    if kind == "number":
        value = asking.number(one)
        return value, "" if value is not None and abs(value) < 2**53 else "not a decimal number with a point"
    if kind == "datetime":
        at = asking.moment(one)
        return asking.stamp(at), "" if at else "not a date or time of ISO 8601"
    most = 200 if kind == "string" else LONGEST
    return one, "" if len(one) <= most else f"at most {most} characters"


# --- an update ---------------------------------------------------------------------------------------------


def update(given: Given, sender: Sender, *, now: datetime) -> Answer:
    """Take a word on a public request in, as an addendum: a posted state never moves the case.

    :raises Wrong: no such request for strangers, an unknown state, nothing said, the time for words is over.
    """
    number, status, text = given.one("service_request_id"), given.one("status").upper(), given.one("description")
    if not number:
        raise Wrong(Fault(400, "service_request_id was not provided"))
    found = public.by_numbers([number], tenant_id=sender.tenant.id, area=sender.served.area)
    if not found:
        raise Wrong(Fault(404, "service_request_id provided was not found"))
    faults = _text_faults(given)
    if status and status not in STATES:
        faults.append(Fault(400, f"status: {', '.join(STATES)}"))
    if given.one("updated_datetime") and asking.moment(given.one("updated_datetime")) is None:
        faults.append(Fault(400, "updated_datetime: not a date or time of ISO 8601"))
    if not text and not status:
        faults.append(Fault(400, "description was not provided"))
    if faults:
        raise Wrong(*faults)
    said = " ".join(filter(None, [f"[{status}]" if status else "", text, given.one("media_url")]))
    told = _once(given, sender, lambda: _added(found[0].report.id, said, sender, now), now)
    return Answer("service_request_updates", [told])


def _added(report_id: int, said: str, sender: Sender, now: datetime) -> dict[str, Any]:
    try:
        row = intake.add_addendum(report_id, text=said, by=sender.actor, now=now)
    except Refused as no:
        raise Wrong(Fault(400, no.sentence("en"))) from None
    return {"update_id": str(row.id)}


def _once(given: Given, sender: Sender, make: Any, now: datetime) -> dict[str, Any]:
    """Do it once per key: `Idempotency-Key`, or the sender's own `update_id`. Without one, twice is two."""
    own = given.one("update_id")
    key = sender.key or (f"update:{given.one('service_request_id')}:{own}" if own else "")
    with scope.within(sender.actor):
        if not key:
            return dict(make())
        body = json.dumps(given.without(*NEVER_KEPT), ensure_ascii=False).encode()
        try:
            slot = idempotency.claim(key, route="open311", body=body, by=sender.actor, now=now)
        except Refused as no:
            raise Wrong(Fault(no.status if no.status == 409 else 400, no.sentence("en"))) from None
        if slot.is_first:
            slot.fill(make())
        return dict(slot.answer)
