"""The calls of GeoReport v2: translate in, one look or one verb, translate out (spec 13 §§4, 5, 7)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from jishi.cases.actions import programs
from jishi.cases.models import Token
from jishi.cases.open311 import asking, posting, telling
from jishi.cases.open311.answers import FORMS, Answer, Fault, Wrong, response
from jishi.cases.open311.asking import Given, Served
from jishi.cases.queries import public, turns
from jishi.cases.states import Status
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.foundation.tenants import Tenant
from jishi.places import queries as places

log = logging.getLogger(__name__)
UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError)
READ, WRITE = ("GET", "HEAD", "OPTIONS"), ("POST", "OPTIONS")
BOTH = ("GET", "HEAD", "OPTIONS", "POST")


@dataclass(frozen=True, slots=True)
class Call:
    """One call on its way: the request, its parameters, for whom, when."""

    request: HttpRequest
    given: Given
    tenant: Tenant
    served: Served
    now: datetime

    @property
    def tenant_id(self) -> int:
        return int(self.tenant.id)


Answering = Callable[..., Answer]


def answers(*methods: str, bare: bool = False, placeless: bool = False) -> Callable[[Answering], Any]:
    """Answer in the form that the suffix names, refusals and faults too. `placeless`: serves every jurisdiction."""

    def wrap(view: Answering) -> Any:
        @csrf_exempt
        @gzip_page
        @wraps(view)
        def inner(request: HttpRequest, fmt: str | None = "xml", trial: bool = False, **path: str) -> HttpResponse:  # noqa: FBT001
            form = (fmt or "xml").lower()

            def work() -> Answer:
                if form not in FORMS:
                    raise Wrong(Fault(404, "this address was not found; add .xml or .json"))
                return _answered(request, view, methods, path, trial=trial, placeless=placeless)

            answer = _spoken(work)
            if answer.status >= 400:
                transaction.set_rollback(True)
            return response(request, answer, form if form in FORMS else "xml", bare=bare)

        return inner

    return wrap


def _spoken(work: Callable[[], Answer]) -> Answer:
    """Give the answer, or what is wrong as one: nothing of the inside is told."""
    try:
        return work()
    except Wrong as no:
        return no.as_answer()
    except Refused as no:
        return Wrong(Fault(404 if no.status == 404 else 400, no.sentence("en"))).as_answer()
    except UNREADABLE:
        return Wrong(Fault(400, "the body cannot be read: a form in UTF-8, at most 1 MiB")).as_answer()
    except Exception as fault:  # noqa: BLE001 - a stranger's program is answered in its own form
        log.error("open311 failed: %s", type(fault).__name__)
        return Wrong(Fault(500, "something went wrong here; please try again later")).as_answer()


def refuse(request: HttpRequest, code: int, sentence: str, seconds: str) -> HttpResponse:
    """Speak a refusal from before the call, in the form that its address asks for."""
    form = request.path.rstrip("/").rpartition(".")[2].lower()
    no = Wrong(Fault(code, sentence), headers={"Retry-After": seconds})
    return response(request, no.as_answer(), form if form in FORMS else "xml")


def _answered(
    request: HttpRequest, view: Answering, methods: tuple[str, ...], path: dict[str, str], *, trial: bool,
    placeless: bool,
) -> Answer:  # fmt: skip
    allowed = ", ".join(methods)
    if request.method not in methods:
        raise Wrong(Fault(405, f"{request.method} is not one of {allowed}"), headers={"Allow": allowed})
    if request.method == "OPTIONS":
        readable = ", ".join(m for m in methods if m != "POST")
        return Answer("options", {"allow": allowed}, headers={
            "Allow": allowed, "Access-Control-Allow-Methods": readable, "Access-Control-Max-Age": "86400",
        })  # fmt: skip
    tenant = _tenant(request, trial=trial)
    with scope.within(Actor(tenant_id=tenant.id, kind="anonymous")):
        given = Given(request)
        served = asking.served_by(tenant)[0] if placeless else asking.jurisdiction(given, tenant)
        return view(Call(request, given, tenant, served, request.now), **path)


def _tenant(request: HttpRequest, *, trial: bool) -> Tenant:
    """Give the town of this address, or the test jurisdiction beside it. :raises Wrong: there is none."""
    if not trial:
        return request.tenant
    found = Tenant.objects.filter(code=request.tenant.trial_code).first()
    if found is None:
        raise Wrong(Fault(404, "no test endpoint is served here"))
    return found


# --- services ----------------------------------------------------------------------------------------------


@answers(*READ)
def services(call: Call) -> Answer:
    """List the public matters of the book in force."""
    return Answer("services", telling.services())


@answers(*READ)
def definition(call: Call, code: str) -> Answer:
    """Give the extra questions of one matter."""
    row = duties.matter(code)
    if row is None or not row.public or not row.is_leaf:
        raise Wrong(posting.no_service(code))
    return Answer("service_definition", telling.definition(row))


# --- requests ----------------------------------------------------------------------------------------------


@answers(*BOTH)
def requests(call: Call) -> Answer:
    """List requests, or take one in."""
    if call.request.method == "POST":
        sender = posting.enter(call.request, call.given, tenant=call.tenant, served=call.served, now=call.now)
        return posting.report(call.given, sender, now=call.now)
    if call.given.has("service_request_id"):
        return _named(call, call.given.listed("service_request_id"))
    listing = asking.listing(call.given, now=call.now, area=call.served.area)
    if listing.just_count:
        return _counted(call, listing)
    return _page(call, listing)


@answers(*READ)
def one(call: Call, ids: str) -> Answer:
    """Give one request, or several by comma."""
    return _named(call, [part.strip() for part in ids.split(",") if part.strip()])


def _named(call: Call, ids: list[str]) -> Answer:
    if len(ids) > asking.MOST_IDS:
        raise Wrong(Fault(400, f"service_request_id: at most {asking.MOST_IDS} at once"))
    found = public.by_numbers(ids, tenant_id=call.tenant_id, area=call.served.area)
    if not found:
        raise Wrong(Fault(404, "service_request_id provided was not found"))
    return _told(call, found, extensions=call.given.one("extensions") == "true")


def _page(call: Call, listing: asking.Listing) -> Answer:
    top = listing.wanted.top
    if listing.paged and top is None and not listing.by_change:
        top = public.newest_row(tenant_id=call.tenant_id)
    wanted = public.replace(listing.wanted, top=top)
    if listing.by_change:
        found = public.changed(
            wanted, tenant_id=call.tenant_id, limit=listing.size + 1, skip=listing.skip, after=listing.after,
            removed=listing.extensions,
        )  # fmt: skip
    else:
        found = public.listed(
            wanted, tenant_id=call.tenant_id, limit=listing.size + 1, skip=listing.skip, after=listing.after
        )
    headers = _headers(call, listing, found, top=top or 0) if listing.paged else {}
    return _told(call, found[: listing.size], extensions=listing.extensions, headers=headers)


def _headers(call: Call, listing: asking.Listing, found: list[public.Shown], *, top: int) -> dict[str, str]:
    headers = {}
    count = public.count(public.replace(listing.wanted, top=top or None), tenant_id=call.tenant_id, now=call.now)
    if count <= public.MANY:
        headers["X-Total-Count"] = str(count)
    if len(found) > listing.size:
        last = found[listing.size - 1]
        at = last.updated_at if listing.by_change else last.report.received_at
        headers["Link"] = asking.link_of(call.request, listing, top=top, last=(at, last.report.id))
    return headers


def _told(
    call: Call, found: list[public.Shown], *, extensions: bool, headers: dict[str, str] | None = None
) -> Answer:
    asked = public.handovers(found, tenant_id=call.tenant_id) if extensions else None
    base = call.request.build_absolute_uri("/").rstrip("/")
    rows = [
        telling.gone(s) if s.gone
        else telling.request(s, base=base, more=None if asked is None else asked.get(s.case.id, []))
        for s in found
    ]  # fmt: skip
    changed_at = max((s.updated_at for s in found), default=None)
    return Answer("service_requests", rows, changed_at=changed_at, headers=headers or {})


def _counted(call: Call, listing: asking.Listing) -> Answer:
    count = public.count(listing.wanted, tenant_id=call.tenant_id, now=call.now)
    told: dict[str, Any] = {"count": min(count, public.MANY)}
    return Answer("service_requests", [{**told, "at_least": True} if count > public.MANY else told])


# --- tokens, updates, coverage -----------------------------------------------------------------------------


@answers(*READ)
def token(call: Call, token: str) -> Answer:
    """Give the number behind a token, once somebody has taken the report up."""
    rows = Token.objects.filter(tenant_id=call.tenant_id, token_hash=programs.hash_of(token), ends_at__gt=call.now)
    row = rows.select_related("report").first()
    if row is None:
        raise Wrong(Fault(404, "token provided was not found"))
    known = row.report.memberships.exclude(case__status=Status.RECEIVED).exists() or not call.served.answers_with_token
    return Answer("service_requests", [{"token": token, "service_request_id": row.report.number if known else None}])


@answers(*BOTH)
def updates(call: Call) -> Answer:
    """List what has happened to public requests, or take a word on one in (the form of mySociety)."""
    if call.request.method == "POST":
        sender = posting.enter(call.request, call.given, tenant=call.tenant, served=call.served, now=call.now)
        return posting.update(call.given, sender, now=call.now)
    since, until = asking.days(call.given, now=call.now)
    found = turns.turns(
        tenant_id=call.tenant_id, since=since, until=until, area=call.served.area, limit=asking.CAP
    )
    changed_at = max((t.at for t in found), default=None)
    return Answer("service_request_updates", [telling.update(t) for t in found], changed_at=changed_at)


@answers(*READ)
def coverage(call: Call) -> Answer:
    """Tell whether a point is ours, and in which division it lies."""
    at = asking.point(call.given)
    if at is None:
        raise Wrong(Fault(400, "lat and long required"))
    spot = places.find([places.Asked("", at[1], at[0], "wgs84")])[0]
    path = places.division_path(spot.division_code) if spot.division_code else []
    inside = bool(spot.grid_id) or bool(spot.division_code)
    return Answer("coverage", {
        "jurisdiction_id": call.served.name, "covered": inside and spot.division_code.startswith(call.served.area),
        "division": spot.division_code or None, "division_name": " ".join(d.name for d in path) or None,
    })  # fmt: skip


# --- discovery ---------------------------------------------------------------------------------------------


@answers(*READ, bare=True, placeless=True)
def discovery(call: Call) -> Answer:
    """Say which endpoints there are, in which forms, and how to get a key."""
    changed_at = asking.stamp(min(duties.book_adopted_at() or call.tenant.founded_at, call.now))
    base = call.request.build_absolute_uri("/open311")
    contact = call.served.contact or _contact(call, base)
    endpoints = [
        {
            "specification": "http://wiki.open311.org/GeoReport_v2", "url": f"{base}/{path}", "changeset": changed_at,
            "type": kind, "formats": list(FORMS.values()),
        }
        for path, kind in (("v2", "production"), ("test/v2", "test"))
    ]  # fmt: skip
    return Answer("discovery", {
        "changeset": changed_at, "contact": contact, "key_service": call.served.key_service or base,
        "endpoints": endpoints,
    })  # fmt: skip


def _contact(call: Call, base: str) -> str:
    return f"{call.tenant.name_en or call.tenant.name}, {base}"


@answers(*READ, "POST", placeless=True)
def unknown(call: Call, **path: str) -> Answer:
    """Answer an address that is none, in the form that it asks for."""
    raise Wrong(Fault(404, "this address was not found"))
