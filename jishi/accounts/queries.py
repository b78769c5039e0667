"""Looking: who may do what now, who holds a role, who looked at whom. Never a list of persons by name."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import Q, QuerySet
from fido2 import cbor
from fido2.utils import websafe_encode

from jishi.accounts.models import (
    Account,
    BreakGlass,
    Grant,
    NoticeChoice,
    PhoneWay,
    Reading,
    Recovery,
    SignedIn,
    SignInKept,
)
from jishi.accounts.policies import GLASS, WATCHING, may_decide_glass, may_keep_accounts, may_see_every_glass
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.sealed import Owner

_ENTER = "SELECT * FROM jishi_enter(%s, %s, %s)"
_READINGS = """
    SELECT id FROM accounts_reading
    WHERE tenant_id = %(tenant)s AND (%(before)s::bigint IS NULL OR id < %(before)s::bigint)
      AND (owner_table, owner_row) IN (SELECT * FROM unnest(%(tables)s::text[], %(rows)s::bigint[]))
    ORDER BY id DESC LIMIT %(limit)s
"""


_BREACH = """
    SELECT owner_table, owner_row, array_agg(DISTINCT f), array_agg(DISTINCT purpose), count(DISTINCT id),
           min(at), max(at)
    FROM accounts_reading r, unnest(r.fields) f
    WHERE tenant_id = %(tenant)s AND at >= %(since)s AND at < %(until)s
      AND split_part(actor, '/', 1) = ANY (%(who)s::text[])
    GROUP BY owner_table, owner_row ORDER BY owner_table, owner_row
"""


@dataclass(frozen=True, slots=True)
class Right:
    """One grant that holds now. `post_id` None: it belongs to the account under whichever post."""

    id: int
    role: str
    body_id: int | None
    post_id: int | None
    post_title: str
    area: str


@dataclass(frozen=True, slots=True)
class Post:
    """One post that an account holds now."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a role now: number and post, and the sign-in name that the demonstration shows."""

    account_id: int
    username: str
    name: str
    post_id: int | None
    post_title: str
    body_id: int | None
    area: str


@dataclass(frozen=True, slots=True)
class Identity:
    """An account that may be signed in, with what it may do at this moment."""

    account: Account
    rights: tuple[Right, ...]

    @property
    def posts(self) -> tuple[Post, ...]:
        """Give the posts held now, in the order in which they began."""
        titles = {r.post_id: r.post_title for r in self.rights if r.post_id is not None}
        return tuple(Post(number, title) for number, title in titles.items())

    def chosen(self, post_id: int | None) -> Post | None:
        """Give the post in which the account acts: the chosen one while it is held, else the only one."""
        posts = self.posts
        for post in posts:
            if post.id == post_id:
                return post
        return posts[0] if len(posts) == 1 else None

    def actor(self, tenant_id: int, post_id: int | None) -> Actor:
        """Give the actor in the chosen post; without one, only rights that need no post remain.

        A resident's account acts for no body, whatever right was given to it: work is done from a colleague's account.
        So nobody's own words are hidden from him because he holds a post where they complain (spec 10 §13).
        """
        if not self.account.is_staff_member:
            return Actor(
                tenant_id=tenant_id, kind="resident", account_id=self.account.id, roles=frozenset({"resident"})
            )
        post = self.chosen(post_id)
        number = post.id if post else None
        held = [r for r in self.rights if r.post_id is None or r.post_id == number]
        usual = [r for r in held if r.role != GLASS]
        own = max([r.area for r in usual if r.post_id is not None] or [r.area for r in usual], key=len, default="")
        wider = [r.area for r in held if r.role == GLASS]  # each contains the own one: the verb sees to it
        return Actor(
            tenant_id=tenant_id,
            kind="staff",
            account_id=self.account.id,
            post_id=number,
            roles=frozenset(r.role for r in held),
            body_ids=frozenset(r.body_id for r in held if r.body_id is not None),
            area=min([own, *wider], key=len),
            tied_to=frozenset(r.body_id for r in self.rights if r.body_id is not None),
        )


def enter(tenant_id: int, account_id: int, *, now: datetime) -> Identity | None:
    """Enter the tenant inside the open transaction and give the account with its rights; one statement.

    None: no such account here, or it is closed. For edges, which have no scope yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, [tenant_id, account_id, now])
        row = cursor.fetchone()
    if row is None:
        return None
    names = ("id", "username", "name", "password", "is_staff_member", "language", "elder", "version")
    account = Account(tenant_id=tenant_id, is_active=True, **dict(zip(names, row[:8], strict=True)))
    account._state.adding = False
    grants = json.loads(row[8]) if isinstance(row[8], str) else row[8]
    return Identity(account, tuple(Right(**g) for g in grants))


def identity_of(account_id: int, *, now: datetime) -> Identity | None:
    """Give an account of this tenant with what it may do at `now`."""
    account = Account.objects.filter(tenant_id=_tenant(), id=account_id, is_active=True).first()
    if account is None:
        return None
    return Identity(account, tuple(_right(g) for g in _held(now).filter(account_id=account_id).order_by("id")))


def actor_for(account_id: int, post_id: int | None, now: datetime) -> Actor | None:
    """Give the actor that this account would be at `now` in this post; None if nobody or the post has ended."""
    found = identity_of(account_id, now=now)
    if found is None or (post_id is not None and post_id not in {p.id for p in found.posts}):
        return None
    return found.actor(_tenant(), post_id)


def people_of(role: str, *, now: datetime) -> list[Holder]:
    """Give who holds `role` now, at most 200, for the sign-in list of the demonstration and for notices."""
    rows = _held(now).filter(role=role, account__is_active=True).select_related("account").order_by("id")[:200]
    return [_holder(g) for g in rows]


def people_of_many(roles: Sequence[str], *, now: datetime) -> dict[str, list[Holder]]:
    """Give the holders of each of `roles`, at most 200 in all, in one statement."""
    found: dict[str, list[Holder]] = {role: [] for role in roles}
    rows = _held(now).filter(role__in=list(roles), account__is_active=True).select_related("account")
    for grant in rows.order_by("id")[:200]:
        found[grant.role].append(_holder(grant))
    return found


def desks_of(role: str, *, now: datetime) -> list[tuple[int, str]]:
    """Give (body, area) of every body for which somebody holds this role now, in one statement."""
    rows = _held(now).filter(role=role, account__is_active=True).values_list("body_id", "area")
    return sorted({(body, area) for body, area in rows if body is not None})


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who holds a role now: where it reaches, and every body for which the person acts in any post."""

    account_id: int
    areas: frozenset[str]
    body_ids: frozenset[int]


def hands_of(role: str, *, now: datetime) -> list[Hand]:
    """Give everybody who holds `role` now, in one statement: recusal follows the person, not the post."""
    holders = _held(now).filter(role=role, account__is_active=True).values("account_id")
    rows = _held(now).filter(account_id__in=holders).exclude(role=GLASS)
    areas: dict[int, set[str]] = {}
    acts_for: dict[int, set[int]] = {}
    for account_id, held, area, body_id in rows.values_list("account_id", "role", "area", "body_id"):
        mine = acts_for.setdefault(account_id, set())
        if body_id is not None:
            mine.add(body_id)
        if held == role:
            areas.setdefault(account_id, set()).add(area)
    return [Hand(one, frozenset(areas[one]), frozenset(acts_for[one])) for one in sorted(areas)]


def accounts_of_bodies(body_ids: Iterable[int], role: str = "", *, now: datetime) -> dict[int, list[int]]:
    """Give, per body, the accounts that hold a right for it now; with `role`, only that right."""
    rows = _held(now).filter(body_id__in=list(body_ids), account__is_active=True).exclude(role=GLASS)
    if role:
        rows = rows.filter(role=role)
    found: dict[int, list[int]] = {}
    for body_id, account_id in rows.order_by("id").values_list("body_id", "account_id"):
        listed = found.setdefault(body_id or 0, [])
        if account_id not in listed:
            listed.append(account_id)
    return found


def names_of(account_ids: Iterable[int]) -> dict[int, str]:
    """Give the names colleagues know, for the account page; a case shows posts, never these."""
    rows = Account.objects.filter(tenant_id=_tenant(), id__in=list(account_ids))
    return dict(rows.values_list("id", "name"))


def by_username(username: str) -> int | None:
    """Give the open account of staff with this sign-in name, for whoever gives it a post."""
    rows = Account.objects.filter(tenant_id=_tenant(), username=username, is_active=True, is_staff_member=True)
    return rows.values_list("id", flat=True).first()


def number_of(username: str) -> int | None:
    """Give the number of an account, open or closed, by its sign-in name; for whoever looks into a breach."""
    return Account.objects.filter(tenant_id=_tenant(), username=username).values_list("id", flat=True).first()


def readings_of(table: str, row: int | Iterable[int], *, after: int | None = None, limit: int = 50) -> list[Reading]:
    """Give who looked at the sealed fields of these rows, newest first; `after` pages by number."""
    rows = [row] if isinstance(row, int) else list(row)
    found = Reading.objects.filter(tenant_id=_tenant(), owner_table=table, owner_row__in=rows)
    if after is not None:
        found = found.filter(id__lt=after)
    return list(found.order_by("-id")[: min(limit, 200)])


def readings_of_many(owners: Iterable[Owner], *, after: int | None = None, limit: int = 50) -> list[Reading]:
    """Give who looked at any of these (table, row), newest first, in two statements; `after` pages by number."""
    tables = sorted(set(owners))
    if not tables:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _READINGS,
            {
                "tenant": _tenant(),
                "tables": [t for t, _ in tables],
                "rows": [r for _, r in tables],
                "before": after,
                "limit": min(limit, 200),
            },
        )
        numbers = [row[0] for row in cursor.fetchall()]
    return list(Reading.objects.filter(tenant_id=_tenant(), id__in=numbers).order_by("-id"))


@dataclass(frozen=True, slots=True)
class Opened:
    """Whose sealed fields were opened: the row they belong to, which fields, for which purposes, how often, when."""

    table: str
    row: int
    fields: tuple[str, ...]
    purposes: tuple[str, ...]
    times: int
    first: datetime
    last: datetime


def breach_scope(actors: Iterable[str], *, since: datetime, until: datetime) -> list[Opened]:
    """Give exactly whose fields these actors opened between two moments (spec 90 §7.5); one statement.

    `actors` are labels without posts, ``staff:7`` or ``client:3``: whoever held the session or the key, in any post.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BREACH, {"tenant": _tenant(), "who": sorted(set(actors)), "since": since, "until": until})
        return [
            Opened(table, row, tuple(sorted(set(fields))), tuple(sorted(set(purposes))), times, first, last)
            for table, row, fields, purposes, times, first, last in cursor.fetchall()
        ]


def own_rows(account_id: int) -> list[Owner]:
    """Give the rows of an account itself that may hold sealed fields."""
    chosen = NoticeChoice.objects.filter(tenant_id=_tenant(), account_id=account_id).values_list("id", flat=True)
    return [("accounts_account", account_id), *(("accounts_noticechoice", row) for row in chosen)]


def glasses(by: Actor, *, limit: int = 50) -> list[BreakGlass]:
    """Give the emergency accesses that `by` may know of, newest first: own ones, to be decided by, all for auditors."""
    rows = BreakGlass.objects.filter(tenant_id=_tenant())
    if may_see_every_glass(by):
        return list(rows.order_by("-id")[:limit])
    seen = Q(account_id=by.account_id or 0)
    if may_decide_glass(by):
        seen |= Q(status__in=["asked", "open"]) & ~Q(own_body_ids__overlap=sorted(by.body_ids | by.tied_to))
    return list(rows.filter(seen).order_by("-id")[:limit])


def glasses_to_tell(*, now: datetime) -> int:
    """Give how many emergency accesses were open within the last day: the auditor is told of them on each page."""
    rows = BreakGlass.objects.filter(tenant_id=_tenant(), decided_at__gt=now - timedelta(days=1))
    return rows.filter(open_until__isnull=False).count()


def by_glass(readings: Iterable[Reading]) -> set[int]:
    """Give which of these readings were made by emergency access; one statement."""
    listed = list(readings)
    if not listed:
        return set()
    rows = BreakGlass.objects.filter(tenant_id=_tenant(), open_until__gt=min(r.at for r in listed))
    held = [
        (f"staff:{g.account_id}/post:{g.post_id}", g.decided_at, min(g.open_until, g.ended_at or g.open_until))
        for g in rows.filter(decided_at__isnull=False)
        if g.open_until is not None and g.decided_at is not None
    ]
    return {r.id for r in listed if any(r.actor == who and a <= r.at < z for who, a, z in held)}


def read_by_glass(glass_id: int) -> list[Owner]:
    """Give the rows whose sealed fields were opened under this emergency access, by who had it in that post."""
    row = BreakGlass.objects.filter(tenant_id=_tenant(), id=glass_id).first()
    if row is None or row.decided_at is None or row.open_until is None:
        return []
    until = min(row.open_until, row.ended_at or row.open_until)
    found = Reading.objects.filter(tenant_id=_tenant(), actor=f"staff:{row.account_id}/post:{row.post_id}")
    found = found.filter(at__gte=row.decided_at, at__lt=until)
    return sorted(set(found.values_list("owner_table", "owner_row")))


def bodies_of(account_id: int, *, now: datetime) -> set[int]:
    """Give the bodies in which an account holds a post now; emergency access counts for none."""
    rows = _held(now).filter(account_id=account_id, body_id__isnull=False).exclude(role=GLASS)
    return {body for body in rows.values_list("body_id", flat=True) if body is not None}


def watches(account_id: int, *, now: datetime) -> bool:
    """Tell whether an account holds a post that watches or keeps the platform: no head of a body is above it."""
    return _held(now).filter(account_id=account_id, role__in=WATCHING).exists()


def title_of(by: Actor, *, now: datetime) -> str:
    """Give the title of the post in which somebody acts now."""
    rows = _held(now).filter(account_id=by.account_id or 0, post_id=by.post_id).exclude(role=GLASS)
    return rows.values_list("post_title", flat=True).first() or ""


def recoveries(by: Actor, *, now: datetime, limit: int = 30) -> list[Recovery]:
    """Give the ways back that `by` may know of, newest first: all for administrators, of colleagues what is asked."""
    rows = Recovery.objects.filter(tenant_id=_tenant()).select_related("account").order_by("-id")
    if may_keep_accounts(by) or may_see_every_glass(by):
        return list(rows[:limit])
    if by.has(GLASS) or not by.body_ids:
        return []
    own = [i for ids in accounts_of_bodies(by.body_ids, now=now).values() for i in ids if i != by.account_id]
    return list(rows.filter(status="asked", ends_at__gt=now, account_id__in=own)[:limit])


def recovered_at(account_id: int, *, now: datetime) -> datetime | None:
    """Give when the ways into an account were last ended by two persons, within ninety days."""
    rows = Recovery.objects.filter(tenant_id=_tenant(), account_id=account_id, decided_at__gt=now - timedelta(days=90))
    return rows.exclude(second_mac="").order_by("-id").values_list("decided_at", flat=True).first()


def lost_at(account_id: int, *, now: datetime) -> datetime | None:
    """Give when somebody else last ended the devices of an account as lost, within ninety days."""
    found = trail.newest(("account", account_id), "account.phone_lost", since=now - timedelta(days=90))
    return found.at if found and found.actor.split("/")[0] != f"staff:{account_id}" else None


def demonstration_residents() -> list[Holder]:
    """Give five residents to play in the demonstration, which alone asks for them: its people are invented."""
    rows = Account.objects.filter(tenant_id=_tenant(), is_staff_member=False, is_active=True).order_by("id")[:5]
    return [Holder(a.id, a.username, a.name, None, "", None, "") for a in rows]


def sessions_of(account_id: int, *, now: datetime) -> list[SignedIn]:
    """Give the open sessions of one account, newest first."""
    rows = SignedIn.objects.filter(tenant_id=_tenant(), account_id=account_id, ends_at__gt=now)
    return list(rows.order_by("-began_at")[:50])


def sign_ins_of(account_id: int, *, limit: int = 20) -> list[SignInKept]:
    """Give the newest sign-ins of one account that succeeded, for the page of its holder."""
    rows = SignInKept.objects.filter(tenant_id=_tenant(), account_id=account_id)
    return list(rows.order_by("-at", "-id")[:limit])


def enters_by_phone(account_id: int) -> bool:
    """Tell whether this account is opened by a number."""
    return PhoneWay.objects.filter(tenant_id=_tenant(), account_id=account_id).exists()


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account: what it is called by, and the key that checks what it signs (COSE in CBOR)."""

    credential: bytes
    public_key: bytes
    made_for: bytes  # SHA-256 of the host

    def fits(self, host: str) -> bool:
        """Tell whether it was made for this host: it signs for no other."""
        return hashlib.sha256(host.partition(":")[0].encode()).digest() == self.made_for


def passkeys_of(account_id: int) -> list[Passkey]:
    """Give the passkeys of an account, in the order in which they were added."""
    rows = Authenticator.objects.filter(user_id=account_id, type=Authenticator.Type.WEBAUTHN).order_by("id")
    told = [row.wrap().authenticator_data for row in rows if "credential" in row.data]
    return [
        Passkey(bytes(one.credential_data.credential_id), cbor.encode(dict(one.credential_data.public_key)),
                bytes(one.rp_id_hash))
        for one in told
        if one.credential_data is not None
    ]  # fmt: skip


def asked_of_passkey(challenge: bytes, account_id: int, *, host: str) -> dict[str, Any]:
    """Give what a page hands to the browser so that this person's passkey signs `challenge`; the person is verified."""
    allowed = [{"type": "public-key", "id": websafe_encode(one.credential)} for one in passkeys_of(account_id)]
    asked = {
        "challenge": websafe_encode(challenge), "rpId": host.partition(":")[0], "allowCredentials": allowed,
        "userVerification": "required", "timeout": 300_000,
    }  # fmt: skip
    return {"request_options": {"publicKey": asked}}


def _held(now: datetime) -> QuerySet[Grant]:
    rows = Grant.objects.filter(tenant_id=_tenant(), active_from__lte=now)
    return rows.filter(Q(active_to=None) | Q(active_to__gt=now))


def _right(grant: Grant) -> Right:
    return Right(grant.id, grant.role, grant.body_id, grant.post_id, grant.post_title, grant.area)


def _holder(grant: Grant) -> Holder:
    who = grant.account
    return Holder(who.id, who.username, who.name, grant.post_id, grant.post_title, grant.body_id, grant.area)


def _tenant() -> int:
    return scope.current().actor.tenant_id
