"""Anchors: one number a day over everything committed since the last one, whatever its clock said (spec 90 §6)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version

from django.db import connection
from django.db.models import QuerySet

from jishi.foundation import keys, scope, trail
from jishi.foundation.models import Anchor, Entry, EntryWords
from jishi.kernels import ledger

SOFTWARE = f"jishi {version('jishi')}"
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read and what it found; no finding means sound."""

    entries: int
    subjects: int
    anchors: int
    findings: tuple[str, ...]


def make(*, day: date, now: datetime) -> Anchor:
    """Make the next anchor. A day without entries has one; running transactions go into the next."""
    tenant_id = scope.current().actor.tenant_id
    _one_at_a_time(tenant_id)
    last = Anchor.objects.filter(tenant_id=tenant_id).order_by("-number").first()
    since, up_to = (last.up_to if last else 0), _horizon()
    rows = list(_between(tenant_id, since, up_to))
    suite = rows[0].suite if rows else (last.suite if last else "a")
    previous = ledger.anchor_hash(_kernel(last)) if last else ledger.GENESIS
    made = Anchor(
        tenant_id=tenant_id, number=last.number + 1 if last else 1, day=day, made_at=now, entries=len(rows),
        subjects=len({(r.subject_kind, r.subject_id) for r in rows}), previous=previous, suite=suite, software=SOFTWARE,
        root=ledger.day_root(previous, (r.hash for r in rows), suite), up_to=up_to,
    )  # fmt: skip
    body = ledger.canonical(_kernel(made).body).encode()
    made.signature = keys.provider().sign(body).hex()
    made.save(force_insert=True)
    return made


def verify() -> Verified:
    """Recompute every hash, chain, day and signature of this tenant."""
    record = _record()
    findings = [f"{f.code}: {f.where}" for f in ledger.verify(record)]
    key = keys.provider().public_key()
    for row in Anchor.objects.filter(tenant_id=scope.current().actor.tenant_id).order_by("number"):
        try:
            keys.verify(key, ledger.canonical(_kernel(row).body).encode(), bytes.fromhex(row.signature))
        except Exception:  # noqa: BLE001 - whatever the library says, the signature does not hold
            findings.append(f"signature: anchor {row.number}")
    subjects = {(e.subject, 1) for e in record.entries}
    return Verified(len(record.entries), len(subjects), len(record.anchors), tuple(findings))


def bundle() -> dict[str, str]:
    """Give the files of a bundle of the whole trail, without words."""
    record = _record(with_words=False)
    return {name: content.decode() for name, content in ledger.pack(record).items()}


def part(kind: str, ids: Iterable[int]) -> dict[str, bytes]:
    """Give the files of a bundle of some subjects alone, without words, each anchored entry proved under its day.

    A stranger checks it as he checks the whole (`verifier`): the chains, the proofs, the days from the first to now.
    """
    tenant_id = scope.current().actor.tenant_id
    days = list(Anchor.objects.filter(tenant_id=tenant_id).order_by("number"))
    rows = list(
        Entry.objects.filter(tenant_id=tenant_id, subject_kind=kind, subject_id__in=list(ids))
        .extra(select={"began": "xid::text::bigint"})
        .order_by("subject_id", "seq")
    )
    place = {row.id: bisect_right([d.up_to for d in days], row.began) for row in rows}
    needed = sorted({k for k in place.values() if k < len(days)})
    under = {k: _Day(days[k], days[k - 1].up_to if k else 0, tenant_id) for k in needed}
    links = [under[place[row.id]].link(row) if place[row.id] in under else _link(row, 0, 0) for row in rows]
    kept = [_kernel(d) for d in days[needed[0] :]] if needed else []
    return ledger.pack(ledger.Record(_by_subject(links), kept, scope=ledger.PART))


class _Day:
    """The leaves of one day, read once for all entries that must be proved under it."""

    def __init__(self, anchor: Anchor, since: int, tenant_id: int) -> None:
        told = list(_rows_between(tenant_id, since, anchor.up_to).values_list("id", "hash"))
        self.anchor, self.hashes = anchor, [value for _, value in told]
        self.leaves = {row: leaf for leaf, (row, _) in enumerate(told, 1)}

    def link(self, row: Entry) -> ledger.Link:
        leaf = self.leaves[row.id]
        proof = ledger.day_proof(leaf, self.anchor.previous, self.hashes, self.anchor.suite)
        return ledger.Link(trail.body_of(row), row.prev, row.hash, self.anchor.number, leaf, proof)


def head_of(day: date) -> str:
    """Give the hash of the anchor that closed a day, the head of the whole trail then; empty: none was made."""
    rows = Anchor.objects.filter(tenant_id=scope.current().actor.tenant_id, day=day).order_by("number")
    return next((ledger.anchor_hash(_kernel(row)) for row in rows[:1]), "")


def latest(days: int) -> list[Anchor]:
    """Give the newest anchors, newest first."""
    rows = Anchor.objects.filter(tenant_id=scope.current().actor.tenant_id).order_by("-number")
    return list(rows[:days])


def by_root(root: str) -> Anchor | None:
    """Give the anchor with this root, whichever day; None: there is none."""
    return Anchor.objects.filter(tenant_id=scope.current().actor.tenant_id, root=root).first()


def words_of(row: Anchor) -> str:
    """Give the eight characters to read over a telephone."""
    return ledger.check_words(bytes.fromhex(row.root))


def _one_at_a_time(tenant_id: int) -> None:
    """Two anchors of one tenant never run beside each other; rows that nobody may update cannot be locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('foundation_anchor'), %s)", [tenant_id])


def _horizon() -> int:
    """Transactions below this id have ended: nothing can appear under it any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _between(tenant_id: int, since: int, up_to: int) -> Iterator[Entry]:
    return _rows_between(tenant_id, since, up_to).iterator(chunk_size=_CHUNK)


def _rows_between(tenant_id: int, since: int, up_to: int) -> QuerySet[Entry]:
    rows = Entry.objects.filter(tenant_id=tenant_id).extra(
        where=["xid >= %s::text::xid8", "xid < %s::text::xid8"], params=[str(since), str(up_to)]
    )
    return rows.order_by("recorded_at", "id")


def _kernel(row: Anchor) -> ledger.Anchor:
    return ledger.Anchor(
        row.number, row.day.isoformat(), row.entries, row.subjects, row.root, row.previous, row.suite, row.software
    )


def _record(*, with_words: bool = True) -> ledger.Record:
    tenant_id = scope.current().actor.tenant_id
    anchors = list(Anchor.objects.filter(tenant_id=tenant_id).order_by("number"))
    links, since = [], 0
    for anchor in anchors:
        for leaf, row in enumerate(_between(tenant_id, since, anchor.up_to), 1):
            links.append(_link(row, anchor.number, leaf))
        since = anchor.up_to
    links += [_link(row, 0, 0) for row in _between(tenant_id, since, 2**62)]
    said = [
        ledger.Said(w.tenant_id, [w.subject_kind, w.subject_id], w.seq, w.salt, w.words)
        for w in (EntryWords.objects.filter(tenant_id=tenant_id).iterator(chunk_size=_CHUNK) if with_words else ())
    ]
    return ledger.Record(_by_subject(links), [_kernel(a) for a in anchors], said)


def _by_subject(links: list[ledger.Link]) -> list[ledger.Link]:
    return sorted(links, key=lambda e: (e.subject, int(str(e.body["seq"]))))


def _link(row: Entry, anchor: int, leaf: int) -> ledger.Link:
    return ledger.Link(trail.body_of(row), row.prev, row.hash, anchor, leaf)
