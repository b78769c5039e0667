"""协办与吹哨 on the page of a case: what was asked of others, how far each is, and every press on it."""

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.bodies import queries as bodies
from jishi.cases.actions import linking, links
from jishi.cases.models import Case, OutsideLink, Part, Participant, Whistle
from jishi.cases.queries import casepage, judging, together
from jishi.cases.web import handing_out
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.together import acts
from jishi.cases.web.together.acts import Offered
from jishi.foundation import files
from jishi.foundation.refusals import NotFound, Refused

WORKING = ("operator", "dispatcher", "handler", "head", "reviewer", "supervisor", "office", "ruler", "auditor")
TABLES: dict[str, tuple[Any, str]] = {
    "part": (Part, "case"), "whistle": (Whistle, "case"), "body": (Participant, "whistle__case"),
    "link": (OutsideLink, "case"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that was just opened, or why it was not."""

    file_id: int
    picture: str = ""
    name: str = ""
    refused: str = ""


@never_cache
@require_GET
@staffed(*WORKING)
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Show what is handled together on one case."""
    return page(request, casepage.find(number, by=request.actor))


def page(
    request: HttpRequest, found: Case, *, again: Offered | None = None, refused: Refused | None = None,
    path: str = "", opened: Shown | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the page, also after a press that was refused (what was typed is kept) or a link that was just made."""
    by, now, language = request.actor, request.now, lang()
    stand = casepage.stand_of(found)
    what = together.of_case(found, by=by, now=now, lang=language, stand=stand)
    said = casepage.said_of(found)
    return render(request, "cases/together/page.html", {
        "case": found, "lead": stand.lead, "states": dispatch.states(), "dense": True, "what": what, "path": path,
        "opened": opened,
        "said": said, "matter": dispatch._matter(found, language), "refused": refused,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
        "begin": acts.begin(
            what, found, now, language, again, extract=_extract(found, said), named=_named(found, what)
        ),
        "parts": [(p, acts.of_part(p, now, language, again)) for p in what.parts],
        "whistles": [
            (w, acts.of_whistle(w, now, language, again),
             [(b, acts.of_body(b, now, language, again)) for b in w.bodies])
            for w in what.whistles
        ],
        "links": [(one, _of_link(one, now, language, again)) for one in what.links],
        "item_options": _items(language, now),
        "body_options": [b.called(language) for b in bodies.all_bodies(on=localdate(now))],
    }, status=status)  # fmt: skip


def _of_link(one: together.OneLink, now: Any, language: str, again: Offered | None) -> list[Offered]:
    return acts._offered("link", acts.LINK if one.may_revoke else (), one.row, now, language, again)


def _extract(found: Case, said: Any) -> str:
    """Propose what an outsider may read: the minimised words and the place; the colleague shortens it."""
    words = said[0].report.text_shown if said else found.title
    place = found.place_name or found.address_text
    return f"{words}\n{place}".strip()[:2000]


def _named(found: Case, what: together.Together) -> list[str]:
    """Propose whom to call: the bodies that the lists name for the matter."""
    if "whistle" not in what.may:
        return []
    routed = judging.judge(found, lang=lang(), now=found.received_at).routed
    ids = [routed.body_id, *(a.body_id for a in routed.assists)]
    known = bodies.names()
    return [known[i].called(lang()) for i in dict.fromkeys(ids) if i in known and i != found.lead_id]


def _items(language: str, now: Any) -> list[str]:
    rows = judging.duties.law(localdate(now)).by_item_id.values()
    return list(dict.fromkeys(judging.item_label(i, language) for i, _k in rows))


@require_POST
@staffed(*WORKING)
def begin(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Ask for a part, blow a whistle, or make a link; on the version of the case that was seen."""
    chosen = acts.BY_KIND["new"].get(code)
    if chosen is None:
        raise NotFound
    found, version = casepage.find(number, by=request.actor), seen_version(request)
    form = chosen.form(request.POST, auto_id=f"new_{code}_%s", now=request.now, lang=lang())
    offered = Offered(chosen, form, "new", found.id, found.version, open=True)
    if not form.is_valid():
        return page(request, found, again=offered, status=422)
    try:
        made = chosen.run(found.id, form, {"by": request.actor, "now": request.now, "version": version})
    except Refused as no:
        return _no(request, found, offered, no)
    if isinstance(made, links.Sent):  # the address is shown once, on this very page, and nowhere again
        address = request.build_absolute_uri(linking.path("outside-link", made.token))
        response = page(request, casepage.find(number, by=request.actor), path=address)
        response["Cache-Control"] = "no-store"
        return response
    return _done(request, found, chosen)


@require_POST
@staffed(*WORKING)
def press(request: HttpRequest, number: str, kind: str, code: str, row: int) -> HttpResponse:
    """Do one act on a row of this case, on the version of the row that was seen.

    :raises NotFound: no such case for this actor, no such row on it, or no such act.
    """
    chosen = acts.BY_KIND.get(kind, {}).get(code)
    if chosen is None or kind == "new":
        raise NotFound
    found, version = casepage.find(number, by=request.actor), seen_version(request)
    model, field = TABLES[kind]
    if not (row < 2**63 and model.objects.filter(id=row, **{field: found}).exists()):
        raise NotFound
    form = chosen.form(request.POST, auto_id=f"{kind}{row}_{code}_%s", now=request.now, lang=lang())
    offered = Offered(chosen, form, kind, row, version, open=True)
    if not form.is_valid():
        return page(request, found, again=offered, status=422)
    try:
        chosen.run(row, form, {"by": request.actor, "now": request.now, "version": version})
    except Refused as no:
        return _no(request, found, offered, no)
    return _done(request, found, chosen)


@never_cache
@require_POST
@staffed(*WORKING)
def open_file(request: HttpRequest, number: str, row: int) -> HttpResponse:
    """Open a file that came with an outside party's answer: once, for a reason, inside the answer to this press.

    :raises NotFound: no such case for this actor, or no such file beside it.
    """
    found = casepage.find(number, by=request.actor)
    beside = OutsideLink.objects.filter(case=found).values_list("id", flat=True)
    sent = links.enclosed(beside, tenant_id=found.tenant_id)
    if row not in {one.id for rows in sent.values() for one in rows}:
        raise NotFound
    why = str(request.POST.get("reason", ""))[:300]
    try:
        opened = links.open_file(row, reason=why, by=request.actor, now=request.now)
    except Refused as no:
        if no.status != 422:
            raise
        return page(request, found, opened=Shown(row, refused=no.sentence(lang())), status=422)
    if opened.row.kind == "pdf":
        return files.as_download(opened.data, "pdf", f"{found.number}-{row}.pdf")
    return page(request, found, opened=Shown(row, handing_out.within(opened), opened.name))


def _no(request: HttpRequest, found: Case, offered: Offered, no: Refused) -> HttpResponse:
    if no.status not in (409, 412, 422):
        raise no
    request.afterwards = no.afterwards
    fresh = casepage.find(found.number, by=request.actor)
    return page(request, fresh, again=replace(offered, version=_version(offered, fresh)), refused=no, status=no.status)


def _version(offered: Offered, fresh: Case) -> int:
    """What the page shows now: the next press is on what is seen then."""
    if offered.kind == "new":
        return fresh.version
    model, _field = TABLES[offered.kind]
    return int(model.objects.values_list("version", flat=True).get(id=offered.row_id))


def _done(request: HttpRequest, found: Case, chosen: acts.Act) -> HttpResponse:
    messages.success(request, _("%(act)s：%(title)s") % {"act": str(chosen.label).rstrip("…"), "title": found.title})
    back = request.POST.get("back", "")
    if back in ("inbox", "whistles"):
        return redirect("inbox-together" if back == "inbox" else "whistles")
    return redirect("together", number=found.number)
