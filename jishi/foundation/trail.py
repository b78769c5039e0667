"""The trail: one entry per verb, append-only, chained by hash per subject, anchored daily (spec 90 §6)."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from jishi.foundation import keys, scope
from jishi.foundation.actor import Actor
from jishi.foundation.models import Entry as Entry
from jishi.foundation.models import EntryWords
from jishi.foundation.models import TrailHead as TrailHead
from jishi.foundation.together import Together
from jishi.kernels import ledger

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to record. `codes` are ids and codes; `words` hold anything a person said."""

    verb: str
    subject: tuple[str, int]  # (kind, id)
    at: datetime
    codes: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] | None = None
    words_end_on: date | None = None
    rule: str = ""


def record(
    verb: str,
    subject: tuple[str, int],
    *,
    by: Actor,
    at: datetime,
    codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
    words_end_on: date | None = None,
    rule: str = "",
    new: bool = False,
) -> str:
    """Write one entry and give the subject's new head hash. `new`: the subject was created just now."""
    note = Note(verb, subject, at, codes or {}, words, words_end_on, rule)
    return record_many([note], by=by, new=new)[-1]


def record_many(
    notes: Sequence[Note], *, by: Actor, new: bool = False, into: Together | None = None
) -> list[str]:
    """Write `notes` in order, in 2 statements for new subjects, 3 otherwise, whatever their number.

    `into`: entries and heads of new subjects are stored with what is gathered there.
    """
    if not notes:
        return []
    tenant_id = by.tenant_id
    subjects = sorted({note.subject for note in notes})
    heads = dict.fromkeys(subjects, (0, GENESIS)) if new else _lock_heads(tenant_id, subjects)
    suite = _suite(tenant_id)
    recorded_at = scope.current().recorded_at
    entries, words, hashes = [], [], []
    for note in notes:
        seq, prev = heads[note.subject]
        commit, side = _commit(note, tenant_id, seq + 1, suite)
        entry = _entry(note, by, tenant_id, seq + 1, prev, commit, suite, recorded_at)
        heads[note.subject] = (entry.seq, entry.hash)
        entries.append(entry)
        hashes.append(entry.hash)
        words += side
    _store(tenant_id, heads, entries, new=new, into=into)
    if words:
        EntryWords.objects.bulk_create(words)
    return hashes


def body_of(entry: Entry) -> dict[str, Any]:
    """Give the fields of `entry` that its hash covers, as canonical JSON values."""
    return {
        "tenant": entry.tenant_id,
        "subject": [entry.subject_kind, entry.subject_id],
        "seq": entry.seq,
        "at": stamp(entry.at),
        "recorded_at": stamp(entry.recorded_at),
        "verb": entry.verb,
        "actor": entry.actor,
        "rule": entry.rule,
        "codes": entry.codes,
        "details_commit": entry.details_commit,
        "suite": entry.suite,
    }


def named(by: Actor, subject: tuple[str, int]) -> str:
    """Name the actor as the entries of `subject` do: a resident under a pseudonym of this subject alone.

    The keyed hash is equal within one subject and tells nothing between two: no record links what a person said
    here to what he said elsewhere (red line 2, spec 90 §6).
    """
    if by.kind != "resident" or by.account_id is None:
        return by.label
    whom = f"{by.tenant_id}:{subject[0]}:{subject[1]}:{by.account_id}".encode()  # a key per subject would pile up
    return f"resident:{keys.provider().mac(whom, context=b'trail.resident', suite='a').hex()[:16]}"


def stamp(moment: datetime) -> str:
    """Write a moment as UTC with microseconds, the only form that is hashed."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def of(kind: str, ids: int | Iterable[int]) -> list[Entry]:
    """Give the entries of one or several subjects, oldest first."""
    wanted = [ids] if isinstance(ids, int) else list(ids)
    rows = Entry.objects.filter(
        tenant_id=scope.current().actor.tenant_id, subject_kind=kind, subject_id__in=wanted
    )
    return list(rows.order_by("subject_id", "seq"))


def newest(subject: tuple[str, int], verb: str, *, since: datetime) -> Entry | None:
    """Give the last entry of one subject with this verb after `since`; None: there is none."""
    rows = Entry.objects.filter(
        tenant_id=scope.current().actor.tenant_id, subject_kind=subject[0], subject_id=subject[1], verb=verb,
        recorded_at__gt=since,
    )  # fmt: skip
    return rows.order_by("-seq").first()


def heads(kind: str, ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Give the last entry of each subject as (seq, hash); whoever keeps it can prove a later rewrite."""
    rows = TrailHead.objects.filter(
        tenant_id=scope.current().actor.tenant_id, subject_kind=kind, subject_id__in=list(ids)
    )
    return {row.subject_id: (row.seq, row.hash) for row in rows}


def words_of(kind: str, subject_id: int) -> dict[int, dict[str, str]]:
    """Give what was said with the entries of one subject, by `seq`; ended words are gone."""
    rows = EntryWords.objects.filter(
        tenant_id=scope.current().actor.tenant_id, subject_kind=kind, subject_id=subject_id
    )
    return {row.seq: row.words for row in rows}


def with_words(kind: str, *, tenant_id: int) -> set[int]:
    """Give the subjects of a kind beside whose entries words still lie."""
    rows = EntryWords.objects.filter(tenant_id=tenant_id, subject_kind=kind)
    return set(rows.values_list("subject_id", flat=True).distinct())


def end_words(kind: str, ids: Iterable[int], *, tenant_id: int) -> int:
    """This will delete the words beside the entries of these subjects, salt and all; the chains still verify."""
    rows = EntryWords.objects.filter(tenant_id=tenant_id, subject_kind=kind, subject_id__in=list(ids))
    return rows.delete()[0]


def end_words_due(*, tenant_id: int, today: date) -> int:
    """This will delete words whose own last day has passed."""
    return EntryWords.objects.filter(tenant_id=tenant_id, ends_on__lt=today).delete()[0]


def _commit(note: Note, tenant_id: int, seq: int, suite: str) -> tuple[str, list[EntryWords]]:
    if not note.words:
        return "", []
    salt = secrets.token_bytes(32)
    said = dict(note.words)
    side = EntryWords(
        tenant_id=tenant_id, subject_kind=note.subject[0], subject_id=note.subject[1], seq=seq,
        salt=salt.hex(), words=said, ends_on=note.words_end_on,
    )  # fmt: skip
    return ledger.commit(salt, said, suite=suite), [side]


def _entry(
    note: Note, by: Actor, tenant_id: int, seq: int, prev: str, commit: str, suite: str, recorded_at: datetime
) -> Entry:
    entry = Entry(
        tenant_id=tenant_id, recorded_at=recorded_at, at=note.at, subject_kind=note.subject[0],
        subject_id=note.subject[1], seq=seq, verb=note.verb, actor=named(by, note.subject), rule=note.rule,
        codes=dict(note.codes), details_commit=commit, prev=prev, suite=suite,
    )  # fmt: skip
    entry.hash = ledger.entry_hash(prev, body_of(entry), suite=suite)
    return entry


_LOCK = """
    SELECT subject_kind, subject_id, seq, hash FROM foundation_trailhead
    WHERE tenant_id = %s AND (subject_kind, subject_id) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
    ORDER BY subject_kind, subject_id FOR UPDATE
"""

_COLUMNS = (
    "recorded_at", "at", "subject_kind", "subject_id", "seq", "verb", "actor", "rule", "details_commit", "prev",
    "suite", "hash",
)  # fmt: skip
_HEADS = """
        INSERT INTO foundation_trailhead (tenant_id, subject_kind, subject_id, seq, hash)
        SELECT h.* FROM json_to_recordset({given})
            AS h (tenant_id bigint, subject_kind text, subject_id bigint, seq int, hash text)
"""
_AGAIN = "ON CONFLICT (tenant_id, subject_kind, subject_id) DO UPDATE SET seq = EXCLUDED.seq, hash = EXCLUDED.hash"
_ENTRIES = f"""
    INSERT INTO foundation_entry (tenant_id, {", ".join(_COLUMNS)}, codes)
    SELECT tenant_id, {", ".join(_COLUMNS)}, codes::jsonb FROM json_to_recordset({{given}})
        AS e (tenant_id bigint, recorded_at timestamptz, at timestamptz, subject_kind text, subject_id bigint,
              seq int, verb text, actor text,
              rule text, details_commit text, prev text, suite text, hash text, codes text)
"""
_HEADED_AGAIN = (("foundation_trailhead", f"{_HEADS} {_AGAIN}"),)
_HEADED = (("foundation_trailhead", _HEADS),)  # a head that stands already is refused by its key
_ENTERED = (("foundation_entry", _ENTRIES),)


def _lock_heads(tenant_id: int, subjects: Sequence[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, str]]:
    heads = dict.fromkeys(subjects, (0, GENESIS))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [tenant_id, [s[0] for s in subjects], [s[1] for s in subjects]])
        for kind, subject_id, seq, head in cursor.fetchall():
            heads[(kind, subject_id)] = (seq, head)
    return heads


def _store(
    tenant_id: int, heads: Mapping[tuple[str, int], tuple[int, str]], entries: Sequence[Entry], *, new: bool,
    into: Together | None,
) -> None:  # fmt: skip
    """Store entries with the new heads of their subjects in one statement."""
    ends = [
        {"tenant_id": tenant_id, "subject_kind": kind, "subject_id": i, "seq": seq, "hash": head}
        for (kind, i), (seq, head) in sorted(heads.items())
    ]
    rows = [
        {**{name: getattr(entry, name) for name in _COLUMNS}, "tenant_id": tenant_id,
         "codes": ledger.canonical(entry.codes)}
        for entry in entries
    ]  # fmt: skip
    kept = into or Together()
    kept.part(_HEADED if new else _HEADED_AGAIN, ends)
    kept.part(_ENTERED, rows)
    if into is None:
        kept.store()


_SUITES: dict[int, str] = {}  # a tenant's suite never changes while a process runs: it changes by rotation and restart


def _suite(tenant_id: int) -> str:
    if tenant_id not in _SUITES:
        with connection.cursor() as cursor:
            cursor.execute("SELECT suite FROM foundation_tenant WHERE id = %s", [tenant_id])
            _SUITES[tenant_id] = cursor.fetchone()[0]
    return _SUITES[tenant_id]
