"""Loading the country's divisions of a year, and settling what changed (spec 20 §3.1).

The table is national and belongs to no tenant. One load is one transaction: all of it, or nothing. Codes beginning
with 99 are fictional (demonstration, tests) and are never compared with a year's table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import connection, transaction

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound
from jishi.places import memory, shapes, tables
from jishi.places.models import Division, DivisionChange, DivisionLoad, DivisionVersion, Succession
from jishi.places.policies import ensure_may_keep_ground, ensure_may_load_divisions
from jishi.places.refusals import TableRefused
from jishi.places.shapes import Coord
from jishi.places.tables import Progress

FICTIONAL = "99"
FEWER = 0.97  # a year's table with less than this share of the former year's rows of a level is taken for cut (T)
CHILDLESS = 0.005  # share of towns without a single community above which the table is taken for cut (T)


@dataclass(frozen=True, slots=True)
class NewDivision:
    """One division to found by hand; `boundary` a ring of integers of 1e-7 degree, CGCS2000."""

    code: str
    name: str
    short_name: str
    level: int
    parent: str
    kind: str = ""
    boundary: Sequence[Coord] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `changes` counts unchanged, renamed, recoded, moved, new, gone."""

    load_id: int
    rows: Mapping[int, int]  # level → rows
    changes: Mapping[str, int]
    refused: tuple[tuple[str, int, str], ...] = field(default=())
    doubtful: int = 0  # names whose kind does not fit the digits: a warning, nothing more

    @property
    def wrote(self) -> bool:
        return any(n for kind, n in self.changes.items() if kind not in ("unchanged", "gone"))


@transaction.atomic
def load_year(
    files: Sequence[Path], *, year: int, by: Actor, now: datetime, source: str = "", progress: Progress | None = None
) -> Loaded:
    """Load the table of a year and compare it with the one before; loading it twice changes nothing.

    New names, codes and parents of a series become versions from 1 January of the year. What is gone stays in force
    and is proposed for a person to settle (`confirm_change`): nothing is retired silently.

    :raises TableRefused: a file is cut, a parent is missing, rows are fewer than header or former year say, the year is
        older than what is loaded. :raises NotAllowed: no right.
    """
    ensure_may_load_divisions(by)
    found = tables.files_in([Path(f) for f in files])
    name = source or "、".join(p.name for p in found)[:100]
    seen = tables.Reading()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('places.divisions'))")
        _ensure_not_older(year)
        cursor.execute(_INCOMING)
        with cursor.copy("COPY incoming FROM STDIN") as copy:
            for row in tables.rows(found, seen, progress):
                copy.write_row(row)
        cursor.execute("CREATE INDEX ON incoming (code); ANALYZE incoming")
        _tell(progress, "check", seen)
        _ensure_whole(cursor, seen)
        _tell(progress, "compare", seen)
        changes = _apply(cursor, date(year, 1, 1), f"{name} {year}"[:120])
        _tell(progress, "store", seen)
    load = _keep(year, name, seen, changes, by=by, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_GONE_PROPOSED, [load.id])
    if by.tenant_id:
        codes = {"year": year, "rows": seen.total, **changes}
        trail.record("divisions.loaded", ("division_load", load.id), by=by, at=now, codes=codes)
        memory.forget(by.tenant_id)
    return Loaded(load.id, dict(seen.rows), changes, tuple(seen.refused), seen.doubtful)


@transaction.atomic
def found_divisions(
    rows: Sequence[NewDivision], *, source: str, valid_from: date, by: Actor, now: datetime
) -> dict[str, int]:
    """Found divisions by hand, parents before children; gives code → series id. A code in force is left as it is.

    :raises Invalid: a code that is not 12 digits, a parent that is not there. :raises NotAllowed: no right.
    """
    ensure_may_keep_ground(by)
    wanted = {r.code for r in rows} | {r.parent for r in rows if r.parent}
    known = dict(DivisionVersion.objects.filter(code__in=wanted, valid_to=None).values_list("code", "division_id"))
    fresh = [r for r in sorted(rows, key=lambda r: r.level) if r.code not in known]
    for row in fresh:
        if len(row.code) != 12 or not row.code.isdigit() or not row.name.strip():
            raise Invalid(detail=f"区划代码不是 12 位数字，或没有名称：{row.code}")
    for row, series in zip(fresh, Division.objects.bulk_create(Division(level=r.level) for r in fresh), strict=True):
        known[row.code] = series.id
    for row in fresh:
        if row.parent and row.parent not in known:
            raise Invalid(detail=f"{row.code} 的上级 {row.parent} 不存在")
    DivisionVersion.objects.bulk_create(
        (
            DivisionVersion(
                division_id=known[r.code], code=r.code, name=r.name, short_name=r.short_name, level=r.level,
                parent_id=known.get(r.parent) if r.parent else None, kind=r.kind or tables.kind_of(r.name, r.level),
                valid_from=valid_from, source=source, boundary=shapes.polygon_wkb(r.boundary),
                placeholder="虚拟社区" in r.name,
            )
            for r in fresh
        ),
        batch_size=5000,
    )  # fmt: skip
    if fresh:
        load = DivisionLoad.objects.create(
            year=valid_from.year, source=source, sha256="", rows=len(fresh), changes={"founded": len(fresh)},
            loaded_at=now,
            loaded_by=by.label,
        )  # fmt: skip
        trail.record(
            "divisions.founded", ("division_load", load.id), by=by, at=now, codes={"rows": len(fresh)}, new=True
        )
        memory.touch(by.tenant_id)
    return known


@transaction.atomic
def confirm_change(
    change_id: int, *, successors: Mapping[str, float], on: date, document_no: str, by: Actor, now: datetime
) -> None:
    """Settle what became of a division that is gone: code of each successor → share of its households.

    One successor is a merge, several a split, none a dissolution.

    :raises Invalid: shares that do not sum to 1, an unknown code. :raises NotFound: no such open change.
    """
    ensure_may_load_divisions(by)
    change = DivisionChange.objects.select_for_update().filter(id=change_id, settled_at=None).first()
    if change is None:
        raise NotFound
    if successors and abs(sum(successors.values()) - 1) > 1e-9:
        raise Invalid(detail=f"各后继的比例之和应为 1，现为 {sum(successors.values())}")
    series = dict(DivisionVersion.objects.filter(code__in=successors, valid_to=None).values_list("code", "division_id"))
    for code in successors:
        if code not in series:
            raise Invalid(detail=f"没有代码为 {code} 的区划")
    kind = "dissolved" if not successors else "merged" if len(successors) == 1 else "split"
    Succession.objects.bulk_create(
        Succession(
            predecessor_id=change.division_id, successor_id=series.get(code), kind=kind, on_date=on,
            share_households=share,
            document_no=document_no,
        )
        for code, share in (successors or {"": 1.0}).items()
    )  # fmt: skip
    DivisionVersion.objects.filter(division_id=change.division_id, valid_to=None).update(valid_to=on)
    DivisionChange.objects.filter(id=change.id).update(settled_at=now)
    DivisionLoad.objects.create(
        year=on.year,
        source=document_no or kind,
        sha256="",
        rows=0,
        changes={kind: 1},
        loaded_at=now,
        loaded_by=by.label,
    )
    if by.tenant_id:
        codes = {"code": change.code, "kind": kind, "successors": sorted(successors), "document": document_no}
        trail.record("division.settled", ("division_change", change.id), by=by, at=now, codes=codes, new=True)
        memory.forget(by.tenant_id)


def _tell(progress: Progress | None, stage: str, seen: tables.Reading) -> None:
    if progress is not None:
        progress(stage, seen.total, 1.0)


def _ensure_not_older(year: int) -> None:
    newest = DivisionLoad.objects.exclude(sha256="").order_by("-year").values_list("year", flat=True).first()
    if newest is not None and year < newest:
        raise TableRefused(why=f"已载入 {newest} 年的表，{year} 年更早", why_en=f"{newest} is loaded, {year} is older")


_INCOMING = """
    DROP TABLE IF EXISTS incoming, paired, compared;
    CREATE TEMP TABLE incoming (
        code text, name text, short_name text, level smallint, kind text, parent text, placeholder boolean
    ) ON COMMIT DROP
"""
_TWICE = "SELECT code FROM incoming GROUP BY code HAVING count(*) > 1 ORDER BY code LIMIT 3"
_ORPHANS = """
    SELECT count(*), min(i.code), min(i.parent) FROM incoming i
    WHERE i.parent <> '' AND NOT EXISTS (SELECT 1 FROM incoming p WHERE p.code = i.parent)
"""
_BARREN = """
    SELECT count(*) FILTER (WHERE c.parent IS NULL), count(*), bool_or(c.parent IS NULL AND i.code = m.last)
    FROM incoming i CROSS JOIN (SELECT max(code) AS last FROM incoming WHERE level = 4) m
    LEFT JOIN (SELECT DISTINCT parent FROM incoming WHERE level = 5) c ON c.parent = i.code
    WHERE i.level = 4
"""
_FORMER = (
    "SELECT level, count(*) FROM places_divisionversion WHERE valid_to IS NULL AND code NOT LIKE '99%%' GROUP BY 1"
)
# A series keeps its id when its code or parent changes and the name tells it apart: recoded below the same parent,
# moved within one city; exactly one gone and one new of that name.
_PAIRED = """
    CREATE TEMP TABLE paired ON COMMIT DROP AS
    WITH gone AS (
        SELECT v.id, v.division_id, v.code, v.name, v.level, left(v.code, 4) AS city,
               left(v.code, CASE v.level WHEN 5 THEN 9 WHEN 4 THEN 6 WHEN 3 THEN 4 ELSE 2 END) AS above
        FROM places_divisionversion v
        WHERE v.valid_to IS NULL AND v.code NOT LIKE '99%' AND v.level > 1
          AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.code = v.code)
    ), fresh AS (
        SELECT i.code, i.name, i.level, left(i.code, 4) AS city,
               left(i.code, CASE i.level WHEN 5 THEN 9 WHEN 4 THEN 6 WHEN 3 THEN 4 ELSE 2 END) AS above
        FROM incoming i
        WHERE i.level > 1 AND NOT EXISTS (
            SELECT 1 FROM places_divisionversion v WHERE v.code = i.code AND v.valid_to IS NULL)
    ), recoded AS (
        SELECT min(g.id) AS version_id, min(g.division_id) AS division_id, min(f.code) AS code, 'recoded' AS what
        FROM gone g JOIN fresh f USING (above, name, level) GROUP BY above, name, level
        HAVING count(*) = 1
    ), moved AS (
        SELECT min(g.id) AS version_id, min(g.division_id) AS division_id, min(f.code) AS code, 'moved' AS what
        FROM gone g JOIN fresh f USING (city, name, level) GROUP BY city, name, level HAVING count(*) = 1
    )
    SELECT * FROM recoded UNION ALL
    SELECT * FROM moved m
    WHERE NOT EXISTS (SELECT 1 FROM recoded r WHERE r.code = m.code OR r.version_id = m.version_id)
"""
_COMPARED = """
    CREATE TEMP TABLE compared ON COMMIT DROP AS
    SELECT i.*, coalesce(v.division_id, p.division_id, nextval(pg_get_serial_sequence('places_division', 'id')))
               AS division_id, coalesce(v.id, p.version_id) AS version_id, v.valid_from AS since,
           CASE WHEN p.what IS NOT NULL THEN p.what WHEN v.id IS NULL THEN 'new'
                WHEN v.name <> i.name THEN 'renamed' ELSE 'unchanged' END AS what
    FROM incoming i
    LEFT JOIN places_divisionversion v ON v.code = i.code AND v.valid_to IS NULL
    LEFT JOIN paired p ON p.code = i.code
"""
_FOUND = "INSERT INTO places_division (id, level) SELECT division_id, level FROM compared WHERE what = 'new'"
_CORRECT = """
    UPDATE places_divisionversion v SET name = c.name, short_name = c.short_name, kind = c.kind, source = %(s)s
    FROM compared c WHERE c.what = 'renamed' AND c.version_id = v.id AND v.valid_from = %(d)s
"""
_CLOSE = """
    UPDATE places_divisionversion v SET valid_to = %(d)s FROM compared c
    WHERE c.version_id = v.id AND c.what IN ('renamed', 'recoded', 'moved') AND v.valid_from < %(d)s
"""
_OPEN = """
    INSERT INTO places_divisionversion
        (division_id, code, name, short_name, parent_id, level, kind, urban_class, placeholder, valid_from, source)
    SELECT c.division_id, c.code, c.name, c.short_name, p.division_id, c.level, c.kind, '', c.placeholder, %(d)s, %(s)s
    FROM compared c LEFT JOIN compared p ON p.code = c.parent
    WHERE c.what IN ('new', 'recoded', 'moved')
       OR (c.what = 'renamed' AND NOT EXISTS (
               SELECT 1 FROM places_divisionversion v WHERE v.id = c.version_id AND v.valid_to IS NULL))
"""
_SUCCEED = """
    INSERT INTO places_succession (predecessor_id, successor_id, kind, on_date, share_households, document_no)
    SELECT division_id, division_id, CASE what WHEN 'moved' THEN 'moved_parent' ELSE what END, %(d)s, 1, ''
    FROM compared WHERE what IN ('renamed', 'recoded', 'moved')
"""
_COUNTS = "SELECT what, count(*) FROM compared GROUP BY what"
_GONE = """
    FROM places_divisionversion v
    WHERE v.valid_to IS NULL AND v.code NOT LIKE '99%%' AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.code = v.code)
"""
_GONE_PROPOSED = (
    """
    INSERT INTO places_divisionchange (load_id, division_id, kind, code, name, likely_successor_id, evidence)
    SELECT %s, v.division_id, 'gone', v.code, v.name, (
        SELECT s.division_id FROM compared s WHERE s.parent = left(v.code, 9) || '000' AND s.what = 'new'
        ORDER BY s.code LIMIT 1), ''
    """
    + _GONE
    + " AND NOT EXISTS (SELECT 1 FROM places_divisionchange o"
    + " WHERE o.division_id = v.division_id AND o.settled_at IS NULL)"
)


def _ensure_whole(cursor: object, seen: tables.Reading) -> None:
    ask = cursor.execute  # type: ignore[attr-defined]
    twice = [row[0] for row in ask(_TWICE).fetchall()]
    if twice:
        raise TableRefused(why=f"代码出现两次：{'、'.join(twice)}", why_en=f"codes stand twice: {', '.join(twice)}")
    count, first, parent = ask(_ORPHANS).fetchone()
    if count:
        raise TableRefused(
            why=f"有 {count} 行的上级不在表里（如 {first} 的上级 {parent}），表不完整",
            why_en=f"{count} rows hang below a missing parent (such as {first} below {parent}): the table is not whole",
        )
    barren, towns, is_last_barren = ask(_BARREN).fetchone()
    if seen.rows[5] and (is_last_barren or barren > towns * CHILDLESS):
        raise TableRefused(
            why=f"{towns} 个乡镇街道里有 {barren} 个没有村居，表在中途断了",
            why_en=f"{barren} of {towns} towns have no community: the table breaks off",
        )
    for level, before in ask(_FORMER.replace("%%", "%")).fetchall():
        if before > 50 and seen.rows[level] < before * FEWER:
            raise TableRefused(
                why=f"第 {level} 级只有 {seen.rows[level]} 行，原有 {before} 行，像是被截断",
                why_en=f"level {level} has {seen.rows[level]} rows, it had {before}: the table was cut",
            )


def _apply(cursor: object, day: date, source: str) -> dict[str, int]:
    ask = cursor.execute  # type: ignore[attr-defined]
    facts = {"d": day, "s": source}
    ask(_PAIRED)
    ask(_COMPARED)
    ask("CREATE INDEX ON compared (code); ANALYZE compared")
    changes = dict.fromkeys(("unchanged", "renamed", "recoded", "moved", "new", "gone"), 0)
    changes |= dict(ask(_COUNTS).fetchall())
    ask(_FOUND)
    ask(_CORRECT, facts)
    ask(_CLOSE, facts)
    ask(_OPEN, facts)
    ask(_SUCCEED, facts)
    changes["gone"] = ask("SELECT count(*) " + _GONE.replace("%%", "%")).fetchone()[0]
    return changes


def _keep(
    year: int, source: str, seen: tables.Reading, changes: Mapping[str, int], *, by: Actor, now: datetime
) -> DivisionLoad:
    """A load that changed nothing is not written a second time."""
    sha256 = seen.made.hexdigest()
    same = DivisionLoad.objects.filter(year=year, sha256=sha256).order_by("-id").first()
    if same is not None and not any(changes[k] for k in ("new", "renamed", "recoded", "moved")):
        return same
    return DivisionLoad.objects.create(
        year=year,
        source=source,
        sha256=sha256,
        rows=seen.total,
        changes=dict(changes),
        loaded_at=now,
        loaded_by=by.label,
    )
