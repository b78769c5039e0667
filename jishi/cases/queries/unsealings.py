"""Unsealings as their page shows them: who asked, why, who decided; never a name."""

from jishi.cases import policies
from jishi.cases.actions.receivers import DESK
from jishi.cases.actions.wording import GROUNDS_EN
from jishi.cases.models import Case, Membership, Unsealing
from jishi.cases.states import UNSEALING, UnsealGround, Voice
from jishi.foundation.actor import Actor


def of_case(case: Case) -> list[Unsealing]:
    """Give the unsealings of a case, newest first."""
    rows = Unsealing.objects.filter(case=case).select_related("asked_body", "decided_body", "report")
    return list(rows.order_by("-id")[:50])


def waiting(*, by: Actor) -> list[Unsealing]:
    """Give those that wait for a second person, oldest first, of cases that this actor sees."""
    seen = policies.visible_to(by, Case.objects.all())
    rows = Unsealing.objects.filter(tenant_id=by.tenant_id, status="ASKED", case__in=seen.values("id"))
    rows = rows.exclude(asked_body__in=[*(by.body_ids | by.tied_to)])
    return list(rows.select_related("case", "asked_body").order_by("asked_at", "id")[:100])


def confidential(case: Case) -> list[str]:
    """Name the confidential reports that belong to the case now."""
    rows = Membership.objects.filter(case=case, to_at=None, report__voice=Voice.CONFIDENTIAL)
    return list(rows.order_by("report_id").values_list("report__number", flat=True))


def received_by(case: Case, by: Actor) -> list[str]:
    """Name those of them that a desk of this actor's body received: it may look, to verify."""
    rows = Membership.objects.filter(case=case, to_at=None, report__voice=Voice.CONFIDENTIAL)
    rows = rows.filter(report__receiving_body__in=[*by.body_ids]) if by.has(DESK) else rows.none()
    return list(rows.order_by("report_id").values_list("report__number", flat=True))


def received_elsewhere(case: Case, by: Actor) -> list[tuple[str, int | None]]:
    """Name, for a receiving desk, those that another body's desk received, and which; None: no desk was left for it."""
    if not by.has(DESK):
        return []
    rows = Membership.objects.filter(case=case, to_at=None, report__voice=Voice.CONFIDENTIAL).order_by("report_id")
    found = rows.values_list("report__number", "report__receiving_body")
    return [(number, body) for number, body in found if body not in by.body_ids]


def may(verb: str, row: Unsealing | None, stand: policies.Stand, by: Actor) -> bool:
    """Tell whether the table opens this verb to the actor now."""
    status = row.status if row is not None else ""
    moves = [m for m in (*UNSEALING.moves, *UNSEALING.acts) if m.verb == verb]
    fits = [m for m in moves if (m.is_birth if row is None else m.fits(status, None))]
    return bool(fits) and any(policies.PARTIES[p](by, stand) for p in fits[0].who)


def ground_named(code: str, lang: str) -> str:
    """Name a ground in the reader's language."""
    return dict(UnsealGround.choices).get(code, code) if lang.startswith("zh") else GROUNDS_EN.get(code, code)
