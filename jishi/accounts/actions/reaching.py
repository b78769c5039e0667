"""How a person wants to be told: the channel is chosen by the person alone, the address sealed and seen by nobody."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from jishi.accounts.models import Account, NoticeChoice
from jishi.foundation import carriers, purposes, scope, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotAvailableNow, NotFound, Stale

SITE = "site"  # on the own page alone
CHANNELS = (SITE, carriers.SMS, carriers.MAIL)
TABLE, FIELD = "accounts_noticechoice", "address"
PURPOSE = purposes.declare(
    purposes.Purpose(
        code="contact.notices", fields=frozenset({FIELD}),
        zh="按您选的方式通知您", en="to tell you by the way that you chose",
        basis="个人信息保护法 13(1)(1)：本人同意，随时可以改回", source="本人 / the person",
        readers=frozenset({"messenger"}), days=0,
        labels={FIELD: ("接收通知的号码或邮箱", "number or mail for notices")},
    )
)  # fmt: skip
_SHAPES = {
    carriers.SMS: re.compile(r"\+?[0-9]{5,15}"),
    carriers.MAIL: re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What one person chose, with the language of the account. `row`: where the address is sealed."""

    account_id: int
    channel: str
    lang: str
    row: int
    version: int


@transaction.atomic
def choose(channel: str, address: str, *, version: int | None, by: Actor, now: datetime) -> Wish:
    """This will keep how `by` wants to be told; an empty `address` keeps the one that is there.

    :raises NotAllowed: nobody with an account. :raises NotAvailableNow: this town has no such channel.
    :raises Invalid: no number or mail address. :raises Stale: another page has changed it since.
    """
    if by.account_id is None:
        raise NotAllowed("account")
    if channel != SITE and channel not in carriers.every():
        raise NotAvailableNow(what_zh="这种通知方式", what_en="This way of telling you")
    row = NoticeChoice.objects.select_for_update().filter(tenant_id=by.tenant_id, account_id=by.account_id).first()
    if (row.version if row else 0) != (version or 0):
        raise Stale
    said = address.strip().replace(" ", "").replace("-", "") if channel == carriers.SMS else address.strip()
    _ensure_fits(channel, said, row)
    if row is None:
        row = NoticeChoice.objects.create(tenant_id=by.tenant_id, account_id=by.account_id, channel=channel)
    else:
        if channel == SITE or channel != row.channel:
            sealed.end([(TABLE, row.id)], tenant_id=by.tenant_id)
        row.change(channel=channel)
    if channel != SITE and said:
        secret = sealed.Secret(PURPOSE.code, TABLE, row.id, FIELD, said)
        sealed.seal([secret], tenant_id=by.tenant_id, now=now)
    trail.record("notices.chosen", ("account", by.account_id), by=by, at=now, codes={"channel": channel})
    return _wish(row, "")


def _ensure_fits(channel: str, said: str, row: NoticeChoice | None) -> None:
    if channel not in _SHAPES or (not said and row is not None and row.channel == channel):
        return
    if not _SHAPES[channel].fullmatch(said):
        raise Invalid(detail="手机号 / number" if channel == carriers.SMS else "邮箱 / mail address")


def wishes(account_ids: Iterable[int]) -> dict[int, Wish]:
    """Give what these people chose; who chose nothing is told on the own page. Two statements."""
    ids = list(account_ids)
    tenant_id = scope.current().actor.tenant_id
    rows = {r.account_id: r for r in NoticeChoice.objects.filter(tenant_id=tenant_id, account_id__in=ids)}
    langs = dict(Account.objects.filter(tenant_id=tenant_id, id__in=ids).values_list("id", "language"))
    return {
        i: _wish(rows[i], lang) if i in rows else Wish(i, SITE, lang or "zh", 0, 0) for i, lang in langs.items()
    }


def wish_of(by: Actor) -> Wish:
    """Give what this person chose. :raises NotFound: nobody with an account."""
    found = wishes([by.account_id]).get(by.account_id) if by.account_id is not None else None
    if found is None:
        raise NotFound
    return found


def _wish(row: NoticeChoice, lang: str) -> Wish:
    return Wish(row.account_id, row.channel, lang or "zh", row.id, row.version)
