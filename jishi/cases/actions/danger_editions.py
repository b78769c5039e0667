"""险情规则的版本: which words warn of danger is proposed by the desk and adopted by the office (spec 12 §7, §10).

An edition is the whole of the rules with one danger said anew, and the sentences that the town adds to the golden ones.
It is held against every golden sentence when proposed; one that fails is not adopted. Who proposed does not adopt.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from jishi.cases.actions import moving
from jishi.cases.actions.alongside import worded
from jishi.cases.models import ModelEdition
from jishi.cases.refusals import GoldenFails, ModelCannotBeRead, NoSuchDanger, SamePerson
from jishi.cases.triage import danger, learned
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels.text.minimise import minimise_one

PROPOSING = ("operator", "dispatcher", "office")
LONGEST_WORD, MOST_WORDS, SENTENCES = 12, 400, 10
_NUMBER = re.compile(r"[0-9]{3,8}")


@dataclass(frozen=True, slots=True)
class Wording:
    """One danger said anew. `ways`: each a row of groups of words, of which one each must stand in a clause.

    `speaks`, `twins`: sentences of this danger, and sentences without danger that sound alike.
    """

    ways: Sequence[Sequence[Sequence[str]]]
    never: Sequence[str]
    call: str
    speaks: Sequence[str] = ()
    twins: Sequence[str] = ()


@transaction.atomic
def propose(code: str, said: Wording, *, why: str, by: Actor, now: datetime) -> ModelEdition:
    """Put an edition before the office: what is in force with this danger said anew.

    It is stored with what it misses and what it marks wrongly on the golden sentences, and answers nobody yet.
    :raises NotAllowed: not of the receiving desk or the office. :raises NoSuchDanger: unknown, or words that cannot be.
    :raises GroundNeeded, TooShortOrLong: no reason.
    """
    if by.kind != "staff" or not by.has(*PROPOSING):
        raise NotAllowed(why="险情规则由受理的岗位提、领导小组办公室定。")
    reason = worded(why, least=4, most=500, what="为什么改", what_en="why it is changed")
    scope.one_at_a_time("danger_rules", 0)
    base, number = _base(by)
    told = _anew(base, code, said)
    content = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    found = danger.check(told)
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=danger.KIND)
    row = ModelEdition.objects.create(
        tenant_id=by.tenant_id, kind=danger.KIND, number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1, made_at=now,
        made_from=code, arrays=content, sha256=hashlib.sha256(content).hexdigest(),
        card={
            "by": by.label, "why": minimise_one(reason).shown, "of": found.of, "missed": list(found.missed),
            "alarmed": list(found.alarmed), "base": number,
        },
    )  # fmt: skip
    codes = {"danger": code, "missed": len(found.missed), "alarmed": len(found.alarmed)}
    _record("danger_rules.proposed", row, by=by, now=now, codes=codes, words={"why": reason})
    return row


@transaction.atomic
def adopt(number: int, *, by: Actor, now: datetime) -> ModelEdition:
    """Listen by this edition from now on; marks made before keep theirs.

    :raises NotAllowed: not the leading group office. :raises SamePerson: who proposed it. :raises NotFound.
    :raises GoldenFails: it misses a golden sentence, or marks a twin, today. :raises WrongMoment: it is in force, or
        other rules came into force since it was proposed.
    :raises ModelCannotBeRead: its content does not fit its hash.
    """
    _ensure_office(by)
    rows = ModelEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, kind=danger.KIND)
    row = rows.filter(number=number).first()
    if row is None:
        raise NotFound
    if moving.person(row.card["by"]) == moving.person(by.label):
        raise SamePerson(why="提的人不能自己定，换一位同事。", why_en="A colleague of who proposed it adopts it.")
    if row.adopted_at is not None and row.retired_at is None:
        raise WrongMoment(state="in_force", state_zh="正在用", state_en="in use", open=[], open_zh="—", open_en="—")
    held = _in_force(by)
    if row.adopted_at is None and row.card["base"] != (held.number if held else 0):
        raise WrongMoment(
            state="changed", state_zh="提出以后规则已经换过", state_en="from before the rules were changed",
            open=["propose"], open_zh="照现在的规则重提", open_en="propose it anew",
        )  # fmt: skip
    try:
        found = danger.check(danger.unpacked(bytes(row.arrays), row.sha256))
    except RuntimeError:
        raise ModelCannotBeRead(number=number) from None
    if not found.is_sound:
        raise GoldenFails(missed=len(found.missed), alarmed=len(found.alarmed))
    for former in rows.filter(adopted_at__isnull=False, retired_at=None).exclude(id=row.id):
        former.change(retired_at=now)
    row.change(adopted_at=now, adopted_by=by.label, retired_at=None)
    _record("danger_rules.adopted", row, by=by, now=now)
    learned.forget()
    return row


@transaction.atomic
def give_back(*, by: Actor, now: datetime) -> ModelEdition:
    """Listen by the rules that the installation carries again; the edition stays and can be adopted again.

    :raises NotAllowed: not the leading group office. :raises NotFound: the town has none of its own in force.
    """
    _ensure_office(by)
    rows = ModelEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, kind=danger.KIND)
    row = rows.filter(adopted_at__isnull=False, retired_at=None).order_by("-number").first()
    if row is None:
        raise NotFound
    row.change(retired_at=now)
    _record("danger_rules.returned", row, by=by, now=now)
    learned.forget()
    return row


def _base(by: Actor) -> tuple[dict[str, Any], int]:
    """What a proposal changes, and its number: what is in force. Nobody's proposal rides along with another's."""
    held = _in_force(by)
    if held is None:
        return json.loads(json.dumps({k: v for k, v in danger.told().items() if k != "valid_from"})), 0
    return danger.unpacked(bytes(held.arrays), held.sha256), held.number


def _in_force(by: Actor) -> ModelEdition | None:
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=danger.KIND)
    return rows.filter(adopted_at__isnull=False, retired_at=None).first()


def _anew(told: dict[str, Any], code: str, said: Wording) -> dict[str, Any]:
    row = next((r for r in told["risk"] if r["code"] == code), None)
    if row is None:
        raise NoSuchDanger(danger=code[:20], what="—")
    words = [w for way in said.ways for group in way for w in group] + list(said.never)
    sound = said.ways and all(way and all(group for group in way) for way in said.ways)
    if not sound or len(words) > MOST_WORDS or any(not 1 < len(w) + 1 <= LONGEST_WORD + 1 for w in words):
        raise NoSuchDanger(danger=code, what=next((w for w in words if len(w) > LONGEST_WORD), "—"))
    if not _NUMBER.fullmatch(said.call):
        raise NoSuchDanger(danger=code, what=said.call[:20] or "—")
    row["words"] = [[list(group) for group in way] for way in said.ways]
    row["never"], row["call"] = list(said.never), said.call
    sentences = [(s, [code]) for s in said.speaks] + [(s, []) for s in said.twins]
    if len(sentences) > SENTENCES:
        raise NoSuchDanger(danger=code, what=str(len(sentences)))
    shown = [{"text": minimise_one(text.strip()).shown[:200], "fires": fires} for text, fires in sentences]
    known = {one["text"] for one in shown}
    told["golden"] = [one for one in told.get("golden", ()) if one["text"] not in known] + shown
    return told


def _ensure_office(by: Actor) -> None:
    if by.kind != "staff" or not by.has("office"):
        raise NotAllowed(why="险情规则由领导小组办公室定。")


def _record(
    verb: str, row: ModelEdition, *, by: Actor, now: datetime, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    facts = {"number": row.number, "sha256": row.sha256, **(codes or {})}
    trail.record(verb, ("model_edition", row.id), by=by, at=now, codes=facts, words=dict(words) if words else None)
