"""The key broker's own list (level K1, spec 90 §5.2): one approver asks for a change, another one makes it.

The broker decides, by the passkeys of the two; what is here puts the wish into words, asks, and leaves an entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from jishi.accounts import policies, queries
from jishi.foundation import keys, trail
from jishi.foundation.actor import Actor
from jishi.foundation.broker.book import LIST, MAY, Person, written
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused


class NoBroker(Refused):
    code, status = "no_key_broker", 409
    zh = "这里没有钥匙服务，钥匙是本机的文件（K0）。"
    en = "There is no key broker here: the keys are files of this machine (K0)."
    next_zh, next_en = "按运行手册装好钥匙服务以后再来。", "Set one up by the operating manual first."


class NoPasskey(Refused):
    code, status = "no_passkey", 422
    zh = "这个人在这个网址没有通行密钥，或者不是恰好在一个单位任职。"
    en = "This person has no passkey for this address, or is not in office at exactly one body."
    next_zh, next_en = "先在“登录方式”里加一把通行密钥。", "Add a passkey at “Ways in” first."


@dataclass(frozen=True, slots=True)
class Listed:
    """What the broker says: who is on its list, and which changes wait."""

    people: Sequence[Mapping[str, Any]]
    waiting: Sequence[Mapping[str, Any]]


def broker() -> BrokerKeys:
    """Give the broker of this installation. :raises NoBroker: level K0."""
    found = keys.provider()
    if not isinstance(found, BrokerKeys):
        raise NoBroker
    return found


def shown_to(by: Actor) -> Listed:
    """Give the list, of this town alone.

    :raises NotAllowed: neither security nor audit administrator, nor an approver on the list. :raises NoBroker: K0.
    """
    if by.kind != "staff":
        raise NotAllowed
    if not keeps(by) and (keys.provider().level == "K0" or not queries.passkeys_of(by.account_id or 0)):
        raise NotAllowed  # who has no passkey is no approver: the broker is not even asked
    said = broker().people()
    people = [one for one in said["people"] if one["tenant"] == by.tenant_id]
    if not keeps(by) and not any(one["account"] == by.account_id and LIST in one["may"] for one in people):
        raise NotAllowed
    return Listed(people, [one for one in said["waiting"] if one["by"]["tenant"] == by.tenant_id])


def keeps(by: Actor) -> bool:
    """Tell whether this post looks after the list: it sees it, and changes nothing by that alone."""
    return policies.may_keep_accounts(by) or by.has("auditor")


def wishes_to_add(username: str, may: Sequence[str], *, host: str, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """Put into words what an approver signs to add a person: one wish a passkey.

    :raises Invalid: nothing it may sign for. :raises NoPasskey: nothing to put on the list.
    """
    shown_to(by)
    allowed = [one for one in MAY if one in may]
    if not allowed:
        raise Invalid(detail="may")
    account = queries.by_username(username.strip())
    bodies = sorted(queries.bodies_of(account, now=now)) if account else []
    found = [one for one in queries.passkeys_of(account) if one.fits(host)] if account else []
    if account is None or not found or len(bodies) != 1:
        raise NoPasskey
    people = [
        Person(
            by.tenant_id, account, str(bodies[0]), username.strip(), one.credential.hex(), one.public_key.hex(),
            host.partition(":")[0], tuple(allowed),
        )
        for one in found
    ]  # fmt: skip
    return [{"act": "ask_change", "kind": "add", "about": written(one)} for one in people]


def wish_to_remove(credential: str, *, by: Actor) -> dict[str, Any]:
    """Put into words what an approver signs to take a passkey off. :raises NotFound: it is not on the list."""
    if credential not in {one["credential"] for one in shown_to(by).people}:
        raise NotFound
    return {"act": "ask_change", "kind": "remove", "about": {"credential": credential}}


def wish_to_make(number: int) -> dict[str, Any]:
    """Put into words what the second approver signs."""
    return {"act": "make_change", "change": number}


@transaction.atomic
def ask(wish: Mapping[str, Any], *, shown: str, by: Actor, now: datetime) -> int:
    """Ask for a change by one's passkey; another approver has a week to make it. Raises what the broker refuses."""
    shown_to(by)
    if wish.get("act") != "ask_change":
        raise Invalid(detail="wish")
    number = broker().ask_change(wish, shown=shown)
    codes = {"number": number, "kind": str(wish.get("kind"))}
    trail.record("key_list.change_asked", ("account", by.account_id or 0), by=by, at=now, codes=codes)
    return number


@transaction.atomic
def make(number: int, *, shown: str, by: Actor, now: datetime) -> None:
    """Make a change that another approver asked for. Raises what the broker refuses."""
    shown_to(by)
    broker().make_change(wish_to_make(number), shown=shown)
    trail.record("key_list.changed", ("account", by.account_id or 0), by=by, at=now, codes={"number": number})
