"""Posts and terms. A term gives the post's rights in the same transaction, and takes them with its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from jishi.accounts.actions import grants
from jishi.bodies.actions import grid_posts
from jishi.bodies.models import Post, Term
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class NewPost:
    body_id: int
    title: str
    roles: Sequence[str]
    title_en: str = ""
    area: str = ""
    work_phone: str = ""
    grid_id: int | None = None


@transaction.atomic
def create_posts(rows: Sequence[NewPost], *, by: Actor, now: datetime) -> list[int]:
    """Create posts; gives their ids in order. :raises NotAllowed: no right."""
    _ensure_may_keep_posts(by)
    made = Post.objects.bulk_create(
        Post(
            tenant_id=by.tenant_id, body_id=r.body_id, title=r.title, title_en=r.title_en, roles=list(r.roles),
            area=r.area, work_phone=r.work_phone, grid_id=r.grid_id,
        )
        for r in rows
    )  # fmt: skip
    notes = [trail.Note("post.created", ("post", p.id), now, {"body": p.body_id, "roles": p.roles}) for p in made]
    trail.record_many(notes, by=by, new=True)
    return [p.id for p in made]


def begin_term(post_id: int, account_id: int, *, by: Actor, now: datetime) -> int:
    """Begin one term; gives its id. Refuses as `begin_terms`."""
    return begin_terms([(post_id, account_id)], by=by, now=now)[0]


@transaction.atomic
def begin_terms(pairs: Sequence[tuple[int, int]], *, by: Actor, now: datetime) -> list[int]:
    """Begin terms (post, account) from `now`; each gives the post's rights the same second.

    :raises NotFound: no such post. :raises NotAllowed: no right, or for oneself.
    :raises LeaderThere, AlreadyFullTime: a second leader of a grid, a second full-time post of a person.
    """
    _ensure_may_keep_posts(by)
    if by.account_id is not None and by.account_id in {account for _, account in pairs}:
        raise NotAllowed(why="自己的任职由别人办。")
    rows = Post.objects.select_for_update().filter(tenant_id=by.tenant_id, id__in={p for p, _ in pairs})
    posts = {p.id: p for p in rows.order_by("id")}  # held as `grid_posts.serve` holds its own: one after the other
    if len(posts) != len({p for p, _ in pairs}):
        raise NotFound
    grid_posts.ensure_terms_fit(pairs, by=by, now=now)
    terms = Term.objects.bulk_create(
        Term(tenant_id=by.tenant_id, post_id=post, account_id=account, active=DateTimeTZRange(now, None))
        for post, account in pairs
    )
    wanted = [
        grants.Wanted(account, role, posts[post].body_id, post, posts[post].title, posts[post].area)
        for post, account in pairs
        for role in posts[post].roles
    ]
    grants.grant_many(wanted, by=by, now=now)
    trail.record_many(
        [trail.Note("term.begun", ("post", t.post_id), now, {"term": t.id, "account": t.account_id}) for t in terms],
        by=by,
    )
    return [t.id for t in terms]


@transaction.atomic
def end_term(term_id: int, *, by: Actor, now: datetime) -> None:
    """End a term; its rights end with it. :raises NotFound: no such open term."""
    _ensure_may_keep_posts(by)
    term = Term.objects.select_for_update().filter(tenant_id=by.tenant_id, id=term_id, active__endswith=None).first()
    if term is None:
        raise NotFound
    term.change(active=DateTimeTZRange(term.active.lower, now))
    grants.end_grants(post_id=term.post_id, account_id=term.account_id, by=by, now=now)
    trail.record("term.ended", ("post", term.post_id), by=by, at=now, codes={"term": term.id})


def _ensure_may_keep_posts(by: Actor) -> None:
    if not by.has("security_admin", "office", "system"):
        raise NotAllowed(why="任职由安全管理员办理。")
