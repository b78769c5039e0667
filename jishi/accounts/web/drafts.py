"""What somebody was sending when the session ended: kept wrapped for an hour, given back to the same account only."""

import base64
import json
from dataclasses import dataclass

from django.http import HttpRequest

from jishi.foundation import keys

SLOT = "draft"
LIFE = 3600  # seconds
LONGEST = 64 * 1024  # characters of the form
_NEVER = ("csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword", "code", "credential")


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that was not accepted because nobody was signed in any more."""

    path: str
    fields: list[tuple[str, str]]


def keep(request: HttpRequest, account_id: int) -> bool:
    """Wrap the fields of this request into the session that begins now; False: nothing to keep, or too long."""
    fields = [(k, v) for k, values in request.POST.lists() for v in values if k not in _NEVER]
    written = json.dumps([request.get_full_path(), fields], ensure_ascii=False)
    if not fields or len(written) > LONGEST:
        return False
    wrapped = keys.provider().wrap(written.encode(), context=_context(request, account_id), suite="a")
    request.session[SLOT] = [account_id, int(request.now.timestamp()), base64.b64encode(wrapped).decode()]
    return True


def waiting(request: HttpRequest, account_id: int) -> bool:
    """Tell whether a draft of this very account waits; somebody else's is thrown away unread."""
    slot = request.session.get(SLOT)
    if not slot:
        return False
    fresh = int(request.now.timestamp()) - slot[1] <= LIFE
    if slot[0] == account_id and fresh:
        return True
    del request.session[SLOT]
    return False


def take(request: HttpRequest, account_id: int) -> Draft | None:
    """Give the draft of this account, and keep it no longer."""
    if not waiting(request, account_id):
        return None
    slot = request.session.pop(SLOT)
    raw = keys.provider().unwrap(base64.b64decode(slot[2]), context=_context(request, account_id), suite="a")
    path, fields = json.loads(raw)
    return Draft(path, [(k, v) for k, v in fields])


def _context(request: HttpRequest, account_id: int) -> bytes:
    return f"draft:{request.tenant.id}:{account_id}".encode()
