"""录音: kept sealed beside a report, listened to for a reason, written down by the desk, confirmed by its speaker.

No machine listens. Whoever took the report in writes down what was said, the speaker confirms or corrects it (spec 10
§3; decision 0019). A voice tells who speaks: of an anonymous report none is kept, of a confidential one the receiving
body alone listens (个人信息保护法 28, spec 10 §13).
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.accounts.actions.reading import OpenedFile
from jishi.cases import policies, triage
from jishi.cases.actions import arrival, covering, dangers, intake
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Case, Recording, Report, RiskMark, Suggestion
from jishi.cases.refusals import (
    AnonymousHasNoVoice,
    NoLongerHeard,
    NotHeardYet,
    NothingHeard,
    NothingSaid,
    ReopenWindowClosed,
    TooManyRecordings,
    WrittenDown,
)
from jishi.cases.states import PhotoBy, Voice
from jishi.foundation import files, keys, purposes, scope, sounds
from jishi.foundation.actor import Actor
from jishi.foundation.files import Wanted
from jishi.foundation.pictures import Content
from jishi.foundation.refusals import NotAllowed, NotFound, Stale
from jishi.foundation.sounds import Sound
from jishi.foundation.together import Together
from jishi.foundation.uploads import Sent
from jishi.kernels.text.minimise import minimise_one
from jishi.kernels.text.words import tsvector_text

MOST = 3  # of one report
MOST_OWN = 200  # of one colleague's that a page shows
WORDLESS = "只有录音，没有文字。"
SPOKEN = "spoken"  # among the raw facts of a report that holds no words of its own
LISTENED = timedelta(minutes=10)  # how long what was opened for a reason may be played
TABLE = Report._meta.db_table
OWN, FIELD = "voice.recording", "voice_note"


def ready(sent: Sequence[Sent]) -> list[Sound]:
    """Look at what was spoken, before anything is locked or stored.

    :raises Refused: not a recording, too long, cut off (`foundation.sounds`).
    :raises NothingHeard: nothing sounds in it.
    """
    found = [sounds.taken(one) for one in sent]
    if any(one.silent for one in found):
        raise NothingHeard
    return found


def ensure_may_speak(voice: str) -> None:
    """:raises AnonymousHasNoVoice: a voice would tell who it is."""
    if voice == Voice.ANONYMOUS:
        raise AnonymousHasNoVoice


@transaction.atomic
def add(report_id: int, given: Sequence[Sound], *, by: Actor, now: datetime) -> list[Recording]:
    """Keep recordings beside a report: its own caller, the operator or the program that took it in. Whoever holds it
    is told.

    :raises NotFound: not this actor's report. :raises AnonymousHasNoVoice: an anonymous one.
    :raises TooManyRecordings: more than three. :raises ReopenWindowClosed: every case of it has ended long ago.
    """
    if not given:
        return []
    held, report = covering.hold(report_id, by=by)
    if not covering.is_own(report, by) and not by.has("operator", "system"):
        raise NotFound
    return _added(held, report, given, by=by, now=now)


def add_brought(report_id: int, given: Sound, *, by: Actor, now: datetime) -> Recording:
    """Keep the voice of whoever took the report in and has shown it by the key of its row (`bringing`): his own.

    :raises NotFound: he may not know of it any more. Else as `add`.
    """
    held, report = covering.hold(report_id, by=by)
    return _added(held, report, [given], spoken_by=_person(by), by=by, now=now)[0]


def _added(
    held: Sequence[covering.Held], report: Report, given: Sequence[Sound], *, by: Actor, now: datetime,
    spoken_by: str = "",
) -> list[Recording]:  # fmt: skip
    ensure_may_speak(report.voice)
    if not any(policies.may_be_added_to(one.case, now) for one in held):
        raise ReopenWindowClosed(days=max(policies.window_of(one.case).days for one in held))
    before = Recording.objects.filter(tenant_id=by.tenant_id, report=report).count()
    if before + len(given) > MOST:
        raise TooManyRecordings(count=before + len(given), limit=MOST)
    wanted = [
        Wanted(Content(one.kind, one.data, 0, 0, one.scanned), OWN, (TABLE, report.id), last_day(now)) for one in given
    ]
    rows = [
        Recording(
            tenant_id=by.tenant_id, report=report, code=secrets.token_hex(10), file=kept, ms=one.ms, sent_at=now,
            sent_by=_sender(by), own_hash=kept.content_hash, spoken_by=spoken_by,
        )
        for one, kept in zip(given, files.keep(wanted, tenant_id=by.tenant_id, now=now), strict=True)
    ]  # fmt: skip
    Recording.objects.bulk_create(rows)
    report.change()
    codes = {"report": report.id, "recordings": [r.code for r in rows], "hashes": [r.own_hash for r in rows]}
    covering.record(held, "report.recording_added", codes, by=by, now=now, tells=("recording_lead",))
    return rows


def _sender(by: Actor) -> PhotoBy:
    if by.kind == "client":
        return PhotoBy.PROGRAM
    return PhotoBy.DESK if by.kind == "staff" else PhotoBy.CALLER


def _person(by: Actor) -> str:
    """Name a colleague whichever post he holds."""
    return by.label.partition("/")[0]


def is_speaker(row: Recording, by: Actor) -> bool:
    """Tell whether it is this actor's own voice: a colleague's who spoke himself, else the caller's."""
    return row.spoken_by in _names(by) if row.spoken_by else covering.is_own(row.report, by)


def _names(by: Actor) -> tuple[str, str]:
    """Give the two ways in which a colleague's own voice is his: by name until he has confirmed it, and from then on
    by a keyed hash, from which nobody reads a name: he may still have it deleted (decision 0019)."""
    return _person(by), _hash_of(by)


def _hash_of(by: Actor) -> str:
    return keys.provider().mac(f"{by.tenant_id}:{_person(by)}".encode(), context=b"voice.speaker", suite="a").hex()


def only_spoken(one: Incoming) -> Incoming:
    """Let a report come in whose words are still to be written down from its voice; one that has words stays."""
    if one.text.strip():
        return one
    return replace(one, text=WORDLESS, attributes={**one.attributes, SPOKEN: True})


def last_day(now: datetime) -> date:
    """Give the last day of a recording that came at this moment: 90 days (institutions/rules/retention.toml)."""
    return localdate(now) + timedelta(days=purposes.named(OWN, FIELD).days)


def open_(recording_id: int, *, reason: str, by: Actor, now: datetime) -> OpenedFile:
    """Open a recording: a reading, which its speaker sees. From then on it may be played for ten minutes.

    :raises NotFound: none of a case that this actor sees, a confidential one of another desk, or one that has ended.
    :raises ReasonMissing, NotAllowed: as a reading.
    """
    row = Recording.objects.filter(tenant_id=by.tenant_id, id=recording_id).select_related("report").first()
    if row is None or row.file_id is None or not may_hear(row.report, by):
        raise NotFound
    return reading.read_file(row.file_id, what=FIELD, reason=reason, by=by, now=now)


def play(row: Recording, *, by: Actor, now: datetime) -> OpenedFile:
    """Give the bytes to whoever has opened it for a reason within ten minutes, as a player asks for them in pieces.

    :raises NotFound: nobody who may, or nobody who said why.
    """
    if row.file_id is None or not may_hear(row.report, by):
        raise NotFound
    return reading.read_on(row.file_id, what=FIELD, since=now - LISTENED, by=by, now=now)


def heard(rows: Iterable[Recording], *, by: Actor) -> dict[int, datetime]:
    """Tell which of these recordings this person has opened, and when last; one statement, none where there is none."""
    files_of = {row.file_id: row for row in rows if row.file is not None}
    last = reading.opened_by([row.file for row in files_of.values() if row.file is not None], by=by)
    return {files_of[file].id: at for file, at in last.items()}


def may_hear(report: Report, by: Actor) -> bool:
    """Tell whether somebody may know that a voice is there: its speaker, and staff who see the case.

    A confidential voice is a name: the receiving body's alone (济南市12345条例 32).
    """
    if covering.is_own(report, by):
        return True
    if report.voice == Voice.CONFIDENTIAL and report.receiving_body_id not in by.body_ids:
        return False
    cases = Case.objects.filter(memberships__report=report.id, memberships__to_at=None)
    return by.kind == "staff" and policies.visible_to(by, cases).exists()


@transaction.atomic
def write_down(
    recording_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None
) -> Recording:  # fmt: skip
    """Write down what was said, once: an operator who has listened to it. The speaker is asked to confirm it.

    The words stand beside the report as an addition; triage and the look for danger run over them.
    :raises NotFound, NotAllowed: not an operator who may hear it. :raises NothingSaid, TooLong: the words.
    :raises WrittenDown: somebody was faster. :raises Stale: another version than the one seen.
    :raises NoLongerHeard: taken back meanwhile, or its time is over.
    :raises NotHeardYet: this operator has not opened this very recording; another one of the report does not count.
    """
    row, held, report = _hold(recording_id, by=by, version=None)
    if not may_hear(report, by):
        raise NotFound
    if not by.has("operator"):
        raise NotAllowed(why="录音由话务员听写。")
    if row.file is None and row.written_at is None:
        raise NoLongerHeard
    _ensure_seen(row, version)
    if row.written_at is not None:
        raise WrittenDown
    if not text.strip():
        raise NothingSaid
    if not heard([row], by=by):
        raise NotHeardYet
    intake.add_addendum(report.id, text=text, by=by, now=now)
    row.change(words=minimise_one(text).shown, written_at=now, written_by=by.label)
    _look(report, [one.case for one in held], text, by=by, now=now)
    codes = {"report": report.id, "recording": row.code, "seconds": row.ms // 1000}
    covering.record(held, "report.recording_written", codes, by=by, now=now, tells=("recording_caller",))
    return row


@transaction.atomic
def confirm(
    recording_id: int, *, text: str = "", by: Actor, now: datetime, version: int | None = None
) -> Recording:  # fmt: skip
    """Let the speaker say that it is what he said, or put it right in his own words; both stay beside the report.

    :raises NotFound: not his. :raises WrittenDown: nothing is written yet, or it was confirmed before.
    """
    row, held, report = _hold(recording_id, by=by, version=version)
    if not is_speaker(row, by):
        raise NotFound
    if row.written_at is None or row.confirmed_at is not None:
        raise WrittenDown
    said = text.strip()
    corrected = bool(said) and said != row.words.strip()
    if corrected:
        intake.add_addendum(report.id, text=said, by=by, now=now)
        _look(report, [one.case for one in held], said, by=by, now=now)
    row.change(
        words=minimise_one(said).shown if corrected else row.words, confirmed_at=now,
        spoken_by=_hash_of(by) if row.spoken_by else "",
    )  # fmt: skip
    codes = {"report": report.id, "recording": row.code, "corrected": corrected}
    covering.record(held, "report.recording_confirmed", codes, by=by, now=now, tells=("recording_said_lead",))
    return row


@transaction.atomic
def take_back(recording_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Let the speaker have a recording deleted; the record keeps that it was there, and its hash.

    :raises NotFound: not his.
    """
    row, held, report = _hold(recording_id, by=by, version=version)
    if not is_speaker(row, by):
        raise NotFound
    codes = {"report": report.id, "recording": row.code, "own_hash": row.own_hash}
    end([row])
    report.change()
    covering.record(held, "report.recording_taken_back", codes, by=by, now=now, tells=("recording_gone_lead",))


def end(rows: Sequence[Recording]) -> int:
    """This will end recordings: their keys and bytes; what was written down stays. Gives how many files went."""
    ids = [row.file_id for row in rows if row.file_id]
    for row in rows:
        row.change(file=None, spoken_by="")
    return files.end(ids, tenant_id=rows[0].tenant_id) if ids else 0


def own_voices(by: Actor) -> list[Recording]:
    """Give this colleague's own voice as long as it is kept, what waits for his word first; one statement."""
    if by.kind != "staff" or by.account_id is None:
        return []
    rows = Recording.objects.filter(tenant_id=by.tenant_id, spoken_by__in=_names(by), file__isnull=False)
    rows = rows.select_related("report", "file").order_by(F("confirmed_at").asc(nulls_first=True), "-id")
    return list(rows[:MOST_OWN])


def content_hash(sound: Sound) -> str:
    """Give the SHA-256 of what is kept: a repeated press must bring the same."""
    return hashlib.sha256(sound.data).hexdigest()


def recordings_of(report_ids: Sequence[int]) -> list[Recording]:
    """Give the recordings of these reports, oldest first; one statement."""
    tenant_id = scope.current().actor.tenant_id
    rows = Recording.objects.filter(tenant_id=tenant_id, report__in=list(report_ids))
    return list(rows.select_related("file").order_by("id"))


def _hold(
    recording_id: int, *, by: Actor, version: int | None
) -> tuple[Recording, list[covering.Held], Report]:  # fmt: skip
    """:raises NotFound: none of this actor's. :raises Stale: somebody was faster than `version`."""
    found = Recording.objects.filter(tenant_id=by.tenant_id, id=recording_id).first()
    if found is None:
        raise NotFound
    held, report = covering.hold(found.report_id, by=by)
    rows = Recording.objects.select_for_update(of=("self",)).select_related("file", "report")
    row = rows.filter(id=recording_id).first()
    if row is None:
        raise NotFound
    _ensure_seen(row, version)
    return row, held, report


def _ensure_seen(row: Recording, version: int | None) -> None:
    """:raises Stale: somebody was faster than `version`."""
    if version is not None and version != row.version:
        raise Stale(version=row.version, status="", seen=version)


def _look(report: Report, cases: Sequence[Case], text: str, *, by: Actor, now: datetime) -> None:
    """Let triage look at what was written down; a report that was only spoken gets its first words by it."""
    one = Incoming(
        text=text, channel=report.channel, kind=report.kind, said_at=report.said_at, address_text=report.address_text
    )
    seen = arrival.look([one], now=now, by=by)[0]
    marked = set(RiskMark.objects.filter(report=report).values_list("code", flat=True))
    fresh = replace(seen, dangers=tuple(d for d in seen.dangers if d.code not in marked))
    kept = Together()
    dangers.mark([report], [fresh], {0: cases[0]}, now=now, into=kept)
    kept.store()
    if not report.attributes.get(SPOKEN):
        return
    Suggestion.objects.bulk_create(
        Suggestion(
            tenant_id=report.tenant_id, report=report, stage=s.stage, candidates=s.candidates, abstained=s.abstained,
            edition=s.edition, ms=s.ms, made_at=now,
        )
        for s in seen.with_cases({}).suggested
    )  # fmt: skip
    for case in cases:
        if case.title == report.title:
            title = triage.title_of(seen.shown)
            case.change(title=title, search=tsvector_text(f"{title} {seen.shown}"), changed_at=now)
