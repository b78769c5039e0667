"""Links in letters: who has no account opens by the link in his letter the one page that is his (spec 10 §§9, 11).

A token is made from the key of this installation each time it is needed and only its hash is stored: a letter that is
written again holds the same link, no copy of the database holds any, and the log of what left shows none.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.urls import reverse

from jishi.accounts.actions.reaching import SITE
from jishi.cases import notices
from jishi.cases.models import Feedback, Message
from jishi.cases.states import Voice
from jishi.foundation import keys
from jishi.foundation.tenants import Tenant

FEEDBACK, MEDIATION = "feedback", "mediation"
NAMES = {FEEDBACK: "feedback-link", MEDIATION: "mediation-link"}
BYTES = 18  # 144 bits, 24 letters
HIDDEN = "…"  # stands for the token wherever a letter is shown to somebody else than its reader


def token(kind: str, tenant_id: int, of: str) -> str:
    """Give the token of a link of this kind to `of`: the same each time, and nobody's to guess."""
    made = keys.provider().mac(f"{tenant_id}:{of}".encode(), context=f"link.{kind}".encode(), suite="a")
    return base64.urlsafe_b64encode(made[:BYTES]).decode()


def hashed(given: str) -> str:
    """Give what is stored of a token."""
    return hashlib.sha256(given.encode()).hexdigest()


def for_feedback(row: Feedback) -> str:
    """Give the token that opens this asking; from now on it does."""
    made = token(FEEDBACK, row.tenant_id, str(row.id))
    if row.token_hash != hashed(made):
        Feedback.objects.filter(id=row.id).update(token_hash=hashed(made))
    return made


def addresses(messages: Sequence[Message], *, to_reader: bool) -> Mapping[int, str]:
    """Give the address that each message carries, by message; what carries none is absent. Two statements at most.

    `to_reader` False shows that there is one, and hides its token. A confidential reporter gets none: a link would
    open without his word what nobody else at his screen may read. A town without a host has no addresses.
    """
    leaving = [m for m in messages if m.channel != SITE]
    parties = [m for m in leaving if m.party is not None]
    asked = _asked([m for m in leaving if _asks(m)])
    if not parties and not asked:
        return {}
    base = _base(messages[0].tenant_id)
    found = {m: path(NAMES[FEEDBACK], for_feedback(row) if to_reader else HIDDEN) for m, row in asked}
    for one in parties:
        assert one.party is not None
        made = token(MEDIATION, one.tenant_id, one.party.link_seed) if to_reader else HIDDEN
        if not to_reader or hashed(made) == one.party.token_hash:
            found[one] = path(NAMES[MEDIATION], made)
    return {m.id: base + where for m, where in found.items()} if base else {}


def _asks(message: Message) -> bool:
    template = notices.numbered(message.edition).templates[message.code]
    return template.link == FEEDBACK and message.report is not None and message.report.voice == Voice.OPEN


def _asked(messages: Sequence[Message]) -> list[tuple[Message, Feedback]]:
    """Find the asking that each message is about: the last one of its report in its case when it was owed."""
    if not messages:
        return []
    reports = {m.report_id for m in messages}
    rows = Feedback.objects.filter(membership__report__in=reports).select_related("membership").order_by("id")
    held = list(rows.filter(case__in={c for m in messages for c in _homes(m)}))
    found = []
    for one in messages:
        mine = [
            r for r in held
            if r.membership.report_id == one.report_id and r.case_id in _homes(one) and r.asked_at <= one.at
        ]  # fmt: skip
        if mine:
            found.append((one, mine[-1]))
    return found


def _homes(message: Message) -> set[int]:
    case = message.case
    return set() if case is None else {case.id, *([case.absorbed_into_id] if case.absorbed_into_id else [])}


def path(name: str, given: str) -> str:
    """Give the path of a link: what stands after # no browser sends, so no proxy writes it down (ASVS V14.2.1)."""
    return f"{reverse(name)}#{given}"


def _base(tenant_id: int) -> str:
    hosts = Tenant.objects.values_list("hosts", flat=True).get(id=tenant_id)
    return f"{'https' if settings.SECURE else 'http'}://{hosts[0]}" if hosts else ""
