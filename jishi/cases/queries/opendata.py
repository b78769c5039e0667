"""Public cases as data: one row a report, the same facts as JSON, GeoJSON and CSV (spec 10 §16 `GET /public/cases`)."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from jishi.cases.actions.sheets import as_text
from jishi.cases.queries import public
from jishi.cases.queries.public import Shown, Wanted
from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid

COLUMNS = (
    "number", "case", "status", "matter", "matter_name", "text", "place", "lng", "lat", "received_at", "updated_at",
    "promise_due_at", "lead", "answer",
)  # fmt: skip
MOST_ROWS = 5000  # of one download; more is walked by pages


def row(shown: Shown, lang: str) -> dict[str, Any]:
    """Give one report as data. Coordinates are degrees of CGCS2000, which is WGS 84 within centimetres."""
    due = None if public.settled(shown.case) else shown.case.promise_due_at
    return {
        "number": shown.number, "case": shown.case.number, "status": "open" if shown.is_open else "closed",
        "matter": shown.case.matter, "matter_name": shown.matter_in(lang), "text": shown.text, "place": shown.place,
        "lng": shown.lng, "lat": shown.lat, "received_at": _stamp(shown.report.received_at),
        "updated_at": _stamp(shown.updated_at), "promise_due_at": _stamp(due),
        "lead": shown.lead.called(lang) if shown.lead else None, "answer": shown.answer,
    }  # fmt: skip


def page(wanted: Wanted, *, tenant_id: int, after: str, limit: int, lang: str) -> dict[str, Any]:
    """Give a page, newest first, and the key of the next. :raises Invalid: not one of our keys."""
    found = public.listed(wanted, tenant_id=tenant_id, limit=limit + 1, after=key_of(after))
    shown = found[:limit]
    return {"items": [row(s, lang) for s in shown], "after": key_after(shown[-1]) if len(found) > limit else None}


def key_after(shown: Shown) -> str:
    """Give the key that stands after this row."""
    micros = round(shown.report.received_at.timestamp() * 1_000_000)
    return f"{micros}.{shown.report.id}"


def key_of(said: str) -> tuple[datetime, int] | None:
    """Read the key of a page. :raises Invalid: it is none."""
    if not said:
        return None
    micros, _, row_id = said.partition(".")
    if not (numbers.names_a_row(micros) and numbers.names_a_row(row_id) and len(micros) <= 17):
        raise Invalid(detail="after")
    zone = localtime().tzinfo
    at = datetime.fromtimestamp(int(micros) // 1_000_000, tz=zone)
    return at.replace(microsecond=int(micros) % 1_000_000), int(row_id)


def as_geojson(rows: Iterable[Shown], lang: str) -> dict[str, Any]:
    """Give points as GeoJSON; what has no place is no feature."""
    features = []
    for one in rows:
        facts = row(one, lang)
        lng, lat = facts.pop("lng"), facts.pop("lat")
        if lng is None or lat is None:
            continue
        geometry = {"type": "Point", "coordinates": [lng, lat]}
        features.append({"type": "Feature", "id": one.number, "geometry": geometry, "properties": facts})
    return {"type": "FeatureCollection", "features": features}


def as_csv(rows: Sequence[Shown], lang: str) -> bytes:
    """Give the rows as a spreadsheet reads them; text that looks like a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in rows:
        facts = row(one, lang)
        writer.writerow([_cell(facts[name]) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return as_text(value)
    return "" if value is None else value


def _stamp(moment: datetime | None) -> str | None:
    return localtime(moment).isoformat(timespec="seconds") if moment else None
