"""解封: the only way to see a confidential reporter's name (spec 10 §13). There is no silent mode.

One person asks with a ground and a sentence; a second one of another body decides; then that one person may look for
24 hours, and each look is a reading. The reporter is told who and why at once. The life is a table: unsealing.toml.

The receiving body looks without it, to verify (`receive`). Where a key broker holds the keys (level K1) each of the
three, looking, approving, receiving, needs the passkey's signature for exactly that `wish`, which the broker checks.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from jishi.accounts.actions import proving, reading
from jishi.cases import policies
from jishi.cases.actions import moving, receivers
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Membership, Report, Unsealing
from jishi.cases.refusals import AskedBefore, GroundNeeded, NotConfidential, UnsealingOver, WhichBody
from jishi.cases.states import UNSEALING, UnsealGround, UnsealingStatus, Voice
from jishi.foundation import keys, outbox, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.broker.refusals import NotTheReceivingBody, TooCostlyWait
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.procedure import BIRTH, Move

OPEN = timedelta(hours=24)
WAITS = timedelta(days=7)  # nobody approved: it ends
LEAST, MOST = 10, 500  # characters of the sentence
UNSEALED = "unsealed"  # a role that no post has: it exists inside `look` alone
RUNNING = (UnsealingStatus.ASKED, UnsealingStatus.GRANTED)
FIELDS = ("caller_name", "caller_contact", "caller_mail")
TABLE = Report._meta.db_table


def wish_of(row: Unsealing, act: str) -> keys.Wish:
    """Give what a passkey signs for: "approve" or "look", on this request."""
    return keys.Wish(act, row.tenant_id, TABLE, row.report_id, row.id, row.asked_account)


def wish_to_receive(report_id: int, *, tenant_id: int) -> keys.Wish:
    """Give what the passkey of a person of the receiving body signs for."""
    return keys.Wish("receive", tenant_id, TABLE, report_id)


@transaction.atomic
def ask(report_id: int, *, ground: str, why: str, by: Actor, now: datetime) -> Unsealing:
    """Ask to see who is behind a confidential report; the desks that may approve are told.

    :raises NotFound, NotAllowed: the case is not this actor's. :raises NotConfidential: nothing is sealed that way.
    :raises GroundNeeded: no ground; TooShortOrLong: the sentence. :raises AskedBefore: one is running.
    :raises WhichBody: acts for none, or for several.
    """
    held, report = _hold_report(report_id, by=by)
    move = ensure_move(UNSEALING, "unsealing.ask", BIRTH)
    policies.ensure_may(move, by, held.stand)
    moving.ensure_another_person(held, "unsealing.ask", by=by)
    if report.voice != Voice.CONFIDENTIAL:
        raise NotConfidential
    if ground not in UnsealGround.values:
        raise GroundNeeded(what="解封的理由", what_en="the ground for unsealing")
    said = worded(why, least=LEAST, most=MOST, what="为什么必须知道是谁", what_en="why the name must be known")
    if len(by.body_ids) != 1 or by.account_id is None:
        raise WhichBody
    running = Unsealing.objects.filter(tenant_id=by.tenant_id, report=report, asked_account=by.account_id)
    if running.filter(status__in=RUNNING).exists():
        raise AskedBefore
    row = Unsealing.objects.create(
        tenant_id=by.tenant_id, case=held.case, report=report, status=UnsealingStatus.ASKED, ground=ground, why=said,
        asked_by=by.label, asked_account=by.account_id, asked_body_id=min(by.body_ids), asked_at=now,
    )  # fmt: skip
    _record(held, move, row, by=by, now=now, words={"text": said})
    return row


@transaction.atomic
def approve(
    unsealing_id: int, *, by: Actor, now: datetime, version: int | None = None, shown: bytes = b""
) -> Unsealing:
    """Let the asker, and nobody else, look for 24 hours. The reporter is told who and why, at once.

    `shown`: the signature of the approver's passkey, where a key broker asks for it; it keeps the approval itself.
    :raises NotAllowed, NotFound: not a second person of another body. :raises SamePerson: the asker himself.
    :raises WrongMoment: decided already. :raises Stale: changed since it was read.
    """
    held, row = _hold(unsealing_id, by=by, version=version)
    move = _ensure(held, row, "unsealing.approve", by=by)
    _ensure_other(row, by)
    proving.ensure_fresh(by, now=now)
    keys.provider().approve(wish_of(row, "approve"), shown=shown)
    row.change(
        status=UnsealingStatus.GRANTED, decided_by=by.label, decided_body_id=min(by.body_ids), decided_at=now,
        open_until=now + OPEN,
    )  # fmt: skip
    _record(held, move, row, by=by, now=now, words={"text": row.why}, codes={"until": trail.stamp(now + OPEN)})
    return row


@transaction.atomic
def deny(unsealing_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Unsealing:
    """Do not let the asker look, with a reason. Raises as `approve`; :raises TooShortOrLong: the reason."""
    held, row = _hold(unsealing_id, by=by, version=version)
    move = _ensure(held, row, "unsealing.deny", by=by)
    _ensure_other(row, by)
    said = worded(why, least=2, most=MOST, what="为什么不批准", what_en="why it is not approved")
    _withdraw(row)
    row.change(
        status=UnsealingStatus.DENIED, decided_by=by.label, decided_body_id=min(by.body_ids), decided_at=now,
        decided_why=said, ended_at=now,
    )  # fmt: skip
    _record(held, move, row, by=by, now=now, words={"text": said})
    return row


@transaction.atomic
def look(unsealing_id: int, *, by: Actor, now: datetime, shown: bytes = b"") -> dict[str, str]:
    """Open name and contact for the one named actor, within his 24 hours; each look is a reading and an entry.

    `shown`: the signature of his passkey for this look, where a key broker asks for it.
    :raises NotFound, NotAllowed: anybody else, in whatever post. :raises UnsealingOver: not granted, or over.
    """
    held, row = _hold(unsealing_id, by=by)
    if by.account_id != row.asked_account or row.asked_body_id not in by.body_ids:
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="解封只给申请的那一个人看。")
    if row.status != UnsealingStatus.GRANTED or row.open_until is None or now >= row.open_until:
        raise UnsealingOver
    move = _ensure(held, row, "unsealing.look", by=by)
    owner, opener = (TABLE, row.report_id), replace(by, roles=by.roles | {UNSEALED})
    given = keys.Shown(wish_of(row, "look"), shown)
    found = reading.read([owner], FIELDS, purpose=reading.CONFIDENTIAL, reason=row.why, by=opener, now=now, shown=given)
    row.change(looked_at=row.looked_at or now)
    _record(held, move, row, by=by, now=now)
    return found[owner]


@transaction.atomic
def receive(report_id: int, *, why: str, by: Actor, now: datetime, shown: bytes = b"") -> dict[str, str]:
    """Open name and contact for a person of the receiving body, to verify; each look is a reading the reporter sees.

    :raises NotFound: the case is not seen by this actor. :raises NotAllowed: another post. :raises NotConfidential.
    :raises NotTheReceivingBody: another body's desk; that it tried stays on the record of the case.
    :raises TooShortOrLong: the sentence. :raises FreshSignInNeeded: the proof is older than ten minutes.
    """
    held, report = _hold_report(report_id, by=by)
    policies.ensure_may_see(by, held.stand)
    if not by.has(receivers.DESK):
        raise NotAllowed(why="只有受理单位为核查而看；别的单位申请解封。")
    if report.voice != Voice.CONFIDENTIAL:
        raise NotConfidential
    if report.receiving_body_id not in by.body_ids:
        no = NotTheReceivingBody()
        no.afterwards = lambda: _record_refused(held.case.id, report.number, by=by, now=now)
        raise no
    said = worded(why, least=LEAST, most=MOST, what="为什么要看", what_en="why you look")
    given = keys.Shown(wish_to_receive(report.id, tenant_id=by.tenant_id), shown)
    owner = (TABLE, report.id)
    found = reading.read([owner], FIELDS, purpose=reading.CONFIDENTIAL, reason=said, by=by, now=now, shown=given)
    return found[owner]


@transaction.atomic
def end(unsealing_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Unsealing:
    """End it before its time (its asker), or at its time (the platform).

    :raises NotFound, NotAllowed: anybody else. :raises WrongMoment: it has ended.
    """
    held, row = _hold(unsealing_id, by=by, version=version)
    move = _ensure(held, row, "unsealing.end", by=by)
    if by.kind not in ("clock", "system") and by.account_id != row.asked_account:
        raise NotAllowed(why="申请由申请的人自己收回。")
    _withdraw(row)
    row.change(status=UnsealingStatus.ENDED, ended_at=now)
    _record(held, move, row, by=by, now=now)
    return row


def end_due(*, by: Actor, now: datetime) -> int:
    """This will end what has been open for 24 hours, and what nobody approved within a week; gives how many."""
    over = Q(status=UnsealingStatus.GRANTED, open_until__lte=now)
    waited = Q(status=UnsealingStatus.ASKED, asked_at__lte=now - WAITS)
    with scope.work(by):
        ids = list(Unsealing.objects.filter(over | waited, tenant_id=by.tenant_id).values_list("id", flat=True))
    for each in ids:
        with scope.work(by):
            end(each, by=by, now=now)
    return len(ids)


# --- pieces ----------------------------------------------------------------------------------------------------------


def _hold_report(report_id: int, *, by: Actor) -> tuple[Held, Report]:
    rows = Membership.objects.filter(tenant_id=by.tenant_id, report=report_id, to_at=None)
    case_id = rows.order_by("case_id").values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    return held, Report.objects.get(tenant_id=by.tenant_id, id=report_id)


def _withdraw(row: Unsealing) -> None:
    """Let the broker's own approval end with the request: it may hold one whose answer never came back to us."""
    with suppress(keys.KeyNotAvailable, TooCostlyWait):  # it ends by itself after 24 hours
        keys.provider().withdraw(wish_of(row, "approve"))


def _record_refused(case_id: int, report: str, *, by: Actor, now: datetime) -> None:
    trail.record("case.name_refused", ("case", case_id), by=by, at=now, codes={"report": report})


def _hold(unsealing_id: int, *, by: Actor, version: int | None = None) -> tuple[Held, Unsealing]:
    found = Unsealing.objects.filter(tenant_id=by.tenant_id, id=unsealing_id)
    case_id = found.values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    row = found.select_for_update().get()
    if version is not None and version != row.version:
        raise moving.stale(held.case, version, by)
    return held, row


def _ensure(held: Held, row: Unsealing, verb: str, *, by: Actor) -> Move:
    stand = replace(held.stand, asked=row.asked_body_id)
    rows = [m for m in (*UNSEALING.moves, *UNSEALING.acts) if m.verb == verb and m.fits(row.status, None)]
    if not rows:
        policies.ensure_may_see(by, stand)
        return ensure_move(UNSEALING, verb, row.status)
    policies.ensure_may(rows[0], by, stand)
    moving.ensure_another_person(held, verb, by=by)
    return rows[0]


def _ensure_other(row: Unsealing, by: Actor) -> None:
    """The second person acts for one body, and it is not the asker's."""
    if len(by.body_ids) != 1:
        raise WhichBody
    if row.asked_body_id in by.body_ids | by.tied_to:
        raise NotAllowed(why="要由另一个单位的人决定。")


def _record(held: Held, move: Move, row: Unsealing, *, by: Actor, now: datetime, words: dict[str, str] | None = None,
            codes: dict[str, str] | None = None) -> None:  # fmt: skip
    said = {"unsealing": row.id, "report": row.report_id, "ground": row.ground, "body": row.asked_body_id}
    rule = f"{UNSEALING.code}@{UNSEALING.edition}"
    moving.beside(held, move.trail, by=by, now=now, codes={**said, **(codes or {})}, words=words, rule=rule)
    outbox.announce(CaseMoved(held.case.id, move.verb, held.case.status, tuple(move.tells)), at=now)
