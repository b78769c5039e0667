"""The names that people give to places: proposed in one step, reviewed weekly, kept with dates (spec 20 §4)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.places import memory
from jishi.places.models import AliasProposal, Compound, Facility, GazetteerName, NameAlias
from jishi.places.policies import ensure_may_keep_ground
from jishi.places.refusals import NameIsKnown, ProposalIsSettled

PLACES: Final[dict[str, Any]] = {"compound": Compound, "facility": Facility, "gazetteer_name": GazetteerName}
LONGEST = 80
MOST_WAIT = 5  # names of one resident that wait for the review


@transaction.atomic
def propose(name: str, *, kind: str, place_id: int, by: Actor, now: datetime) -> AliasProposal:
    """Say that people call a place so; `kind` is compound, facility or gazetteer_name.

    :raises NotAllowed: who is not signed in. :raises Invalid: no name, one sign, or too long; a resident of whose
    names `MOST_WAIT` wait already. :raises NotFound: no such place in force. :raises NameIsKnown: it is called so
    already, or somebody has proposed it.
    """
    ensure_may_propose(by)
    word = " ".join(name.split())
    if not 2 <= len(word) <= LONGEST:
        raise Invalid(detail=f"名称 2 到 {LONGEST} 个字")
    place = _place(kind, place_id, by)
    there = NameAlias.objects.filter(tenant_id=by.tenant_id, name=word, active_to=None, **{kind: place})
    waits = AliasProposal.objects.filter(tenant_id=by.tenant_id, name=word, state="open", **{kind: place})
    if word == place.name or word in place.aliases or there.exists() or waits.exists():
        raise NameIsKnown(name=word)
    who = trail.named(by, ("alias", 0))  # of a resident a pseudonym: no account stands beside a place
    if by.kind == "resident":
        scope.one_at_a_time("alias", by.account_id or 0)
        waiting = AliasProposal.objects.filter(tenant_id=by.tenant_id, state="open", proposed_by=who)
        if waiting.count() >= MOST_WAIT:
            raise Invalid(detail=f"您提的 {MOST_WAIT} 个还在等着审，审完再提")
    row = AliasProposal.objects.create(
        tenant_id=by.tenant_id, name=word, proposed_at=now, proposed_by=who, **{kind: place}
    )
    trail.record("alias.proposed", ("alias_proposal", row.id), by=by, at=now, new=True, codes={kind: place.id})
    return row


def ensure_may_propose(by: Actor) -> None:
    """A resident with an account and every colleague. :raises NotAllowed: anybody else."""
    if by.kind not in ("staff", "system", "resident"):
        raise NotAllowed(why="登录以后才能提一个叫法。")


@transaction.atomic
def accept(ids: Iterable[int], *, by: Actor, now: datetime, today: date) -> int:
    """Accept proposals: from today the names find their places; gives how many. :raises ProposalIsSettled: of one."""
    rows = _open(ids, by)
    NameAlias.objects.bulk_create(
        NameAlias(
            tenant_id=by.tenant_id, name=r.name, compound_id=r.compound_id, facility_id=r.facility_id,
            gazetteer_name_id=r.gazetteer_name_id, source=r.proposed_by.partition(":")[0], active_from=today,
        )
        for r in rows
    )  # fmt: skip
    _settle(rows, "accepted", by=by, now=now)
    memory.touch(by.tenant_id)
    return len(rows)


@transaction.atomic
def decline(ids: Iterable[int], *, by: Actor, now: datetime) -> int:
    """Decline proposals; gives how many. :raises ProposalIsSettled: of one."""
    rows = _open(ids, by)
    _settle(rows, "declined", by=by, now=now)
    return len(rows)


@transaction.atomic
def rename(name_id: int, *, name: str, on: date, document_no: str, by: Actor, now: datetime) -> GazetteerName:
    """Give a road or water another name from a day; the old name stays one of its names, with its last day.

    :raises NotFound: it is not in force. :raises Invalid: no name, or the day is before its first.
    """
    ensure_may_keep_ground(by)
    row = GazetteerName.objects.select_for_update().filter(tenant_id=by.tenant_id, id=name_id, active_to=None).first()
    word = " ".join(name.split())
    if row is None:
        raise NotFound
    if not 2 <= len(word) <= LONGEST or on <= row.active_from or word == row.name:
        raise Invalid(detail="新名称 2 到 80 个字，和旧的不同；日期在启用之后")
    kept = {f.attname: getattr(row, f.attname) for f in GazetteerName._meta.concrete_fields}
    old_ref = row.ref
    row.change(active_to=on, ref="" if old_ref else row.ref)
    fresh = kept | {"name": word, "active_from": on, "active_to": None, "ref": old_ref}
    new = GazetteerName.objects.create(**{k: v for k, v in fresh.items() if k not in ("id", "version")})
    for alias in NameAlias.objects.select_for_update().filter(gazetteer_name=row, active_to=None):
        alias.change(active_to=max(on, alias.active_from))
        _also(new, alias.name, alias.official_until, alias.source, on)
    _also(new, row.name, on, document_no, on)
    trail.record(
        "gazetteer.renamed", ("gazetteer_name", new.id), by=by, at=now, new=True,
        codes={"before": row.id, "on": on.isoformat(), "document": document_no},
    )  # fmt: skip
    memory.touch(by.tenant_id)
    return new


def _also(new: GazetteerName, name: str, until: date | None, source: str, on: date) -> None:
    NameAlias.objects.create(
        tenant_id=new.tenant_id, name=name, gazetteer_name=new, official_until=until, source=source, active_from=on
    )


def _place(kind: str, place_id: int, by: Actor) -> Any:
    model = PLACES.get(kind)
    place = model.objects.filter(tenant_id=by.tenant_id, id=place_id, active_to=None).first() if model else None
    if place is None:
        raise NotFound
    return place


def _open(ids: Iterable[int], by: Actor) -> list[AliasProposal]:
    ensure_may_keep_ground(by)
    wanted = set(ids)
    rows = list(AliasProposal.objects.select_for_update().filter(tenant_id=by.tenant_id, id__in=wanted).order_by("id"))
    if len(rows) != len(wanted):
        raise NotFound
    for row in rows:
        if row.state != "open":
            raise ProposalIsSettled(name=row.name)
    return rows


def _settle(rows: list[AliasProposal], state: str, *, by: Actor, now: datetime) -> None:
    """Settle them; of a resident's the pseudonym, which counted those that wait, goes."""
    for row in rows:
        who, _, _ = row.proposed_by.partition(":")
        told = who if who == "resident" else row.proposed_by
        row.change(state=state, settled_at=now, settled_by=by.label, proposed_by=told)
    trail.record_many([trail.Note(f"alias.{state}", ("alias_proposal", r.id), now, {}) for r in rows], by=by)
