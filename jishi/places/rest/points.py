"""The forms in which many points come to `POST /locate` and go back: JSON, or a table as CSV.

A table comes with its question in the address (`?crs=&day=&nearest_m=`). A cell that is no number makes its own row
`bad_input`; the others are answered (spec 20 §11).
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from jishi.foundation.refusals import Invalid
from jishi.places.queries import Located

CSV = "text/csv"
TABLES = frozenset({CSV})
COLUMNS = ("lng", "lat", "grid", "micro", "community", "status", "border_m", "other", "by", "reason")


def degree(said: float | str | None) -> float:
    """Give a number, NaN of what is none."""
    try:
        return float(said if said is not None else "nan")
    except ValueError:
        return float("nan")


def floor(said: str | None) -> int | None:
    """Give a whole floor, None of what is none."""
    try:
        return int(said or "")
    except ValueError:
        return None


def read(request: HttpRequest) -> dict[str, Any]:
    """Give the body of a table in the form that JSON has. :raises Invalid: no such columns, or no text."""
    try:
        table = csv.DictReader(io.StringIO(request.body.decode("utf-8-sig"), newline=""), strict=True)
        if not {"lng", "lat"} <= set(table.fieldnames or ()):
            raise Invalid(detail="csv: lng,lat[,floor]")
        rows = [(degree(r["lng"]), degree(r["lat"]), r.get("floor")) for r in table]
    except (UnicodeDecodeError, csv.Error) as no:
        raise Invalid(detail=f"csv: {no}") from None
    named = "floor" in (table.fieldnames or ())
    return {"points": [r[:2] for r in rows], "floors": [floor(r[2]) for r in rows] if named else []}


def told(rows: Sequence[Located]) -> list[dict[str, Any]]:
    """Give the rows of an answer as names and values."""
    return [{name: getattr(r, name) for name in COLUMNS} for r in rows]


def as_csv(rows: Sequence[Located]) -> HttpResponse:
    """Give the answer as a table, rows numbered from 1 as they came; each names the system of its degrees."""
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\r\n")
    written.writerow(("row", *COLUMNS, "crs"))
    written.writerows((n, *(getattr(r, name) for name in COLUMNS), "cgcs2000") for n, r in enumerate(rows, 1))
    return HttpResponse(out.getvalue(), content_type=f"{CSV}; charset=utf-8")
