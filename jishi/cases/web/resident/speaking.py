"""Speaking up: one screen, three steps, without account and without script."""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jishi.bodies import queries as bodies
from jishi.cases import triage
from jishi.cases.actions import arrival, intake, photos, recordings
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import near, resident, risks
from jishi.cases.queries.near import Near
from jishi.cases.web.resident import holding, receipts
from jishi.cases.web.resident.forms import NOT_THE_SAME, SpeakUp
from jishi.cases.web.resident.receipts import Slip
from jishi.foundation import idempotency, keys, scope, uploads
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import KeyReused, Refused
from jishi.foundation.sounds import Sound

ROUTE = "speak"
MARK = re.compile(r"(〔[^〔〕\n]{1,20}〕)")


def home_context(request: HttpRequest) -> dict[str, Any]:
    """Give what `cases/parts/speak_up.html` needs on the home page (wired as `looks.Sources.speak_up`)."""
    return _facts(request, SpeakUp(), uuid.uuid4().hex)


@require_http_methods(["GET", "HEAD", "POST"])
def speak(request: HttpRequest) -> HttpResponse:
    """Show the form, or take one report in."""
    if request.method != "POST":
        return render(request, "cases/resident/speak.html", home_context(request))
    form, key = SpeakUp(request.POST), request.POST.get("idempotency_key", "")[:200] or uuid.uuid4().hex
    if not form.is_valid():
        return _again(request, form, key)
    shots, voices = _shots(request, form), _voices(request, form)
    if shots is None or voices is None:
        return _again(request, form, key)
    form.with_photos, form.spoken = bool(shots), bool(voices)
    account = request.actor.account_id if request.actor.kind == "resident" else None
    incoming = form.incoming(account_id=account)
    refused = arrival.refusal_of(incoming, now=request.now)
    if refused is not None:
        form.refuse(refused)
        return _again(request, form, key)
    by = holding.speaker(request, anonymous=incoming.voice == "anonymous")
    with scope.within(by):
        return _take_in(request, form, incoming, key, shots, voices)


def _shots(request: HttpRequest, form: SpeakUp) -> list[photos.Ready] | None:
    """Look at the photos; None: one is refused, and the form says which and why."""
    try:
        return photos.ready(uploads.sent(request.FILES.getlist("photos")))
    except Refused as no:
        form.refuse(no)
        return None


def _voices(request: HttpRequest, form: SpeakUp) -> list[Sound] | None:
    """Look at what was spoken; None: it is refused, and the form says why beside its own field."""
    try:
        found = recordings.ready(uploads.sent(request.FILES.getlist("recording")))
        if found:
            recordings.ensure_may_speak("anonymous" if form.cleaned_data["child"] else form.cleaned_data["voice"])
    except Refused as no:
        form.refuse(no, field="recording")
        return None
    return found


def _take_in(
    request: HttpRequest, form: SpeakUp, incoming: Incoming, key: str, shots: list[photos.Ready], voices: list[Sound]
) -> HttpResponse:
    by, asked = scope.current().actor, form.cleaned_data["join"]
    looked = arrival.look([incoming], now=request.now, by=by)[0]
    near = _near(request, looked, incoming)
    if near and not asked:
        facts = {"near": near, "must_choose": True, "seen": _seen(incoming.text, looked), "photos_again": bool(shots),
                 "recording_again": bool(voices)}  # fmt: skip
        return render(request, "cases/resident/speak.html", _facts(request, form, key) | facts)
    if asked in {str(n.case_id) for n in near}:
        incoming = replace(incoming, join_case_id=int(asked))
    body = receipts.body_of(key, _said(form, shots, voices))
    try:
        slot = idempotency.claim(receipts.name_of(key), route=ROUTE, body=body, by=by, now=request.now)
    except KeyReused:  # sent before, then changed: a new act, if the person presses again
        return _again(request, form, uuid.uuid4().hex, sent_before=True)
    if not slot.is_first:
        slip = Slip(slot.answer["report"], receipts.opened_word(key, slot.answer["word"]))
        return receipts.hand_over(redirect("receipt"), slip)
    taken, refused = intake.receive_many(
        [incoming], by=by, now=request.now, tenant_code=request.tenant.code, suggested=[looked]
    )
    if refused:
        raise refused[0].refusal
    done = taken[0]
    _keep(done.report_id, shots, voices, form, request)
    slot.fill({"report": done.report_id, "word": receipts.sealed_word(key, done.word)})
    return receipts.hand_over(redirect("receipt"), Slip(done.report_id, done.word))


def _said(form: SpeakUp, shots: list[photos.Ready], voices: list[Sound]) -> dict[str, Any]:
    """What a second press must repeat: the words, and the very pictures and sounds."""
    shown = [hashlib.sha256(s.content.data).hexdigest() for s in shots]
    return {**form.cleaned_data, "photos": shown, "recording": [recordings.content_hash(v) for v in voices]}


def _keep(
    report_id: int, shots: list[photos.Ready], voices: list[Sound], form: SpeakUp, request: HttpRequest
) -> None:
    """Keep photos and voice as the one who holds the receipt: no account stands in their record."""
    holder = Actor(tenant_id=request.tenant.id, kind="reporter", report_id=report_id)
    if shots or voices:
        with scope.within(holder):
            agreed = form.cleaned_data["photos_public"]
            photos.add(report_id, shots, may_publish=agreed, by=holder, now=request.now)
            recordings.add(report_id, voices, by=holder, now=request.now)


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Say while somebody types what was understood: place, what will be hidden, who said the same. Nothing is kept."""
    form = SpeakUp(_as_typed(request.POST))
    text = request.POST.get("text", "")
    if not form.is_valid() or len(text.strip()) < 4 or len(text) > arrival.LIMIT:
        return render(request, "cases/parts/seen.html", {})
    incoming = form.incoming(account_id=None)
    if arrival.refusal_of(incoming, now=request.now) is not None:
        return render(request, "cases/parts/seen.html", {})
    with scope.within(holding.nobody(request)):
        looked = arrival.look([incoming], now=request.now)[0]
        near = _near(request, looked, incoming)
    facts = {"seen": _seen(text, looked), "near": near, "chosen": form.cleaned_data["join"], "live": True}
    return render(request, "cases/parts/seen.html", facts)


@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """Show number and word, the day and why, and to whom it probably goes."""
    slip = receipts.slip_of(request)
    if slip is None:
        return render(request, "cases/resident/receipt_gone.html", status=410)
    with scope.within(holding.nobody(request)):
        facts = resident.receipt(slip.report_id, tenant_id=request.tenant.id, lang=get_language() or "zh")
    word = [slip.word[:5], slip.word[5:]] if slip.word else []
    return render(
        request,
        "cases/resident/receipt.html",
        {"receipt": facts, "number": grouped(facts.number), "word": word, "raw_word": slip.word},
    )


@require_POST
def put_away(request: HttpRequest) -> HttpResponse:
    """Clear the receipt from this device."""
    return receipts.take_away(redirect("home"))


def grouped(number: str) -> list[str]:
    """Cut a number where a line may break: place, day, sequence."""
    return [number[:7], number[7:13], number[13:]]


# --- pieces ------------------------------------------------------------------------------------------------


def _facts(request: HttpRequest, form: SpeakUp, key: str) -> dict[str, Any]:
    lang = get_language() or "zh"
    named = bodies.all_bodies(on=localdate(request.now)) if request.tenant else []
    return {
        "speak": form,
        "speak_key": key,
        "known_to_us": request.actor.kind == "resident",
        "bodies": [(b.id, b.called(lang)) for b in named],
        "limit": arrival.LIMIT,
        "not_the_same": NOT_THE_SAME,
        "operators_see": SimpleLazyObject(lambda: keys.sentence(lang)),  # asked for by the page alone
    }


def _again(request: HttpRequest, form: SpeakUp, key: str, *, sent_before: bool = False) -> HttpResponse:
    facts = _facts(request, form, key) | {"sent_before": sent_before}
    return render(request, "cases/resident/speak.html", facts, status=409 if sent_before else 422)


def _near(request: HttpRequest, looked: triage.Looked, incoming: Incoming) -> Sequence[Near]:
    """Who complains about a body, confidentially or not, is not invited to join others."""
    if incoming.accused_body_ids or incoming.voice == "confidential":
        return []
    found = looked.stage("duplicates").candidates
    return near.alike(found, tenant_id=request.tenant.id, lang=get_language() or "zh")


def _seen(text: str, looked: triage.Looked) -> dict[str, Any]:
    spot = looked.place
    hidden = looked.shown.strip() != text.strip()
    dangers = risks.of_own_words(looked.dangers)
    return {
        "dangers": dangers,
        "call": risks.numbers_of(dangers),
        "place": spot.name,
        "doors": [(n, f"{spot.name}{n}单元") for n in spot.doors],  # an address is said in its own language
        "radius": round(spot.radius_m) if spot.radius_m else None,
        "pieces": [(p, bool(MARK.fullmatch(p))) for p in MARK.split(looked.shown) if p] if hidden else [],
    }


def _as_typed(sent: QueryDict) -> dict[str, Any]:
    """Keep of what the browser sends while typing what a look needs; a number is never among it."""
    return {**{n: sent.get(n, "") for n in ("text", "where", "lng", "lat", "accuracy", "join")}, "voice": "anonymous"}
