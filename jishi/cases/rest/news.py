"""News for programs: webhooks, and what happened in the last 30 days, in order (spec 10 §§14, 16)."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jishi.cases.actions import calling
from jishi.cases.models import Webhook
from jishi.cases.queries import announced
from jishi.cases.rest.edge import router
from jishi.cases.shapes import WebhookIn, version_seen
from jishi.foundation import idempotency, numbers
from jishi.foundation.refusals import Invalid, KeyMissing, NotFound

REPLAYED = timedelta(days=30)


@router.post("/webhooks", response={201: dict[str, Any]}, summary="Have news sent to an address")
def open_webhook(request: HttpRequest, response: HttpResponse, payload: WebhookIn) -> tuple[int, dict[str, Any]]:
    """Have the news of the cases this program may see sent to an address; the answer alone holds the secret."""
    actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="webhooks", body=request.body, by=actor, now=now)
    if slot.is_first:
        row, secret = calling.open_(payload.url, payload.verbs, by=actor, now=now)
        slot.fill({"id": row.id})
    else:
        row = _own(actor, slot.answer["id"])
        secret = calling.secret_of(row)
    response["Location"] = f"/api/v1/webhooks/{row.id}"
    response["ETag"] = f'"{row.version}"'
    return 201, {**_shown(row), "secret": secret}


@router.get("/webhooks", summary="My webhooks")
def list_webhooks(request: HttpRequest) -> list[dict[str, Any]]:
    """List this program's open webhooks; the system administrator sees all. Never a secret."""
    return [_shown(row) for row in calling.own(request.actor)[:200]]  # type: ignore[attr-defined]


@router.get("/webhooks/{webhook}", summary="One webhook")
def get_webhook(request: HttpRequest, response: HttpResponse, webhook: int) -> dict[str, Any]:
    """Give one webhook; its version is the ETag."""
    row = _own(request.actor, webhook)  # type: ignore[attr-defined]
    response["ETag"] = f'"{row.version}"'
    return _shown(row)


@router.post("/webhooks/{webhook}/secret", summary="A new secret")
def change_secret(request: HttpRequest, response: HttpResponse, webhook: int) -> dict[str, Any]:
    """Make a new secret; the former one signs beside it for 24 hours."""
    version = version_seen(request)
    row, secret = calling.change_secret(_id(webhook), version=version, by=request.actor, now=timezone.now())  # type: ignore[attr-defined]
    response["ETag"] = f'"{row.version}"'
    return {**_shown(row), "secret": secret}


@router.delete("/webhooks/{webhook}", response={204: None}, summary="End a webhook")
def end_webhook(request: HttpRequest, webhook: int) -> tuple[int, None]:
    """Send nothing more to it."""
    version = version_seen(request)
    calling.end(_id(webhook), version=version, by=request.actor, now=timezone.now())  # type: ignore[attr-defined]
    return 204, None


@router.get("/events", summary="What happened, in order")
def events(request: HttpRequest, after: str = "", limit: int = 50) -> dict[str, Any]:
    """Give what happened to the cases this actor may see in the last 30 days, after the event `after`, as it is sent.

    `after` of the answer goes on; null: nothing more happened yet.
    """
    if after and not numbers.names_a_row(after):
        raise Invalid(detail=f"after: {after}")
    now = timezone.now()
    rows, last = announced.events(
        by=request.actor, after=int(after or 0), since=now - REPLAYED, limit=min(max(limit, 1), 200), now=now  # type: ignore[attr-defined]
    )
    return {"events": rows, "after": str(last) if last is not None else None}


def _own(actor: Any, webhook: int) -> Webhook:
    row = calling.own(actor).filter(id=_id(webhook)).first()
    if row is None:
        raise NotFound
    return row


def _id(webhook: int) -> int:
    if not numbers.names_a_row(str(webhook)):
        raise NotFound
    return webhook


def _shown(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.id, "url": row.url, "verbs": row.verbs, "version": row.version,
        "since": row.active_from.isoformat(),
        "former_secret_until": row.former_until.isoformat() if row.former_until else None,
    }  # fmt: skip
