"""A resident's other number (spec 90 §3): proved by a code that came to it, after a step-up.

The number that opens the account is typed once more and compared by its keyed hash: nobody, not even the platform,
reads it back. It is told that it opens nothing any more.
"""

from datetime import datetime

from django.db import transaction

from jishi.accounts.actions import by_phone, proving, signing_in
from jishi.accounts.models import PhoneWay
from jishi.foundation import carriers, scope, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, Refused

OLD_NUMBER = "number"  # instead of a device: tries of the number that opens an account, by whoever is signed in to it


class NumberIsAnother(Refused):
    code, status = "number_is_another", 422
    zh, en = "现在的号码不对。", "This is not the number of this account."
    next_zh, next_en = "请填您登录用的那个号码。", "Enter the number by which you sign in."


class TriedTooOften(Refused):
    code, status = "too_costly_wait", 429
    zh, en = "现在的号码试的次数多了，请等 {seconds} 秒再试。", "Too many tries; please wait {seconds} seconds."
    next_zh, next_en = "请填您登录用的那个号码。", "Enter the number by which you sign in."


class NoNumberOfOwn(NotAllowed):
    zh = "您的账号不用手机号登录，没有号码可换。"
    en = "Your account does not open by a telephone number; there is none to change."
    next_zh = "怎么登录，在“登录方式和安全”里看。"
    next_en = "How you sign in stands under “Ways to sign in, and safety”."


class NumberTaken(Refused):
    code, status = "number_taken", 409
    zh, en = "新号码已经开着另一个账号。", "The new number opens another account."
    next_zh = "用它登录那个账号，请我们关掉，再来换。"
    next_en = "Sign in with it, have that account closed, then come back."


def ask(old: str, new: str, *, browser: str, lang: str, by: Actor, now: datetime) -> by_phone.Asked:
    """This will make a code for the new number and give what must be sent; nothing changes yet.

    A wrong old number is counted as a failed sign-in is: whoever sits at an open session does not try them through.
    :raises NotAllowed: nobody who signs in by a number. :raises FreshSignInNeeded: not shown within ten minutes.
    :raises NumberIsAnother: `old` does not open this account. :raises TriedTooOften: not yet.
    :raises Invalid: no number, or the same one. Else as `by_phone.ask`.
    """
    found = _asked(old, new, browser=browser, lang=lang, by=by, now=now)
    if isinstance(found, Refused):
        raise found
    return found


@transaction.atomic
def _asked(
    old: str, new: str, *, browser: str, lang: str, by: Actor, now: datetime
) -> by_phone.Asked | Refused:  # fmt: skip
    way = _way(old, by, now)
    if isinstance(way, Refused):
        return way
    if by_phone.number_of(new) == by_phone.number_of(old):
        raise Invalid(detail="新号码和现在的一样 / the new number is the old one")
    return by_phone.ask(new, browser=browser, lang=lang, by=by, now=now)


def change(
    old: str, new: str, code: str, *, browser: str, lang: str, by: Actor, now: datetime, session: str = ""
) -> carriers.Letter:  # fmt: skip
    """This will let the new number open the account instead of the old one; gives the letter that tells the old one.
    Every other session of the account ends; `session` is the key of the one that stays.

    A wrong code is counted all the same: the caller lets that be stored although this refuses.
    :raises CodeWrong: with how many tries are left. :raises CodeOver: none, too late, too often, another browser.
    :raises NumberTaken: the new number opens an account already. Else as `ask`, whose count it shares.
    """
    found = _changed(old, new, code, browser=browser, lang=lang, by=by, now=now, session=session)
    if isinstance(found, Refused):
        raise found
    return found


@transaction.atomic
def _changed(
    old: str, new: str, code: str, *, browser: str, lang: str, by: Actor, now: datetime, session: str = ""
) -> carriers.Letter | Refused:  # fmt: skip
    way, number = _way(old, by, now), by_phone.number_of(new)
    if isinstance(way, Refused):
        return way
    no = by_phone.tried(number, code, browser=browser, by=by, now=now)
    if no is not None:
        return no
    if by_phone.way_of(number, by.tenant_id, now) is not None:
        return NumberTaken()
    secret = sealed.Secret(by_phone.PURPOSE.code, by_phone.TABLE, way.id, by_phone.FIELD, number, searchable=True)
    sealed.seal([secret], tenant_id=by.tenant_id, now=now)
    way.change(since=now)
    signing_in.end_sessions(way.account_id, by=by, now=now, keep=session)  # whoever has the lost device is out
    trail.record("account.number_changed", ("account", way.account_id), by=by, at=now)
    number_was = by_phone.number_of(old)
    return carriers.Letter(f"jishi-{by.tenant_id}-number-{way.id}-{way.version}", number_was, "", _text(lang))


def _way(old: str, by: Actor, now: datetime) -> PhoneWay | Refused:
    """Lock the way in that the old number opens, if it is the actor's own; else count that, and give why not.

    Given back, not raised, so that the count is stored.
    """
    if by.kind != "resident" or by.account_id is None:
        raise NotAllowed("resident")
    scope.one_at_a_time("account", by.account_id)
    way = PhoneWay.objects.select_for_update().filter(tenant_id=by.tenant_id, account_id=by.account_id).first()
    if way is None:
        raise NoNumberOfOwn
    proving.ensure_fresh(by, now=now)
    tries = f"number:{by.account_id}"
    if seconds := signing_in.wait_for(tries, OLD_NUMBER, by=by, now=now):
        return TriedTooOften(seconds=seconds)
    held = by_phone.way_of(by_phone.number_of(old), by.tenant_id, now)
    if held is None or held.id != way.id:
        signing_in.failed(tries, OLD_NUMBER, by=by, now=now)
        return NumberIsAnother()
    return way


def _text(lang: str) -> str:
    if lang.startswith("zh"):
        return "您账号的登录手机号换成了另一个，这个号码不能再登录。不是您换的，请马上打电话给我们。"
    return "Your account now opens by another number, not by this one. If it was not you, telephone us at once."
