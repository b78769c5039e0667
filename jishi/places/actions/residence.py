"""居住、户籍、集体: a person says where each of the three is, for a purpose and until a day (spec 20 §§3.4, 10).

A row says that there is such a fact; where it points is sealed. Whoever opens it leaves a reading that the person sees.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.foundation import outbox, scope, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused
from jishi.places import memory, pairs, policies, serving_rules
from jishi.places.events import ResidenceMoved
from jishi.places.models import (
    SETTLED,
    Building,
    DivisionVersion,
    Dwelling,
    Residence,
    ResidenceKind,
)
from jishi.places.pairs import Step

TABLE = Residence._meta.db_table
IN_PLACE, IN_ADDRESS = ("building", "collective_code", "division", "dwelling"), ("address", "group")
LONGEST_ADDRESS = 120


class PurposeMissing(Refused):
    code, status = "purpose_missing", 422
    zh, en = "没有写明用来做什么。", "What it is kept for is not said."
    next_zh, next_en = "写明用途再登记：{known}。", "Say the purpose: {known}."


class EndMissing(Refused):
    code, status = "end_date_missing", 422
    zh = "要写明存到哪一天，而且不能晚于 {longest}。"
    en = "Say until which day it is kept; not later than {longest}."
    next_zh, next_en = "到期自动删除，到时可以再说一次。", "It is removed by itself then; you may say it again."


class AlreadyThere(Refused):
    code, status = "already_there", 409
    zh, en = "这一种已经登记了一处，自{since}起。", "There is one of this kind already, since {since}."
    next_zh, next_en = "搬了家请用“搬家”；写错了请用“更正”。", "If you moved, use “moved”; if it is wrong, correct it."


class UnknownCommunity(Refused):
    code, status = "unknown_community", 422
    zh, en = "没有这个社区（村）：“{given}”。", "There is no such community: “{given}”."
    next_zh, next_en = "从名单里选，或写十二位区划代码。", "Choose from the list, or give the twelve digits."


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one fact points. `division`: twelve digits of a village or community, anywhere in the country."""

    division: str
    address: str = ""
    building_id: int | None = None
    dwelling_id: int | None = None
    group: str = ""
    collective_code: str = ""


@transaction.atomic
def declare(
    account_id: int, kind: str, where: Whereabouts, *, purpose: str, from_day: date, ends_on: date | None,
    secondary: bool = False, by: Actor, now: datetime,
) -> int:  # fmt: skip
    """This will record one fact of a person's, from a day on; gives the row's id.

    :raises NotAllowed: not the person, nor the community that she told. :raises AlreadyThere: a second open row.
    :raises PurposeMissing: no purpose. :raises EndMissing: no last day, a past one, or too late a one.
    :raises UnknownCommunity: no village or community of the country. :raises Invalid: what does not fit the kind.
    """
    policies.ensure_may_keep_residence(by, account_id, where.division)
    _ensure_fits(kind, where, secondary=secondary)
    known, last = _purpose(purpose), _last_day(ends_on, now)
    _ensure_community(where.division, from_day, by.tenant_id)
    where = _whole(where, by.tenant_id)
    scope.one_at_a_time("residence", account_id)
    if not secondary:
        _ensure_none_open(account_id, kind, from_day, by.tenant_id)
    before = _steps(account_id, by, now)
    row = Residence.objects.create(
        tenant_id=by.tenant_id, account_id=account_id, kind=kind, secondary=secondary,
        active=DateRange(from_day, None), purpose=known, ends_on=last,
        declared_by="self" if by.account_id == account_id else by.label,
        source="self" if by.account_id == account_id else "office",
    )  # fmt: skip
    _seal(row, where, by, now, new=True)
    _count(account_id, before, by, now)
    codes = {"kind": kind, "purpose": known, "ends_on": last.isoformat(), "secondary": secondary}
    trail.record("residence.declared", ("residence", row.id), by=by, at=now, codes=codes, new=True)
    return row.id


@transaction.atomic
def move(
    residence_id: int, where: Whereabouts, *, from_day: date, ends_on: date | None, by: Actor, now: datetime
) -> int:
    """This will close a row on the day of the move and open the next one of its kind; gives the new row's id.

    The former row stays until its own last day, for questions as of a past day. Within one community her year there,
    her application and the assembly's consent go with her. Refuses as `declare`.
    :raises NotFound: no such open row of the person. :raises Invalid: moved before it began.
    """
    row = _open_row(residence_id, by, now)
    policies.ensure_may_keep_residence(by, row.account_id, where.division)
    if from_day <= row.active.lower:
        raise Invalid(detail=f"{from_day.isoformat()} ≤ {row.active.lower.isoformat()}")
    stays = _is_same_community(row, where, by, now)
    before = _steps(row.account_id, by, now)
    row.change(active=DateRange(row.active.lower, from_day))
    _count(row.account_id, before, by, now)
    new = declare(
        row.account_id, row.kind, where, purpose=row.purpose, from_day=from_day, ends_on=ends_on,
        secondary=row.secondary, by=by, now=now,
    )  # fmt: skip
    if stays:
        Residence.objects.get(tenant_id=by.tenant_id, id=new).change(
            here_since=row.here_since or row.active.lower, roll_asked_on=row.roll_asked_on,
            roll_consent_no=row.roll_consent_no,
        )  # fmt: skip
    trail.record("residence.moved", ("residence", row.id), by=by, at=now, codes={"to": new})
    outbox.announce(ResidenceMoved(row.id, new, row.kind), at=now)
    return new


@transaction.atomic
def correct(
    residence_id: int, where: Whereabouts, *, ends_on: date | None = None, by: Actor, now: datetime
) -> None:
    """This will put right where a row points: it was wrong from the beginning, nobody moved. Refuses as `declare`.

    An application to be on a roll, and its consent, were for the community that was wrong: they go with it. `ends_on`:
    a last day of its own; without one the former stays.
    """
    row = _open_row(residence_id, by, now)
    policies.ensure_may_keep_residence(by, row.account_id, where.division)
    _ensure_fits(row.kind, where, secondary=row.secondary)
    _ensure_community(where.division, row.active.lower, by.tenant_id)
    stays = _is_same_community(row, where, by, now)
    before = _steps(row.account_id, by, now)
    sealed.end([(TABLE, row.id)], tenant_id=by.tenant_id)
    if ends_on is not None:
        row.change(ends_on=_last_day(ends_on, now))
    _seal(row, _whole(where, by.tenant_id), by, now, new=False)
    source = "self" if by.account_id == row.account_id else "office"
    gone = {"roll_asked_on": None, "roll_consent_no": "", "here_since": None} if not stays else {}
    row.change(source=source, **gone)
    _count(row.account_id, before, by, now)
    trail.record("residence.corrected", ("residence", row.id), by=by, at=now, codes={"kind": row.kind})


@transaction.atomic
def end(residence_id: int, *, on: date, by: Actor, now: datetime) -> None:
    """This will close a row on a day without opening another. :raises NotFound: no such open row of the person."""
    row = _open_row(residence_id, by, now)
    if on <= row.active.lower:
        raise Invalid(detail=f"{on.isoformat()} ≤ {row.active.lower.isoformat()}")
    before = _steps(row.account_id, by, now)
    row.change(active=DateRange(row.active.lower, on))
    _count(row.account_id, before, by, now)
    trail.record("residence.ended", ("residence", row.id), by=by, at=now, codes={"on": on.isoformat()})


@transaction.atomic
def remove(residence_id: int, *, by: Actor, now: datetime) -> None:
    """This will delete a row and all that is sealed in it: the person wishes so (个人信息保护法 47).

    :raises NotFound: no such row. :raises NotAllowed: anybody but the person.
    """
    if by.kind != "resident" or by.account_id is None:
        raise NotFound
    scope.one_at_a_time("residence", by.account_id)
    rows = Residence.objects.select_for_update().filter(tenant_id=by.tenant_id, account=by.account_id)
    row = rows.filter(id=residence_id).first()
    if row is None:
        raise NotFound
    before = _steps(row.account_id, by, now)
    account, kind = row.account_id, row.kind
    _delete([row.id], by.tenant_id)
    _count(account, before, by, now)
    trail.record("residence.removed", ("residence", residence_id), by=by, at=now, codes={"kind": kind})


@transaction.atomic
def ask_roll(residence_id: int, *, on: date, by: Actor, now: datetime) -> None:
    """This will note the person's own application to be on the roll where she lives (村民委员会组织法 13(3)).

    It changes nothing by itself: the assembly of the place consents or not.
    :raises NotFound: no such open row of her living. :raises NotAllowed: somebody else applies.
    """
    row = _open_row(residence_id, by, now)
    if row.kind != ResidenceKind.LIVING or row.secondary:
        raise NotFound
    if row.account_id != by.account_id:
        raise NotAllowed(why="参加哪里的选举，由本人申请。")
    row.change(roll_asked_on=on)
    trail.record("residence.roll_asked", ("residence", row.id), by=by, at=now, codes={"on": on.isoformat()})


@transaction.atomic
def note_consent(residence_id: int, *, document_no: str, by: Actor, now: datetime) -> None:
    """This will note that the assembly of the place consented, by its number; a room above counted the votes.

    :raises NotFound: nobody applied. :raises NotAllowed: not the community's own post. :raises Invalid: no number.
    """
    row = Residence.objects.select_for_update().filter(
        tenant_id=by.tenant_id, id=residence_id, active__endswith=None, roll_asked_on__isnull=False
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    said = _read(row.id, by, now, "登记村民会议或者村民代表会议的同意")
    policies.ensure_is_community_of(by, said.get("division", ""))
    if not document_no.strip():
        raise Invalid(detail="document_no")
    row.change(roll_consent_no=document_no.strip()[:80])
    trail.record("residence.roll_agreed", ("residence", row.id), by=by, at=now, codes={"document": row.roll_consent_no})


@transaction.atomic
def remove_due(*, by: Actor, now: datetime) -> int:
    """This will delete every row whose last day has passed, or whose holder's account was closed, in every copy; how
    many went stays on the trail.

    Nightly. Counts of pairs ended with their month and stay as they were: they name nobody, and are sealed.
    :raises NotAllowed: not the platform itself.
    """
    ensure_is_nightly(by)
    rows = Residence.objects.select_for_update(of=("self",)).filter(
        Q(ends_on__lt=localdate(now)) | Q(account__is_active=False), tenant_id=by.tenant_id
    )
    ended = list(rows.values_list("id", "kind"))
    if not ended:
        return 0
    _delete([row for row, _ in ended], by.tenant_id)
    counts = {kind: sum(1 for _, k in ended if k == kind) for kind in ResidenceKind.values}
    trail.record("residence.retention", ("tenant", by.tenant_id), by=by, at=now, codes={"gone": counts})
    return len(ended)


def ensure_is_nightly(by: Actor) -> None:
    """:raises NotAllowed: not the platform itself."""
    if by.kind not in ("clock", "system"):
        raise NotAllowed(why="保存期由平台每夜自己执行。")


@transaction.atomic
def add_dwellings(
    rows: Iterable[tuple[int, str, int | None, int | None, str]], *, active_from: date, by: Actor, now: datetime
) -> list[int]:
    """This will add dwellings (building, room, unit, floor, use); the room number is sealed, and stands nowhere else.

    :raises NotAllowed: no right. :raises NotFound: no such building.
    """
    wanted = list(rows)
    houses = Building.objects.filter(tenant_id=by.tenant_id, id__in={r[0] for r in wanted}).select_related("compound")
    if len(houses) != len({r[0] for r in wanted}):
        raise NotFound
    for community in sorted({memory.community_of(house) for house in houses}):
        policies.ensure_may_keep_houses(by, community)
    made = Dwelling.objects.bulk_create(
        Dwelling(tenant_id=by.tenant_id, building_id=b, unit=unit, floor=floor, use=use, active_from=active_from)
        for b, _, unit, floor, use in wanted
    )
    table = Dwelling._meta.db_table
    rooms = [
        sealed.Secret("dwelling.room", table, row.id, "room", said[1].strip())
        for row, said in zip(made, wanted, strict=True)
    ]
    sealed.seal(rooms, tenant_id=by.tenant_id, now=now, new=True)
    notes = [trail.Note("dwelling.added", ("dwelling", d.id), now, {"use": d.use}) for d in made]
    trail.record_many(notes, by=by, new=True)
    return [d.id for d in made]


def open_living(account_id: int, *, tenant_id: int) -> Residence | None:
    """Give the open row of where a person lives, without opening what is sealed; for verbs of this room."""
    rows = Residence.objects.filter(tenant_id=tenant_id, account=account_id, kind="living", secondary=False)
    return rows.filter(active__endswith=None).first()


# --- pieces ------------------------------------------------------------------------------------------------


def _ensure_fits(kind: str, where: Whereabouts, *, secondary: bool) -> None:
    if kind not in ResidenceKind.values or (secondary and kind != ResidenceKind.LIVING):
        raise Invalid(detail=kind)
    if where.collective_code and kind != ResidenceKind.COLLECTIVE:
        raise Invalid(detail="collective_code")
    if len(where.address) > LONGEST_ADDRESS:
        raise Invalid(detail=f"address > {LONGEST_ADDRESS}")


def _purpose(code: str) -> str:
    known = serving_rules.load().purposes
    if code not in known:
        raise PurposeMissing(known="、".join(known))
    return code


def _last_day(ends_on: date | None, now: datetime) -> date:
    today = localdate(now)
    longest = serving_rules.month_end(serving_rules.months_on(today, serving_rules.load().longest_months))
    if ends_on is None or ends_on < today or ends_on > longest:
        raise EndMissing(longest=longest.isoformat())
    return serving_rules.month_end(ends_on)


def _ensure_community(code: str, day: date, tenant_id: int) -> None:
    if len(code) != 12 or not (code.isascii() and code.isdigit()) or code.endswith("000"):
        raise UnknownCommunity(given=code[:20])
    row = memory.ground(day).divisions.get(code)
    if row is not None and not row.placeholder:
        return
    loaded = DivisionVersion.objects.filter(code=code, level=5, placeholder=False).exists()
    ours = code.startswith(memory.area_prefix(tenant_id))
    if not loaded and (ours or DivisionVersion.objects.filter(code__startswith=code[:6], level=5).exists()):
        raise UnknownCommunity(given=code)


def _whole(where: Whereabouts, tenant_id: int) -> Whereabouts:
    """Take the building from the dwelling; refuse what is not there."""
    building = where.building_id
    if where.dwelling_id is not None:
        found = Dwelling.objects.filter(tenant_id=tenant_id, id=where.dwelling_id)
        building = found.values_list("building_id", flat=True).first()
        if building is None:
            raise NotFound
    elif building is not None and not Building.objects.filter(tenant_id=tenant_id, id=building).exists():
        raise NotFound
    return Whereabouts(
        where.division, where.address.strip(), building, where.dwelling_id, where.group.strip(),
        where.collective_code.strip(),
    )  # fmt: skip


def _ensure_none_open(account_id: int, kind: str, from_day: date, tenant_id: int) -> None:
    rows = Residence.objects.filter(tenant_id=tenant_id, account=account_id, kind=kind, secondary=False)
    found = rows.filter(active__overlap=DateRange(from_day, None)).first()
    if found is not None:
        raise AlreadyThere(since=found.active.lower.isoformat())


def _open_row(residence_id: int, by: Actor, now: datetime) -> Residence:
    """Lock its person, then a row that lasts: one's own, or one of the post's own community. Others find none."""
    rows = Residence.objects.filter(tenant_id=by.tenant_id, active__endswith=None, id=residence_id)
    account = rows.values_list("account_id", flat=True).first()
    if account is None or not policies.may_know_of_residence(by, account):
        raise NotFound
    scope.one_at_a_time("residence", account)
    row = rows.select_for_update().first()
    if row is None:  # another page of the same person ended it meanwhile
        raise NotFound
    if by.kind == "staff" and _read(row.id, by, now, "登记本社区居民自己说的").get("division") != by.area:
        raise NotFound
    return row


def _is_same_community(row: Residence, where: Whereabouts, by: Actor, now: datetime) -> bool:
    """Tell whether she lives in the community of before; of the other kinds nothing hangs on it."""
    if row.kind != ResidenceKind.LIVING or row.secondary:
        return False
    why = "看是不是还在同一个社区，选举的年限和同意跟着走"
    return _read(row.id, by, now, why).get("division") == where.division


def _seal(row: Residence, where: Whereabouts, by: Actor, now: datetime, *, new: bool) -> None:
    said = {
        "division": where.division, "building": str(where.building_id or ""), "dwelling": str(where.dwelling_id or ""),
        "collective_code": where.collective_code, "address": where.address, "group": where.group,
    }  # fmt: skip
    secrets = [
        sealed.Secret(
            "residence.place" if name in IN_PLACE else "residence.address", TABLE, row.id, name, value,
            ends_on=row.ends_on,
        )
        for name, value in said.items()
    ]  # fmt: skip
    sealed.seal(secrets, tenant_id=by.tenant_id, now=now, new=new)


def _read(row: int, by: Actor, now: datetime, why: str) -> dict[str, str]:
    found = reading.read([(TABLE, row)], ["division"], purpose="residence.place", reason=why, by=by, now=now)
    return found[(TABLE, row)]


def _delete(rows: list[int], tenant_id: int) -> None:
    sealed.end([(TABLE, row) for row in rows], tenant_id=tenant_id)
    trail.end_words("residence", rows, tenant_id=tenant_id)
    Residence.objects.filter(tenant_id=tenant_id, id__in=rows).delete()


# --- counts of pairs: lives here, belongs there ------------------------------------------------------------

def _steps(account_id: int, by: Actor, now: datetime) -> Counter[Step]:
    """Give what this person adds to the counts of pairs, today and on each later day that is known already.

    What holds today stands under `SETTLED`. The reading that it takes is on her list like every other.
    """
    today = localdate(now)
    rows = Residence.objects.filter(
        Q(active__endswith=None) | Q(active__endswith__gt=today), tenant_id=by.tenant_id, account=account_id,
        secondary=False, ends_on__gte=today,
    )  # fmt: skip
    held = list(rows.order_by("id"))
    living = [row for row in held if row.kind == ResidenceKind.LIVING]
    if not living or len(living) == len(held):
        return Counter()
    why = "只为算“住在这里、属于那里”的人数"
    said = reading.read(
        [(TABLE, r.id) for r in held], ["division"], purpose="residence.place", reason=why, by=by, now=now
    )
    place = {row.id: said[(TABLE, row.id)].get("division", "") for row in held}
    steps: Counter[Step] = Counter()
    for home in living:
        for row in held:
            if row.kind != ResidenceKind.LIVING and place[home.id] and place[row.id]:
                steps.update(_together(home, row, (place[home.id], place[row.id], row.kind), today))
    return steps


def _together(home: Residence, row: Residence, pair: tuple[str, str, str], today: date) -> dict[Step, int]:
    """One more from the day on which both hold, one fewer from the day on which one ends; {} where they never meet."""
    since = max(home.active.lower, row.active.lower)
    until = min((end for end in (home.active.upper, row.active.upper) if end is not None), default=None)
    last = min(home.ends_on, row.ends_on)
    if since > last or (until is not None and until <= since):
        return {}
    steps = {(*pair, last, since if since > today else SETTLED): 1}
    if until is not None:
        steps[(*pair, last, until)] = -1
    return steps


def _count(account_id: int, before: Counter[Step], by: Actor, now: datetime) -> None:
    """Book the difference between what the person added before and what she adds now."""
    after = _steps(account_id, by, now)
    changed = Counter(after)
    changed.subtract(before)
    some = {step: people for step, people in changed.items() if people}
    pairs.book(some, by=by, now=now, today=localdate(now))
