"""保存期: what has ended is found, listed, deleted in every copy, and proved (spec 10 §13, 90 §7.4).

A dry run finds the very same. Entries of the trail stay; the words beside them go, and every chain still verifies.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import get_current_timezone, localdate

from jishi.cases import periods
from jishi.cases.actions import answer_photos, bringing, enclosing, links, photos, recordings
from jishi.cases.actions.making import searched
from jishi.cases.models import (
    Case,
    Errand,
    ImportRow,
    ImportRun,
    Membership,
    Message,
    Parcel,
    PatrolRoute,
    Photo,
    Recording,
    Redaction,
    Report,
)  # fmt: skip
from jishi.cases.models.news import QUIET, QUIET_FIELD
from jishi.cases.periods import Kept
from jishi.cases.states import CASE
from jishi.foundation import files, idempotency, keys, scope, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.kernels.text.minimise import minimise
from jishi.kernels.text.words import tsvector_text
from jishi.places.actions import keeping, residence

TABLE = Report._meta.db_table
CONTACTS = ("contact.caller", "identity.reporter", "notice.reporter", "program.sender")
SPOKEN = {Errand: ("place_text", "what", "words"), PatrolRoute: ("name", "look_for", "end_words")}
LONG = 100  # characters: a column that holds this many may hold what a person wrote
LOOKS_BACK = timedelta(days=35)  # a night that was missed is made up; older cases have been looked at
AT_ONCE = 1000  # rows of one step
SPARED = frozenset({"search", "place_name", "address_text"})  # made of minimised words


@dataclass(frozen=True, slots=True)
class Due:
    """What of one kind has ended: how many, and a hash of which; never what it says."""

    kept: Kept
    ids: tuple[int, ...]

    @property
    def proof(self) -> str:
        """Give the SHA-256 of the sorted ids: who holds the list can prove that these went."""
        return hashlib.sha256("\n".join(map(str, sorted(self.ids))).encode()).hexdigest()


def due(*, by: Actor, now: datetime) -> list[Due]:
    """List what has ended, by kind, changing nothing: the dry run."""
    today, known = localdate(now), periods.load().kept
    return [Due(known[code], tuple(find(known[code], today, by.tenant_id))) for code, (find, _end) in _KINDS.items()]


@transaction.atomic
def run(*, by: Actor, now: datetime) -> list[Due]:
    """This will end everything that `due` lists, in every copy, and leave the proof on the trail.

    :raises NotAllowed: not the platform itself.
    """
    if by.kind not in ("clock", "system"):
        raise NotAllowed(why="保存期由平台每夜自己执行。")
    _prolong_contacts(by.tenant_id, localdate(now))
    found = due(by=by, now=now)
    for one in found:
        if one.ids:
            _KINDS[one.kept.code][1](one.ids, by.tenant_id)
    residence.remove_due(by=by, now=now)
    keeping.remove_ended_households(by=by, now=now)
    gone = {one.kept.code: {"count": len(one.ids), "hash": one.proof} for one in found if one.ids}
    more = sealed.end_due(tenant_id=by.tenant_id, today=localdate(now))
    ended_keys = sealed.destroy_ended_keys(tenant_id=by.tenant_id)
    said = trail.end_words_due(tenant_id=by.tenant_id, today=localdate(now))
    trail.record(
        "retention.run", ("tenant", by.tenant_id), by=by, at=now, rule=periods.load().label,
        codes={"gone": gone, "sealed": more, "words": said, "keys": ended_keys},
    )  # fmt: skip
    return found


def end_again(tokens: Sequence[str], *, by: Actor) -> int:
    """This will end files anew that came back with a restored copy; gives how many rows knew them."""
    rows = files.StoredFile.objects.filter(tenant_id=by.tenant_id, token__in=list(tokens))
    ids = set(rows.values_list("id", flat=True))
    whole = Photo.objects.filter(tenant_id=by.tenant_id, file__in=ids)
    gone = photos.end(list(whole))
    gone += recordings.end(list(Recording.objects.filter(tenant_id=by.tenant_id, file__in=ids)))
    for photo in Photo.objects.filter(tenant_id=by.tenant_id).filter(Q(shown__in=ids) | Q(small__in=ids)):
        photo.change(shown=None, small=None, shown_hash="", shown_at=None)
    gone += answer_photos.end_with(ids, tenant_id=by.tenant_id)
    return gone + files.end(ids, tenant_id=by.tenant_id)


# --- which reports ---------------------------------------------------------------------------------------------------


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.max, get_current_timezone())


def _closed_by(tenant_id: int, day: date) -> models.QuerySet[Report]:
    """Reports all of whose cases have ended by the end of this day; one that belongs to none counts by its receipt."""
    mine = Membership.objects.filter(report=OuterRef("pk"))
    running = mine.filter(to_at=None).exclude(case__status__in=list(CASE.ends))
    later = mine.filter(to_at=None, case__status_since__gt=_moment(day))
    rows = Report.objects.filter(tenant_id=tenant_id, received_at__lte=_moment(day))
    return rows.filter(~Exists(running), ~Exists(later))


def _with_sealed(purposes: Sequence[str], rows: models.QuerySet[Report], tenant_id: int) -> list[int]:
    """Keep those of the reports for which something is sealed for one of these purposes."""
    return _listed(
        """SELECT DISTINCT owner_row FROM foundation_sealedvalue
           WHERE tenant_id = %s AND owner_table = %s AND purpose = ANY (%s)""",
        [tenant_id, TABLE, list(purposes)], rows,
    )  # fmt: skip


def _listed(statement: str, facts: list[Any], rows: models.QuerySet[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        ids = [row[0] for row in cursor.fetchall()]
    return sorted(rows.filter(id__in=ids).values_list("id", flat=True))


def _prolong_contacts(tenant_id: int, today: date) -> None:
    """A contact lives until a year after the close: what is still open, or closed of late, is not ended by its row."""
    kept = periods.load().kept["contact"]
    ended = _closed_by(tenant_id, kept.before(today)).values("id")
    statement = """UPDATE foundation_sealedvalue SET ends_on = %s WHERE tenant_id = %s AND owner_table = %s
           AND purpose = ANY (%s) AND ends_on < %s AND NOT owner_row = ANY (%s)"""
    with connection.cursor() as cursor:
        ids = [row["id"] for row in ended]
        cursor.execute(statement, [today, tenant_id, TABLE, list(CONTACTS), today, ids])


# --- what ends, kind by kind -----------------------------------------------------------------------------------------


def _contacts(kept: Kept, today: date, tenant_id: int) -> list[int]:
    return _with_sealed(CONTACTS, _closed_by(tenant_id, kept.before(today)), tenant_id)


def _end_contacts(ids: Sequence[int], tenant_id: int) -> None:
    fields = ("caller_name", "caller_contact", "caller_mail", "notice_contact", "device_id", "account_id")
    sealed.end([(TABLE, i) for i in ids], tenant_id=tenant_id, fields=fields)


def _quiet_numbers(kept: Kept, today: date, tenant_id: int) -> list[int]:
    """Reports from before the keys went to a broker: their number lies under a key that the site opens by itself."""
    if keys.provider().level == "K0":
        return []
    return _with_sealed([QUIET], Report.objects.filter(tenant_id=tenant_id), tenant_id)


def _end_quiet_numbers(ids: Sequence[int], tenant_id: int) -> None:
    sealed.end([(TABLE, i) for i in ids], tenant_id=tenant_id, fields=[QUIET_FIELD])


def _searches(kept: Kept, today: date, tenant_id: int) -> list[int]:
    return _listed(
        "SELECT DISTINCT owner_row FROM foundation_searchhash WHERE tenant_id = %s AND owner_table = %s",
        [tenant_id, TABLE], _closed_by(tenant_id, kept.before(today)),
    )  # fmt: skip


def _end_searches(ids: Sequence[int], tenant_id: int) -> None:
    sealed.end_search([(TABLE, i) for i in ids], "contact.caller", tenant_id=tenant_id)


def _received(kept: Kept, today: date, tenant_id: int) -> models.QuerySet[Report]:
    return Report.objects.filter(tenant_id=tenant_id, received_at__lte=_moment(kept.before(today)))


def _voices(kept: Kept, today: date, tenant_id: int) -> list[int]:
    rows = Recording.objects.filter(tenant_id=tenant_id, file__isnull=False, sent_at__lte=_moment(kept.before(today)))
    return sorted(rows.values_list("id", flat=True))


def _end_voices(ids: Sequence[int], tenant_id: int) -> None:
    recordings.end(list(Recording.objects.filter(tenant_id=tenant_id, id__in=ids)))


def _originals(kept: Kept, today: date, tenant_id: int) -> list[int]:
    rows = _received(kept, today, tenant_id)
    raw = rows.exclude(answers={}, attributes={}, source_lng=None)
    return sorted({*_with_sealed(["words.original"], rows, tenant_id), *raw.values_list("id", flat=True)})


def _end_originals(ids: Sequence[int], tenant_id: int) -> None:
    owners = [(TABLE, i) for i in ids]
    sealed.end(owners, tenant_id=tenant_id, fields=["text", "answers", "address_text", "part_text"])
    covered = Redaction.objects.filter(tenant_id=tenant_id, report__in=ids)
    sealed.end([("cases_redaction", i) for i in covered.values_list("id", flat=True)], tenant_id=tenant_id)
    Report.objects.filter(tenant_id=tenant_id, id__in=ids).update(
        answers={}, attributes={}, source_lng=None, source_lat=None
    )


def _worded(kept: Kept, today: date, tenant_id: int) -> list[int]:
    """Cases closed long enough that still have words beside the trail, or free words that name somebody."""
    rows = Case.objects.filter(tenant_id=tenant_id, status__in=list(CASE.ends))
    rows = rows.filter(status_since__lte=_moment(kept.before(today)))
    told = trail.with_words("case", tenant_id=tenant_id)
    ids = set(rows.filter(id__in=told).values_list("id", flat=True))
    rows = rows.filter(status_since__gt=_moment(kept.before(today) - LOOKS_BACK))
    for model, _path, _fields in _wordy():
        ids |= {case for case, _row, _values in _naming(model, rows)}
    return sorted(ids)


def _end_words(ids: Sequence[int], tenant_id: int) -> None:
    trail.end_words("case", ids, tenant_id=tenant_id)
    for start in range(0, len(ids), AT_ONCE):
        cases = Case.objects.filter(tenant_id=tenant_id, id__in=ids[start : start + AT_ONCE])
        for model, _path, _fields in _wordy():
            for _case, row, values in _naming(model, cases):
                model.objects.filter(pk=row).update(**values)  # type: ignore[attr-defined]
        for case in cases:
            first = Report.objects.filter(memberships__case=case).order_by("id").first()
            words = searched(first) if first is not None else case.title
            Case.objects.filter(id=case.id).update(search=tsvector_text(words))


@cache
def _wordy() -> list[tuple[type[models.Model], str, tuple[str, ...]]]:
    """Give every table of this room that hangs on a case, by which path, and its columns that hold free words.

    It is worked out from the models: a new one is covered the day it is written.
    """
    found: list[tuple[type[models.Model], str, tuple[str, ...]]] = []
    for model in apps.get_app_config("cases").get_models():
        path = _path_to_case(model)
        fields = tuple(f.name for f in model._meta.concrete_fields if _is_free(f))
        if path is not None and fields:
            found.append((model, path, fields))
    return found


def _is_free(field: Any) -> bool:
    if field.name in SPARED or field.choices or not isinstance(field, models.TextField | models.CharField):
        return False
    return isinstance(field, models.TextField) or (field.max_length or 0) >= LONG or field.name == "title"


def _path_to_case(model: type[models.Model], depth: int = 3) -> str | None:
    if model is Case:
        return "id"
    if model is Report:
        return "memberships__case"
    keys = [f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey)]
    for key in sorted(keys, key=lambda f: (f.related_model is not Case, f.related_model is not Report)):
        target = key.related_model
        if not isinstance(target, type) or target._meta.app_label != "cases" or target is model or not depth:
            continue
        further = _path_to_case(target, depth - 1)
        if further is not None:
            return key.name if further == "id" else f"{key.name}__{further}"
    return None


def _naming(
    model: type[models.Model], cases: models.QuerySet[Case]
) -> Iterable[tuple[int, int, dict[str, str]]]:
    """Give (case, row, new values) of each row below these cases whose free words still name somebody."""
    path, fields = next((p, f) for m, p, f in _wordy() if m is model)
    rows = model.objects.filter(**{f"{path}__in": cases.values("id")})  # type: ignore[attr-defined]
    for pk, case, *texts in rows.values_list("pk", path, *fields).distinct().iterator(chunk_size=AT_ONCE):
        shown = [m.shown for m in minimise([t or "" for t in texts])]
        changed = {f: s for f, t, s in zip(fields, texts, shown, strict=True) if t and t != s}
        if changed and case is not None:
            limits = {f.name: getattr(f, "max_length", None) for f in model._meta.concrete_fields}
            yield case, pk, {f: s[: limits[f]] if limits[f] else s for f, s in changed.items()}


def _pictures(kept: Kept, today: date, tenant_id: int) -> list[int]:
    rows = Photo.objects.filter(tenant_id=tenant_id, report__received_at__lte=_moment(kept.before(today)))
    return sorted(rows.values_list("id", flat=True))


def _end_pictures(ids: Sequence[int], tenant_id: int) -> None:
    photos.end(list(Photo.objects.filter(tenant_id=tenant_id, id__in=ids)))


def _enclosures(kept: Kept, today: date, tenant_id: int) -> list[int]:
    sent = [links.ENCLOSED, enclosing.ENCLOSED, bringing.SHOT]
    rows = files.StoredFile.objects.filter(tenant_id=tenant_id, purpose__in=sent)
    return sorted(rows.filter(made_at__lte=_moment(kept.before(today))).values_list("id", flat=True))


def _end_enclosures(ids: Sequence[int], tenant_id: int) -> None:
    answer_photos.end_with(ids, tenant_id=tenant_id)
    files.end(ids, tenant_id=tenant_id)


def _imports(kept: Kept, today: date, tenant_id: int) -> list[int]:
    rows = ImportRun.objects.filter(tenant_id=tenant_id, started_at__lte=_moment(kept.before(today)))
    return sorted(rows.exclude(content=None, file_name="").values_list("id", flat=True))


def _end_imports(ids: Sequence[int], tenant_id: int) -> None:
    ImportRow.objects.filter(tenant_id=tenant_id, run__in=ids).update(detail="")
    ImportRun.objects.filter(tenant_id=tenant_id, id__in=ids).update(content=None, stages=[], file_name="")


def _keys(kept: Kept, today: date, tenant_id: int) -> list[int]:
    midnight = datetime.combine(kept.before(today), time.min, get_current_timezone())
    return idempotency.ended(tenant_id=tenant_id, before=midnight)


def _end_keys(ids: Sequence[int], tenant_id: int) -> None:
    idempotency.end(ids, tenant_id=tenant_id)


def _letters(kept: Kept, today: date, tenant_id: int) -> list[int]:
    rows = Message.objects.filter(tenant_id=tenant_id, at__lte=_moment(kept.before(today)))
    return sorted(rows.values_list("id", flat=True))


def _end_letters(ids: Sequence[int], tenant_id: int) -> None:
    parcels = set(Message.objects.filter(tenant_id=tenant_id, id__in=ids).values_list("parcel", flat=True)) - {None}
    Message.objects.filter(tenant_id=tenant_id, id__in=ids).delete()
    left = Message.objects.filter(parcel=OuterRef("pk"))
    Parcel.objects.filter(~Exists(left), tenant_id=tenant_id, id__in=parcels).delete()


def _sessions(kept: Kept, today: date, tenant_id: int) -> list[int]:
    """Sessions of every town stand in one table: what has run out is counted by the first run that comes."""
    return list(range(Session.objects.filter(expire_date__lt=_moment(kept.before(today))).count()))


def _end_sessions(ids: Sequence[int], tenant_id: int) -> None:
    ended = Session.objects.order_by("expire_date").values_list("session_key", flat=True)[: len(ids)]
    Session.objects.filter(session_key__in=list(ended)).delete()


def _spoken_of(model: type[Errand] | type[PatrolRoute], subject: str, kept: Kept, today: date, **of: Any) -> list[int]:
    """Keep those ended long enough whose words are still said beside the trail, or still name somebody.

    Names are looked for in what came to its end in the last `LOOKS_BACK`: the nights before looked at the rest.
    """
    before = _moment(kept.before(today))
    rows = model.objects.filter(ended_at__lte=before, **of)
    told = trail.with_words(subject, tenant_id=of["tenant_id"])
    late = rows.filter(ended_at__gt=before - LOOKS_BACK).values_list("pk", *SPOKEN[model])
    named = {pk for pk, *texts in late.iterator(AT_ONCE) if [m.shown for m in minimise(texts)] != texts}
    return sorted(named | set(rows.filter(id__in=told).values_list("id", flat=True)))


def _end_spoken(model: type[Errand] | type[PatrolRoute], ids: Sequence[int], subject: str) -> None:
    fields = SPOKEN[model]
    for row in model.objects.filter(id__in=ids):
        shown = [m.shown for m in minimise([getattr(row, f) for f in fields])]
        limits = [model._meta.get_field(f).max_length for f in fields]  # type: ignore[union-attr]
        values = {f: s[:n] for f, s, n in zip(fields, shown, limits, strict=True)}
        model.objects.filter(id=row.id).update(**values)
    if ids:
        trail.end_words(subject, ids, tenant_id=scope.current().actor.tenant_id)


def _errands(kept: Kept, today: date, tenant_id: int) -> list[int]:
    return _spoken_of(Errand, "errand", kept, today, tenant_id=tenant_id, case=None)


def _end_errands(ids: Sequence[int], _tenant_id: int) -> None:
    _end_spoken(Errand, ids, "errand")


def _routes(kept: Kept, today: date, tenant_id: int) -> list[int]:
    return _spoken_of(PatrolRoute, "patrol", kept, today, tenant_id=tenant_id)


def _end_routes(ids: Sequence[int], _tenant_id: int) -> None:
    _end_spoken(PatrolRoute, ids, "patrol")


Find = Callable[[Kept, date, int], Sequence[int]]
End = Callable[[Sequence[int], int], None]
_KINDS: dict[str, tuple[Find, End]] = {
    "contact": (_contacts, _end_contacts), "search": (_searches, _end_searches), "voice": (_voices, _end_voices),
    "original": (_originals, _end_originals), "words": (_worded, _end_words), "photos": (_pictures, _end_pictures),
    "enclosures": (_enclosures, _end_enclosures),
    "imports": (_imports, _end_imports), "keys": (_keys, _end_keys), "sessions": (_sessions, _end_sessions),
    "quiet_numbers": (_quiet_numbers, _end_quiet_numbers),
    "letters": (_letters, _end_letters), "errands": (_errands, _end_errands), "routes": (_routes, _end_routes),
}  # fmt: skip
