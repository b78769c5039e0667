"""What a device brings when it has network again: rows, each with a key of its own (spec 10 §§12, 14, 16, 18).

A row is applied by its key once, however often, late or out of order it comes. Each is judged anew on arrival with
today's rights; what no longer holds comes back to be seen. The device's clock is a claim: believed within ten
minutes, else put right by how far it is off and kept raw; no row is said after it is heard. 500 rows cost as many
statements as one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.utils.timezone import localdate

from jishi.cases import walkers
from jishi.cases.actions import errands, intake, recordings, settling
from jishi.cases.actions.arrival import DEVICE_CLOCK, EARLIEST, Here, Incoming
from jishi.cases.actions.errands import Press
from jishi.cases.states import Channel
from jishi.duties import queries as duties
from jishi.foundation import idempotency, trail
from jishi.foundation.actor import Actor
from jishi.foundation.idempotency import Slot
from jishi.foundation.refusals import Invalid, NotAllowed, Refused, StillRunning
from jishi.places import queries as places

ROUTE = "sync"
AT_MOST = 500  # rows of one batch
METRES = 300.0  # how sure a report is of its place that names nothing but its grid
SPEAKING = ("report", "settle")
PRESSING = ("take", "put_back", "finish", "find", "cannot")  # written "errand.take" …


class TooManyRows(Refused):
    code, status = "too_many_rows", 422
    zh, en = "一次最多 {most} 条，这次有 {given} 条。", "At most {most} rows at a time; there are {given}."
    next_zh, next_en = "分几次发，同一条用同一个键。", "Send them in parts, each row with the same key."


class NotKept(Refused):
    """A row that the database itself refused; the others stand."""

    code, status = "row_not_kept", 422
    zh, en = "这一条没能记下来。", "This row could not be kept."
    next_zh = "内容还在这台设备上。改短一点再发，或打电话说。"
    next_en = "It is still on this device. Shorten it and send again, or call."


@dataclass(frozen=True, slots=True)
class Row:
    """One verb of a device. `seq`: its place in the device's own order; `at`: what the device's clock said."""

    key: str
    verb: str
    seq: int = 0
    at: datetime | None = None
    text: str = ""
    matter: str = ""
    grid: str = ""  # code
    where: str = ""
    spot: str = ""  # a compound, house or entrance of the own area, as the pocket was told of it
    how: str = ""
    errand: str = ""
    finding: str = ""
    here: Here | None = None
    spoken: bool = False  # a recording follows; its words are still to be written down
    off_s: int | None = None  # by how much the device says its clock was ahead when this was written

    def body(self) -> bytes:
        """What the key stands for; the same verb sent again is equal byte by byte."""
        said = asdict(self)
        del said["off_s"]  # measured anew each time it is sent
        for late in ("spot", "spoken"):
            if not said[late]:
                del said[late]  # rows of pockets that know of none keep what their key stands for
        return json.dumps(said, sort_keys=True, default=str).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row. `state`: done, again (known by its key), conflict (to be seen), refused (to be mended)."""

    key: str
    state: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    refusal: Refused | None = None


def sync(
    rows: Sequence[Row], *, by: Actor, now: datetime, tenant_code: str, device_now: datetime | None = None
) -> list[Answer]:
    """Take a device's rows in, in their own order; gives an answer to each, in the order in which they came.

    :raises TooManyRows: more than 500. :raises NotAllowed: neither a grid worker nor a registered volunteer.
    :raises StillRunning: a twin of this batch has not ended.
    """
    if not by.has("grid_worker", walkers.VOLUNTEER) or by.account_id is None:
        raise NotAllowed(why="随身页由网格员和登记过的志愿者用。")
    if len(rows) > AT_MOST:
        raise TooManyRows(most=AT_MOST, given=len(rows))
    person = replace(by, post_id=None)  # a change of post between two attempts makes nothing twice
    first = {row.key: row for row in reversed(rows)}
    slots = idempotency.claim_many({k: r.body() for k, r in first.items()}, route=ROUTE, by=person, now=now)
    answers = {key: known for key, slot in slots.items() if (known := _known(key, slot)) is not None}
    fresh = sorted((r for k, r in first.items() if k not in answers), key=lambda r: r.seq)
    answers |= _apply(fresh, _Desk(by, now, tenant_code, device_now))
    idempotency.settle_many(
        {r.key: answers[r.key].facts for r in fresh if answers[r.key].facts},
        [r.key for r in fresh if not answers[r.key].facts], route=ROUTE, by=person,
    )  # fmt: skip
    return [answers[row.key] for row in rows]


def _known(key: str, slot: "Slot | Refused") -> Answer | None:
    if isinstance(slot, Refused):
        return Answer(key, "refused", refusal=slot)
    if slot.is_first:
        return None
    if slot.answer is None:
        return Answer(key, "conflict", refusal=StillRunning())
    return Answer(key, "again", slot.answer)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who brings the rows, and when."""

    by: Actor
    now: datetime
    tenant_code: str
    device_now: datetime | None

    def moment(self, row: Row) -> tuple[datetime | None, dict[str, Any]]:
        """Put a device's moment right by how far its clock is off; what it said is kept as it was (spec 10 §2).

        The row's own difference goes before that of the sending: a clock may jump between the two. What is still in
        the future, or before anybody had a device, is nobody's moment: the receipt counts.
        """
        raw: dict[str, Any] = {}
        off = self.device_now - self.now if self.device_now else timedelta()
        off = timedelta() if abs(off) <= DEVICE_CLOCK else off  # a slow network is no wrong clock
        off = off if row.off_s is None else timedelta(seconds=row.off_s)
        at = row.at
        if abs(off) > DEVICE_CLOCK:
            raw["device_clock_off_s"] = round(off.total_seconds())
        if at is not None and off:
            right = _put_right(at, off)
            raw |= {"device_said_at": trail.stamp(at)} if abs(off) > DEVICE_CLOCK else {}
            at = min(right, self.now) if right is not None else None
        if at is not None and not EARLIEST <= at <= self.now + DEVICE_CLOCK:
            raw["device_said_at"] = trail.stamp(row.at or at)
            at = None
        return at, raw

    def put_right(self, row: Row) -> dict[str, Any]:
        """Tell the worker which moment stands where his device's was not believed."""
        at, raw = self.moment(row)
        return {"said_at": trail.stamp(at or self.now)} if "device_said_at" in raw else {}


def _put_right(at: datetime, off: timedelta) -> datetime | None:
    try:
        return at - off
    except OverflowError:
        return None


def _apply(rows: Sequence[Row], desk: _Desk) -> dict[str, Answer]:
    """Apply all rows together; where the database refuses the lot, each by itself, so that one harms no other."""
    try:
        with transaction.atomic():
            return _together(rows, desk)
    except (DatabaseError, Refused):
        return {row.key: _alone(row, desk) for row in rows}


def _alone(row: Row, desk: _Desk) -> Answer:
    try:
        with transaction.atomic():
            return _together([row], desk)[row.key]
    except Refused as no:
        return _refused(row.key, no)
    except DatabaseError:
        return _refused(row.key, NotKept())


def _together(rows: Sequence[Row], desk: _Desk) -> dict[str, Answer]:
    pressing = [r for r in rows if r.verb.removeprefix("errand.") in PRESSING and r.verb.startswith("errand.")]
    speaking = [r for r in rows if r.verb in SPEAKING]
    answers = {r.key: _refused(r.key, Invalid(detail=f"verb: {r.verb}")) for r in rows}
    return answers | _press(pressing, desk) | _speak(speaking, desk)


def _refused(key: str, no: Refused) -> Answer:
    """A rule that no longer holds is to be seen; a shape that does not fit is to be mended."""
    return Answer(key, "refused" if no.status in (400, 413, 422) else "conflict", refusal=no)


# --- errands ----------------------------------------------------------------------------------------------------


def _press(rows: Sequence[Row], desk: _Desk) -> dict[str, Answer]:
    if not rows:
        return {}
    presses = []
    for row in rows:
        said_at, raw = desk.moment(row)
        presses.append(
            Press(
                row.errand, row.verb.removeprefix("errand."), finding=row.finding, words=row.text, matter=row.matter,
                said_at=said_at, here=row.here, attributes=raw, spoken=row.spoken,
            )
        )  # fmt: skip
    done = errands.press_many(presses, by=desk.by, now=desk.now, tenant_code=desk.tenant_code)
    return {row.key: _pressed(row, one, desk) for row, one in zip(rows, done, strict=True)}


def _pressed(row: Row, one: errands.Pressed, desk: _Desk) -> Answer:
    if one.errand is None:
        return _refused(row.key, one.refusal or Invalid(detail="errand"))
    facts: dict[str, Any] = {"errand": one.errand.number, "status": one.errand.status} | desk.put_right(row)
    if one.report is not None:
        facts |= {"number": one.report.number, "case": one.report.case_number}
    return Answer(row.key, "done", facts)


# --- reports ----------------------------------------------------------------------------------------------------


def _speak(rows: Sequence[Row], desk: _Desk) -> dict[str, Answer]:
    """Take reports in; settle those that were settled there and then.

    What was seen is never lost: where the settling does not hold, the report stands, and the answer says why.
    """
    answers: dict[str, Answer] = {}
    sound: list[Row] = []
    for row in rows:
        no = settling.refusal_of(row.matter) if row.verb == "settle" else None
        if no is None:
            sound.append(row)
        else:
            answers[row.key] = _refused(row.key, no)
    placed = _placing(desk, places.stands_named([row.spot for row in sound if row.spot], desk.by.area))
    batch = [placed(row, _incoming(row, desk)) for row in sound]
    taken, refused = intake.receive_many(batch, by=desk.by, now=desk.now, tenant_code=desk.tenant_code)
    for one in refused:
        answers[sound[one.index].key] = _refused(sound[one.index].key, one.refusal)
    stored = dict(zip([r for r in sound if r.key not in answers], taken, strict=True))
    settled = {got.case_id: row.how for row, got in stored.items() if row.verb == "settle"}
    unsettled = settling.settle_many(settled, by=desk.by, now=desk.now) if settled else {}
    return answers | {row.key: _spoken(row, got, unsettled.get(got.case_id), desk) for row, got in stored.items()}


def _spoken(row: Row, got: intake.Received, no: Refused | None, desk: _Desk) -> Answer:
    facts: dict[str, Any] = {"number": got.number, "case": got.case_number} | desk.put_right(row)
    facts["settled"] = row.verb == "settle" and no is None
    return Answer(row.key, "conflict" if no else "done", facts, no)


def _incoming(row: Row, desk: _Desk) -> Incoming:
    said_at, raw = desk.moment(row)
    matter = duties.matter(row.matter) if row.matter else None
    said = row.text.strip()
    if not said and row.verb == "settle" and matter is not None:
        said = f"{matter.name}。{row.how.strip()}"  # what the list already says is typed by nobody
    place: dict[str, Any] = {"address_text": row.where}
    if row.here is not None:
        place |= row.here._asdict()
    channel = Channel.GRID if desk.by.has("grid_worker") else Channel.WEB
    one = Incoming(text=said, channel=channel, said_at=said_at, matter=row.matter, attributes=raw, **place)
    return recordings.only_spoken(one) if row.spoken and row.verb == "report" else one


def _placing(desk: _Desk, stands: Mapping[str, places.Stand]) -> Callable[[Row, Incoming], Incoming]:
    """Put a report where its worker said he stood: the house or entrance that was picked, else the middle of the grid;
    nobody types what the grid already says. What was pressed as "here" stays the point.

    A grid or a place that is not of this area leaves its code as a raw fact; the words are placed like anybody's.
    """
    day = localdate(desk.now)
    grids = {g.code: g.id for g in places.grids_in(desk.by.area, day)} if desk.by.area else {}
    middles = places.centres(grids.values(), day=day)

    def place(row: Row, one: Incoming) -> Incoming:
        if row.spot:
            one = _standing(stands.get(row.spot), row, one)
        if one.lng is not None or one.address_text or not grids:
            return one
        code = row.grid or (next(iter(grids)) if len(grids) == 1 else "")
        middle = middles.get(grids.get(code, 0))
        if middle is None:
            return replace(one, attributes={**one.attributes, "device_grid": code[:40]}) if code else one
        return replace(one, lng=middle[0] / 1e7, lat=middle[1] / 1e7, crs="cgcs2000", accuracy_m=METRES)

    return place


def _standing(stand: places.Stand | None, row: Row, one: Incoming) -> Incoming:
    if stand is None:
        return replace(one, attributes={**one.attributes, "device_spot": row.spot[:20]})
    words = f"{stand.words} {one.address_text}".strip()[:200]
    if one.lng is not None:
        return replace(one, address_text=words)
    return replace(one, address_text=words, lng=stand.lng_e7 / 1e7, lat=stand.lat_e7 / 1e7, crs="cgcs2000")

