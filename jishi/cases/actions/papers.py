"""What is kept closed of a mediation: names, contacts, notes, terms, and whose link it is (spec 10 §11).

They open for its mediator and its parties alone; every opening is written down (`accounts.actions.reading`).
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.cases.actions import linking
from jishi.cases.models import Mediation, MediationParty, Sitting
from jishi.cases.models.mediation import PAPERS, PARTY
from jishi.foundation import sealed
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused

YEARS = 3
OWN, CHAIR = "看自己的调解", "主持调解"


class MediationLinkOver(Refused):
    code, status = "mediation_link_over", 410
    zh, en = "这个链接不能再用了。", "This link is over."
    next_zh = "请找提议调解的单位或调解员，请他们再发一个。"
    next_en = "Ask whoever proposed the mediation, or the mediator, for another."


@dataclass(frozen=True, slots=True)
class Papers:
    """What was opened: names and contacts by party, notes by sitting, the terms."""

    names: Mapping[int, str] = field(default_factory=dict)
    contacts: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    terms: str = ""


def seal_party(party: MediationParty, *, name: str, contact: str, now: datetime) -> None:
    """Seal how a party is called and reached."""
    _seal(party, {"name": name.strip()[:60], "contact": contact.strip()[:80]}, PARTY, now)


def seal(row: Mediation | Sitting, name: str, words: str, *, now: datetime) -> None:
    """Seal notes or terms on their row."""
    _seal(row, {name: words}, PAPERS, now)


def _seal(row: Mediation | MediationParty | Sitting, words: Mapping[str, str], purpose: str, now: datetime) -> None:
    ends = _years_on(localdate(now))
    sealed.seal(
        [sealed.Secret(purpose, row._meta.db_table, row.pk, name, value, ends) for name, value in words.items()],
        tenant_id=row.tenant_id, now=now,
    )  # fmt: skip


def _years_on(day: date) -> date:
    return date(day.year + YEARS, day.month, min(day.day, 28))


# --- who comes by a link, or as a caller -------------------------------------------------------------------


def new_link(tenant_id: int) -> tuple[dict[str, str], str]:
    """Make a link: what the party's row keeps of it, and its token. Letters make the same token again from the key."""
    seed = secrets.token_hex(16)
    token = linking.token(linking.MEDIATION, tenant_id, seed)
    return {"link_seed": seed, "token_hash": linking.hashed(token)}, token


def holder_of(token: str, *, tenant_id: int) -> tuple[Actor, Mediation]:
    """Give the party who holds this link. :raises MediationLinkOver: there is none, or another was given since."""
    rows = MediationParty.objects.filter(tenant_id=tenant_id, token_hash=linking.hashed(token))
    party = rows.select_related("mediation").first()
    if party is None:
        raise MediationLinkOver
    return as_party(party), party.mediation


def caller_as_party(mediation: Mediation, report_ids: Sequence[int]) -> Actor:
    """Give the party that one of these reports is in the mediation. :raises NotFound: none is."""
    party = MediationParty.objects.filter(mediation=mediation, report__in=list(report_ids)).order_by("id").first()
    if party is None:
        raise NotFound
    return as_party(party)


def as_party(party: MediationParty) -> Actor:
    """Make the actor of a party: nobody outside this one mediation."""
    return Actor(tenant_id=party.tenant_id, kind="party", party_id=party.id, roles=frozenset({"party"}))


# --- opening -----------------------------------------------------------------------------------------------


def open_(mediation: Mediation, *, by: Actor, now: datetime) -> Papers:
    """This will open what is sealed of a mediation, for its mediator or one of its parties; who looked is kept.

    A party reads names, never contacts. :raises NotFound: anybody else; equal to a mediation that never was.
    """
    parties = list(MediationParty.objects.filter(mediation=mediation).order_by("id"))
    chairs = is_chair(mediation, by)
    if not chairs and not (by.kind == "party" and by.party_id in {p.id for p in parties}):
        raise NotFound
    why = CHAIR if chairs else OWN
    sat = list(Sitting.objects.filter(mediation=mediation).order_by("id").values_list("id", flat=True))
    people = reading.read(
        [("cases_mediationparty", p.id) for p in parties], ["name", "contact"] if chairs else ["name"],
        purpose=PARTY, reason=why, by=by, now=now,
    )  # fmt: skip
    kept = reading.read(
        [("cases_mediation", mediation.id), *(("cases_sitting", i) for i in sat)], ["notes", "terms"],
        purpose=PAPERS, reason=why, by=by, now=now,
    )  # fmt: skip
    return Papers(
        names={row: found["name"] for (_, row), found in people.items() if "name" in found},
        contacts={row: found["contact"] for (_, row), found in people.items() if "contact" in found},
        notes={row: found["notes"] for (_, row), found in kept.items() if "notes" in found},
        terms=kept.get(("cases_mediation", mediation.id), {}).get("terms", ""),
    )  # fmt: skip


def is_chair(mediation: Mediation, by: Actor) -> bool:
    """Tell whether the actor mediates it, and has not stepped aside."""
    own = by.kind == "staff" and by.account_id is not None and mediation.mediator.account_id == by.account_id
    return own and not mediation.recused_ground and by.has("mediator")
