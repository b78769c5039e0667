"""What is kept closed: the words as said, name and contact of the caller, and the word on the receipt."""

import secrets
from collections.abc import Sequence
from datetime import date

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from django.utils.timezone import localdate

from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Report
from jishi.cases.models.news import QUIET, QUIET_FIELD
from jishi.cases.refusals import WrongWord
from jishi.cases.states import Voice
from jishi.foundation import keys, sealed
from jishi.foundation.actor import Actor
from jishi.foundation.together import Together

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HASHER = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
_NOBODY = _HASHER.hash("nobody holds this")  # a wrong number costs the same time as a wrong word


def give_words(rows: Sequence[Incoming], reports: Sequence[Report]) -> list[str]:
    """Give every report without an account a safe word; only its hash is kept (spec 10 §3, 90 §3)."""
    given = []
    for row, report in zip(rows, reports, strict=True):
        word = "".join(secrets.choice(CROCKFORD) for _ in range(10)) if row.wants_word else ""
        if word:
            report.word_hash = _HASHER.hash(_word_mac(word))
        given.append(word)
    return given


def seal_words(rows: Sequence[Incoming], reports: Sequence[Report], *, into: Together | None = None) -> None:
    """Seal original words, name and contact of reports that were stored just now, each with its end (spec 10 §13)."""
    kept = []
    for row, report in zip(rows, reports, strict=True):
        today = localdate(report.received_at)
        kept.append(_secret("words.original", report, "text", row.text, _years(today, 3)))
        if row.voice == Voice.ANONYMOUS:
            continue
        kept += [
            _secret(purpose, report, name, value.strip(), _years(today, 1))
            for purpose, name, value in _person(row)
            if value.strip()
        ]
    if kept:
        sealed.seal(kept, tenant_id=reports[0].tenant_id, now=reports[0].received_at, new=True, into=into)


def _person(row: Incoming) -> list[tuple[str, str, str]]:
    """Give what says who he is: (purpose, field, value). A confidential number besides for one sentence, no more.

    Where a key broker holds the keys it is not kept besides: one person with root on the site could read that copy.
    """
    confidential = row.voice == Voice.CONFIDENTIAL
    purpose = "identity.reporter" if confidential else "contact.caller"
    given = [(purpose, "caller_name", row.caller_name), (purpose, "caller_contact", row.caller_contact)]
    if confidential and keys.provider().level == "K0":
        given.append((QUIET, QUIET_FIELD, row.caller_contact))
    more = row.more_sealed.items()
    return given + [(purpose if name == "caller_mail" else "program.sender", name, value) for name, value in more]


def _secret(purpose: str, report: Report, name: str, value: str, ends_on: date) -> sealed.Secret:
    return sealed.Secret(
        purpose=purpose, owner_table="cases_report", owner_row=report.id, field=name, value=value, ends_on=ends_on,
        searchable=name == "caller_contact" and purpose == "contact.caller", body=report.receiving_body_id or 0,
    )  # fmt: skip


def _years(day: date, years: int) -> date:
    return date(day.year + years, day.month, min(day.day, 28))


def holder_of(number: str, word: str, *, tenant_id: int) -> Actor:
    """Give the actor who holds a receipt number and its word.

    :raises WrongWord: one of them is wrong; which one is not said.
    """
    tidy = word.strip().upper().replace("O", "0").replace("I", "1").replace("L", "1").replace("-", "").replace(" ", "")
    report = Report.objects.filter(tenant_id=tenant_id, number=number.strip().upper()).exclude(word_hash="").first()
    try:
        _HASHER.verify(report.word_hash if report else _NOBODY, _word_mac(tidy))
    except Argon2Error:
        raise WrongWord from None
    if report is None:
        raise WrongWord
    return Actor(tenant_id=tenant_id, kind="reporter", report_id=report.id)


def _word_mac(word: str) -> str:
    """A key of the provider stands before the hash: the database alone cannot guess words (spec 90 §3)."""
    return keys.provider().mac(word.encode(), context=b"receipt.word", suite="a").hex()
