"""外部程序: keys of strangers' programs, the names under which we answer them, and tokens of moderated intake (13)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from jishi.accounts.actions import clients
from jishi.cases import policies
from jishi.cases.models import Jurisdiction, Program, Report, Token
from jishi.cases.models.openness import DATUMS
from jishi.cases.refusals import GroundNeeded, TooManyPosts
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed

PER_MINUTE, PER_MINUTE_ON_TRIAL = 60, 600  # posts of one key (spec 13 §2)
TOKENS_LIVE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Naming:
    """What discovery says of a jurisdiction. `area`: the beginning of a division code, empty for the whole tenant."""

    name: str
    contact: str
    key_service: str
    area: str = ""
    answers_with_token: bool = False


@transaction.atomic
def register(
    name: str, *, by: Actor, now: datetime, datum: str = "wgs84", per_minute: int = PER_MINUTE
) -> tuple[Program, str]:
    """Give a program its key, which nobody can read again, and the datum that its coordinates have.

    :raises NotAllowed: not an administrator of clients. :raises GroundNeeded: no name, an unknown datum, no posts.
    """
    if not name.strip() or datum not in DATUMS or not 1 <= per_minute <= 6000:
        raise GroundNeeded(what="名称、坐标系和每分钟条数", what_en="a name, a known datum, posts a minute")
    client, key = clients.issue(name.strip()[:80], roles=[policies.PROGRAM], by=by, now=now)
    program = Program.objects.create(tenant_id=by.tenant_id, client=client, datum=datum, per_minute=per_minute)
    trail.record(
        "program.registered", ("client", client.id), by=by, at=now, codes={"datum": datum, "per_minute": per_minute}
    )
    return program, key


def enter(key: str, *, tenant_id: int, now: datetime) -> tuple[Actor, Program]:
    """Give the actor and the program of a key. :raises KeyUnknown: no open program of this tenant has it."""
    actor = clients.actor_of(f"Bearer {key}", tenant_id=tenant_id, now=now)
    program = Program.objects.filter(tenant_id=tenant_id, client=actor.client_id or 0).first()
    if program is None or not actor.has(policies.PROGRAM):
        raise clients.KeyUnknown
    return actor, program


def count_post(program: Program, *, now: datetime) -> None:
    """Count one post of this minute. :raises TooManyPosts: the key has sent what it may; says how long to wait."""
    held = Program.objects.select_for_update().get(id=program.id)
    minute = int(now.timestamp()) // 60
    used = held.used + 1 if held.minute == minute else 1
    if used > held.per_minute:
        raise TooManyPosts(limit=held.per_minute, seconds=60 - int(now.timestamp()) % 60)
    Program.objects.filter(id=held.id).update(minute=minute, used=used)


@transaction.atomic
def name_jurisdiction(naming: Naming, *, by: Actor, now: datetime) -> Jurisdiction:
    """Say under which name Open311 is served, once or again. :raises NotAllowed: not the office, no administrator."""
    if not by.has("system_admin", "office", "system"):
        raise NotAllowed(why="对外接口的名称由系统管理员或领导小组办公室定。")
    if not naming.name.strip():
        raise GroundNeeded(what="对外的名称", what_en="a name")
    values = {
        "area": naming.area, "contact": naming.contact[:500], "key_service": naming.key_service[:500],
        "answers_with_token": naming.answers_with_token,
    }  # fmt: skip
    row, is_new = Jurisdiction.objects.select_for_update().get_or_create(
        tenant_id=by.tenant_id, name=naming.name.strip().lower()[:120], defaults=values
    )
    if not is_new:
        row.change(**values)
    codes = {"area": row.area, "token": row.answers_with_token}
    trail.record("jurisdiction.named", ("jurisdiction", row.id), by=by, at=now, codes=codes, new=is_new)
    return row


def give_token(report_id: int, *, by: Actor, now: datetime) -> str:
    """Give a token for a report just taken in; only its hash is kept, for thirty days."""
    token = secrets.token_hex(16)
    report = Report.objects.get(tenant_id=by.tenant_id, id=report_id)
    Token.objects.create(tenant_id=by.tenant_id, token_hash=hash_of(token), report=report, ends_at=now + TOKENS_LIVE)
    return token


def hash_of(token: str) -> str:
    """Give the form in which a token is kept; 128 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def forget_tokens(*, by: Actor, now: datetime) -> int:
    """Throw away tokens whose time is over; gives how many."""
    return Token.objects.filter(tenant_id=by.tenant_id, ends_at__lte=now).delete()[0]
