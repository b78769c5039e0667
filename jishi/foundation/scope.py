"""The scope of a transaction: which tenant, bodies and account its rows may belong to.

Row-level security reads it (`protect.py`). Outside a scope the web role sees nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from jishi.foundation.actor import Actor
from jishi.foundation.asking import ask


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds in this transaction. `recorded_at` is the database's clock at its start."""

    actor: Actor
    recorded_at: datetime
    memo: dict[str, Any] = field(default_factory=dict, compare=False)  # what rooms looked up once in this transaction


_current: ContextVar[Scope | None] = ContextVar("jishi_scope", default=None)

_ENTER = """
    SELECT set_config('jishi.tenant', %s, true), set_config('jishi.bodies', %s, true),
           set_config('jishi.account', %s, true), set_config('jishi.report', %s, true), transaction_timestamp()
"""

# Whoever acts for no body is asked nothing by the policies (`protect.py`); a colleague may stand aside as a person and
# is asked all the same.
NO_BODY = 0


@contextmanager
def work(actor: Actor) -> Iterator[Scope]:
    """Open a transaction in the scope of `actor`; all of it is stored or none."""
    with transaction.atomic(), within(actor) as scope:
        yield scope


@contextmanager
def within(actor: Actor) -> Iterator[Scope]:
    """Set the scope inside the transaction that is open; put the former one back afterwards."""
    with _standing(_enter(actor)) as scope:
        yield scope


@contextmanager
def entered(actor: Actor, at: datetime) -> Iterator[Scope]:
    """Act in the scope that the open transaction has entered for `actor` already, by the statement that told who acts;
    `at` is what it gave as the database's clock."""
    with _standing(Scope(actor=actor, recorded_at=at)) as scope:
        yield scope


@contextmanager
def _standing(scope: Scope) -> Iterator[Scope]:
    before = _current.get()
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)
        if before is not None and connection.in_atomic_block and not connection.needs_rollback:
            _enter(before.actor)


def current() -> Scope:
    """Give the scope of this transaction.

    :raises RuntimeError: there is none; an edge forgot `scope.work(actor)`.
    """
    scope = _current.get()
    if scope is None:
        raise RuntimeError("no scope: open one with scope.work(actor) at the edge")
    return scope


def one_at_a_time(what: str, number: int) -> None:
    """This will wait until nobody else of the tenant is at `what` of this number, and keep it to the transaction's end.

    For a limit that several rows make together: a row that is not there yet cannot be locked.
    """
    held = f"{what}:{current().actor.tenant_id}:{number}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [held])


def nobody_else_at(what: str) -> bool:
    """Keep `what` of this tenant to the transaction's end, or say at once that somebody else is at it; never waits."""
    held = f"{what}:{current().actor.tenant_id}"
    ((is_ours,),) = ask("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [held])
    return bool(is_ours)


def _enter(actor: Actor) -> Scope:
    if not connection.in_atomic_block:
        raise RuntimeError("a scope lives inside a transaction: use scope.work(actor)")
    ids = sorted(actor.body_ids | actor.tied_to) or ([NO_BODY] if actor.kind == "staff" else [])
    bodies = "{" + ",".join(map(str, ids)) + "}"
    told = [str(actor.tenant_id), bodies, str(actor.account_id or ""), str(actor.report_id or "")]
    ((*_, recorded_at),) = ask(_ENTER, told)
    return Scope(actor=actor, recorded_at=recorded_at)
