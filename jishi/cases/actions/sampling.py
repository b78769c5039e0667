"""抽样回访: who is called is drawn, so that nobody can choose it and anybody can draw it again (spec 10 §9).

The day before, the feedback body binds itself to a value by its hash; where nobody did, the platform does so at
midnight. When the day is over and its trail has its anchor, seed and list decide. Those answered at once or settled on
the spot are in the same list.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases.models import Case, Feedback, FeedbackSample, Membership
from jishi.cases.refusals import CommittedAlready, TooLateToCommit, ValueTooShort
from jishi.cases.states import Status, Voice
from jishi.foundation import anchors, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels import rates

SHARE = Fraction(1, 5)
LEAST = 8  # characters of a value: a short one could be guessed from its hash
AT_ONCE = frozenset({"case.answered_at_once", "case.settled_on_spot"})


@transaction.atomic
def commit(day: date, *, value: str = "", share: Fraction = SHARE, by: Actor, now: datetime) -> FeedbackSample:
    """Bind the draw of a coming day to a value: its hash is on the trail now, the value is shown with the draw.

    `value` empty: one is made by chance. :raises NotAllowed: neither the feedback body nor the clock.
    :raises TooLateToCommit: the day has begun. :raises CommittedAlready: it is bound. :raises ValueTooShort.
    """
    if not (by.has("feedback") or by.kind in ("clock", "system")):
        raise NotAllowed
    if localdate(now) >= day:
        raise TooLateToCommit(day=day.isoformat())
    said = value.strip() or secrets.token_urlsafe(24)
    if not LEAST <= len(said) <= 80:
        raise ValueTooShort(least=LEAST)
    row = _of(day, by)
    if row.commitment:
        raise CommittedAlready(day=day.isoformat())
    row.change(
        value=said, commitment=rates.commitment(said), committed_at=now, committed_by=by.label,
        share_part=share.numerator, share_of=share.denominator,
    )  # fmt: skip
    codes = {"day": day.isoformat(), "commitment": row.commitment, "share": f"{share.numerator}/{share.denominator}"}
    trail.record("feedback.committed", ("feedback_sample", row.id), by=by, at=now, codes=codes)
    return row


@transaction.atomic
def draw(day: date, *, by: Actor, now: datetime) -> FeedbackSample:
    """Draw whom to call among those who were asked on `day`; once, whoever asks again gets the same.

    :raises NotAllowed: not the clock. :raises NotFound: the day is not over, or its trail has no anchor yet.
    """
    if by.kind not in ("clock", "system"):
        raise NotAllowed
    head = anchors.head_of(day)
    if localdate(now) <= day or not head:
        raise NotFound
    row = _of(day, by)
    if row.drawn_at is not None:
        return row
    asked = _asked_on(day, by)
    known = {_hashed(row.salt, one.id): one for one in asked}
    seed = rates.seed(head, row.value)
    chosen = rates.sample(seed, known, Fraction(row.share_part, row.share_of)).ids
    Feedback.objects.filter(id__in=[known[one].id for one in chosen]).update(sampled=True)
    row.change(head=head, drawn_at=now, ids=sorted(known), drawn=list(chosen))
    codes = {"day": day.isoformat(), "head": head, "value": row.value, "asked": len(known), "drawn": len(chosen)}
    trail.record("feedback.drawn", ("feedback_sample", row.id), by=by, at=now, codes=codes)
    return row


def nightly(*, by: Actor, now: datetime) -> None:
    """Draw for the day that has ended, and bind tomorrow's draw where nobody has done so today."""
    today = localdate(now)
    if anchors.head_of(today - timedelta(days=1)):
        draw(today - timedelta(days=1), by=by, now=now)
    if not FeedbackSample.objects.filter(day=today + timedelta(days=1)).exclude(commitment="").exists():
        commit(today + timedelta(days=1), by=by, now=now)


def published(day: date) -> Mapping[str, object]:
    """Give what anybody needs to draw again. :raises NotFound: not drawn."""
    row = FeedbackSample.objects.filter(day=day).exclude(drawn_at=None).first()
    if row is None or row.drawn_at is None:
        raise NotFound
    return {
        "day": row.day.isoformat(), "share": f"{row.share_part}/{row.share_of}", "commitment": row.commitment,
        "committed_at": row.committed_at.isoformat() if row.committed_at else None, "value": row.value,
        "head": row.head, "seed": rates.seed(row.head, row.value), "ids": row.ids, "drawn": row.drawn,
        "drawn_at": row.drawn_at.isoformat(),
    }  # fmt: skip


def _of(day: date, by: Actor) -> FeedbackSample:
    FeedbackSample.objects.get_or_create(
        tenant_id=by.tenant_id, day=day,
        defaults={"salt": secrets.token_hex(32), "share_part": SHARE.numerator, "share_of": SHARE.denominator},
    )  # fmt: skip
    return FeedbackSample.objects.select_for_update().get(tenant_id=by.tenant_id, day=day)


def _hashed(salt: str, feedback_id: int) -> str:
    return hmac.new(salt.encode(), str(feedback_id).encode(), hashlib.sha256).hexdigest()


def _asked_on(day: date, by: Actor) -> list[Feedback]:
    """Whoever was asked that day and can be called; with those whose matter ended without being asked."""
    _ask_at_once(day, by)
    rows = Feedback.objects.filter(asked_at__date=day, superseded_by=None, membership__to_at=None)
    return list(rows.exclude(membership__report__voice=Voice.ANONYMOUS).order_by("id"))


def _ask_at_once(day: date, by: Actor) -> None:
    """Cases answered at once or settled on the spot have no question yet: put the three to their callers."""
    ended = Case.objects.filter(status=Status.CLOSED, closed_at__date=day)
    unasked = ended.exclude(id__in=Feedback.objects.values("case"))
    closed = {case: at for case, at in unasked.values_list("id", "closed_at") if at is not None}
    at_once = {e.subject_id for e in trail.of("case", list(closed)) if e.verb in AT_ONCE}
    members = Membership.objects.filter(case__in=at_once, to_at=None)
    Feedback.objects.bulk_create(
        Feedback(tenant_id=by.tenant_id, membership=m, case_id=m.case_id, asked_at=closed[m.case_id]) for m in members
    )
