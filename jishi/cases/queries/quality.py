"""How good the guesses are, for everybody: the published file, and each model edition with what it learned from.

A figure that was not measured is shown as not measured, never left out (spec 12 §9).
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jishi.cases.models import ModelEdition, QualityFile
from jishi.duties import queries as duties

FIGURES = ("accuracy", "top_3", "macro_f1", "calibration_error")
MODELS = ("zero_shot", "learned")
SHOWN = 20  # editions


@dataclass(frozen=True, slots=True)
class Told:
    """One edition with its card; `counts`: matter → confirmed cases it learned from, by code and by name."""

    number: int
    made_at: datetime
    in_use: bool
    sha256: str
    card: dict[str, Any]
    named: tuple[tuple[str, str, int], ...]

    @property
    def figures(self) -> list[tuple[str, list[float | None]]]:
        """Each figure beside the answers of the first day, which learned from no case; None: not measured."""
        quality = self.card.get("quality", {})
        return [(name, [quality.get(model, {}).get(name) for model in MODELS]) for name in FIGURES]


def editions(*, tenant_id: int, lang: str) -> list[Told]:
    """Give the editions that answer or have answered, the newest first. What nobody adopted has judged nobody."""
    rows = ModelEdition.objects.filter(tenant_id=tenant_id, adopted_at__isnull=False).exclude(kind="pairs")
    rows = rows.defer("arrays")
    book = duties.matters()
    return [_told(row, book, lang) for row in rows.order_by("-number")[:SHOWN]]


@dataclass(frozen=True, slots=True)
class Published:
    """The newest file: its bytes, their hash, and what stands in it."""

    made_at: datetime
    content: str
    sha256: str
    told: dict[str, Any]


def published(*, tenant_id: int) -> Published | None:
    """Give the newest published figures; None while nothing was measured."""
    row = QualityFile.objects.filter(tenant_id=tenant_id).order_by("-id").first()
    return None if row is None else Published(row.made_at, row.content, row.sha256, json.loads(row.content))


def newest(*, tenant_id: int) -> dict[str, Any] | None:
    """Give the figures of the newest file with its hash, for programs."""
    found = published(tenant_id=tenant_id)
    return None if found is None else {**found.told, "sha256": found.sha256, "made_at": found.made_at.isoformat()}


COLUMNS = ("stage", "figure", "by", "model", "value", "low", "high", "hits", "of", "why")


def as_csv(told: dict[str, Any]) -> str:
    """Write every row of the figures as a table for a sheet; what was not measured has its reason and no value."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    sheet.writerows(["" if row[name] is None else row[name] for name in COLUMNS] for row in told["rows"])
    return "\ufeff" + out.getvalue()


def as_json(told: Told) -> dict[str, Any]:
    """Write one edition for programs."""
    card = told.card
    return {
        "number": told.number, "made_at": told.made_at.isoformat(), "in_use": told.in_use, "sha256": told.sha256,
        **{name: card.get(name) for name in
            ("period", "cases", "left_out", "counts", "seed", "book_edition", "features", "prefill", "thresholds",
                "quality")},
    }  # fmt: skip


def _told(row: ModelEdition, book: Any, lang: str) -> Told:
    counts = sorted(row.card.get("counts", {}).items(), key=lambda one: (-one[1], one[0]))
    named = tuple((code, book[code].called(lang) if code in book else code, n) for code, n in counts)
    return Told(row.number, row.made_at, row.retired_at is None, row.sha256, row.card, named)
