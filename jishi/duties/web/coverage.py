"""What an edition answers and what it leaves open: every matter in every area, and where two lines name two leads."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from jishi.duties import findings, printed
from jishi.duties.findings import Draft, Page
from jishi.duties.models import DutyList
from jishi.duties.vocabulary import names
from jishi.duties.web.desk import staff_of, witness_words
from jishi.foundation.refusals import NotFound
from jishi.kernels.dutylist.checks import Cell

ROWS: Final = 50
COLUMNS: Final = 40  # areas side by side; more are told as left out
MOST_CELLS: Final = 20_000
SHOWS: Final = ("all", "none", "conditional", "contested")
WIDE: Final = 8  # areas up to which a cell names its item


@dataclass(frozen=True)
class Row:
    """One matter: its cells, and how many areas it is open in."""

    code: str
    name: str
    cells: tuple[Cell, ...]
    conflicts: frozenset[str]  # divisions in which two lines are contested

    def is_shown(self, show: str) -> bool:
        """Does the filter keep it?"""
        if show == "contested":
            return bool(self.conflicts)
        return show == "all" or any(c.state == show for c in self.cells)


@require_GET
def coverage(request: HttpRequest, list_id: int) -> HttpResponse:
    """The matrix of one edition, filtered and by pages; conflicts with a witness below it."""
    by, lang = staff_of(request), _lang()
    row = DutyList.objects.filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    draft = Draft(row)
    every = findings.areas_of(draft)
    areas, leaves = every[:COLUMNS], draft.law.leaves
    pairs = findings.contested(draft)
    where = _where(pairs, [m.code for m in leaves], [a.division_code for a in areas])
    matters = [m.code for m in leaves[: MOST_CELLS // max(len(areas), 1)]]
    cells = findings.matrix(draft, [a.division_code for a in areas], matters).rows if areas and matters else ()
    rows = [
        Row(r[0].matter, draft.law.matters[r[0].matter].called(lang), r, where.get(r[0].matter, frozenset()))
        for r in cells
    ]
    show = request.GET.get("show", "all")
    show = show if show in SHOWS else "all"
    kept = [r for r in rows if r.is_shown(show)]
    after = request.GET.get("after", "")
    page = [r for r in kept if r.code > after][:ROWS]
    context = {
        "list": printed.edition_of(row), "areas": [_area(a, lang) for a in areas], "left_out": len(every) - len(areas),
        "rows": [_drawn(r, len(areas) <= WIDE) for r in page], "show": show,
        "tabs": [(s, sum(r.is_shown(s) for r in rows), s == show) for s in SHOWS], "total": len(rows),
        "cut": len(leaves) - len(matters),
        "after": page[-1].code if page and any(r.code > page[-1].code for r in kept) else None,
        "pairs": [_pair(p, draft, lang) for p in pairs], "holes": _count(rows, "none"),
        "sometimes": _count(rows, "conditional"), "covered": _count(rows, "covered"),
    }  # fmt: skip
    return render(request, "duties/coverage.html", context)


def _area(area: Any, lang: str) -> str:
    return str(area.called(lang) if lang == "en" else area.short_name)


def _count(rows: list[Row], state: str) -> int:
    return sum(c.state == state for r in rows for c in r.cells)


def _drawn(row: Row, names_items: bool) -> dict[str, Any]:  # noqa: FBT001
    cells = [
        {
            "state": "contested" if c.division in row.conflicts else c.state, "numbers": [i[2] for i in c.items][:2],
            "more": max(len(c.items) - 2, 0), "named": names_items,
        }
        for c in row.cells
    ]  # fmt: skip
    return {"code": row.code, "name": row.name, "cells": cells}


def _where(pairs: list[Page], leaves: list[str], divisions: list[str]) -> dict[str, frozenset[str]]:
    """Matter → the areas of its witness: those that hold its place or lie in it. A branch stands for its leaves."""
    found: dict[str, frozenset[str]] = {}
    for pair in pairs:
        facts = pair["witness"] or {}
        matter, place = facts.get("matter", {}).get("value"), facts.get("place", {}).get("value") or {}
        chain = [str(code) for code in (*place.get("divisions", ()), place.get("community")) if code]
        spot = chain[-1].rstrip("0") if chain else ""
        here = frozenset(d for d in divisions if d.startswith(spot) or spot.startswith(d.rstrip("0")))
        for leaf in leaves:
            if matter and (leaf == matter or leaf.startswith(f"{matter}.")):
                found[leaf] = found.get(leaf, frozenset()) | here
    return found


def _pair(pair: Page, draft: Draft, lang: str) -> dict[str, Any]:
    called = names(draft.law, lang)
    lines = {i.number: i for i in draft.items}
    return {
        "items": [
            {"number": n, "own": n in lines, "lead": called.get(f"body:{lines[n].lead_body}", "") if n in lines else ""}
            for n in pair["items"]
        ],
        "code": pair["code"], "text": findings.sentence(pair, lang), "witness": witness_words(pair, lang, called),
    }  # fmt: skip


def _lang() -> str:
    return "en" if (translation.get_language() or "").startswith("en") else "zh"
