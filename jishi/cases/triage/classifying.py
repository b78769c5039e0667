"""Which matter is it? Zero-shot from the lists' own texts, from day one (spec 12 §3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.timezone import localdate

from jishi.cases.triage import learned
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import scope
from jishi.kernels.text.certainty import Doubles, abstentions, branch_probabilities
from jishi.kernels.text.classify import Blended, ZeroShot
from jishi.kernels.text.reasons import Reason

if TYPE_CHECKING:
    from jishi.cases.triage.looking import Words

PREFILL = 0.5  # below it the first candidate is shown, not filled in


@dataclass(frozen=True, slots=True)
class Classes:
    """`candidates`: value (code), label, probability, reason; the first also `branch` when it is not filled in and
    a branch above it passes the threshold ("交通 / which?"). `chosen`: filled in; empty when it abstains."""

    candidates: tuple[dict[str, Any], ...]
    chosen: str
    abstained: str
    edition: str

    @staticmethod
    def skipped() -> "Classes":
        return Classes((), "", "skipped", "")


def classify(batch: Sequence["Words"], shown: Sequence[str]) -> list[Classes]:
    """Suggest up to three matters for each text; a matter that a person chose is not guessed."""
    law = duties.law(localdate(scope.current().recorded_at))
    if not law.leaves:
        return [Classes((), w.matter, "" if w.matter else "no_code_book", "") for w in batch]
    model, edition = model_of(law)
    open_rows = [i for i, w in enumerate(batch) if not w.matter]
    found: list[Classes] = [_told(law, w.matter, edition) for w in batch]
    if not open_rows:
        return found
    texts = [shown[i] for i in open_rows]
    scores = model.score(texts)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    words = model.reasons(texts, best)
    silent = abstentions(texts, scores, least=PREFILL)
    unsure = [k for k, why in enumerate(silent) if why]  # the others are filled in: nobody asks which branch
    branches = dict(zip(unsure, _branches(law, model.labels, scores[unsure]), strict=True)) if unsure else {}
    for k, i in enumerate(open_rows):
        guesses = [_guess(law, model, int(at), scores[k, at], w) for at, w in zip(best[k], words[k], strict=True)]
        if branches.get(k):
            guesses[0]["branch"] = branches[k]
        found[i] = _answer(guesses, silent[k] or "", edition)
    return found


def model_of(law: Law) -> tuple[Blended, str]:
    """Give what answers today and its edition: zero-shot from book and lists, and what the town has taught."""
    taught = learned.adopted(law)
    name = f"zero-shot:book@{law.book_edition}"
    return Blended.of(zero_shot(law), taught.model), ";".join(n for n in (name, taught.edition) if n)


def zero_shot(law: Law) -> ZeroShot:
    """Give the zero-shot model of this edition of book and lists, fitted once and kept with it."""
    if "zero_shot" not in law.memo:
        law.memo["zero_shot"] = ZeroShot.fit(documents_of(law))
    model: ZeroShot = law.memo["zero_shot"]
    return model


def documents_of(law: Law) -> dict[str, list[str]]:
    """Gather each matter's own documents: names, aliases, questions, the duty items that name it."""
    texts: dict[str, list[str]] = {}
    for matter in law.leaves:
        path = [m.name for m in law.path(matter.code)]
        texts[matter.code] = [
            matter.name,
            *matter.aliases,
            " ".join(path),
            *(str(q.get("text", "")) for q in matter.questions),
        ]
    for item in law.editions.items:
        for code in item.matters:
            for leaf in (c for c in texts if c == code or c.startswith(code + ".")):
                texts[leaf] += [t for t in (item.name, item.own_part) if t]
    return texts


def _branches(law: Law, labels: Sequence[str], scores: Doubles) -> list[dict[str, Any]]:
    """Name for each text the lowest branch whose leaves together pass the threshold; empty where none does."""
    found: list[dict[str, Any]] = [{} for _ in scores]
    leaves = frozenset(labels)
    if "branches" not in law.memo:
        law.memo["branches"] = {}
    of_label: dict[str, list[str]] = law.memo["branches"]
    for label in leaves - of_label.keys():
        of_label[label] = [m.code for m in law.path(label)]
    paths = [of_label[label] for label in labels]
    for up in range(2, max((len(p) for p in paths), default=0) + 1):
        above = [p[-up] if len(p) >= up else label for p, label in zip(paths, labels, strict=True)]
        names, sums = branch_probabilities(scores, above)
        likeliest = sums.argmax(axis=1)
        for row in np.flatnonzero(sums.max(axis=1) >= PREFILL).tolist():
            code, p = names[likeliest[row]], float(sums[row, likeliest[row]])
            if not found[row] and code not in leaves:
                found[row] = {"value": code, "label": law.matters[code].name, "p": round(p, 3)}
    return found


def _told(law: Law, code: str, edition: str) -> Classes:
    if code not in law.matters:
        return Classes((), "", "unknown_matter" if code else "", edition)
    label = law.matters[code].name
    return Classes(({"value": code, "label": label, "p": 1.0, "reason": "由人选定"},), code, "", edition)


def _guess(law: Law, model: Blended, at: int, p: float, words: Sequence[Reason]) -> dict[str, Any]:
    code = model.labels[at]
    reason = "、".join(f"“{w.words}”" for w in words)
    return {"value": code, "label": law.matters[code].name, "p": round(float(p), 3), "reason": reason}


def _answer(guesses: Sequence[dict[str, Any]], why: str, edition: str) -> Classes:
    hidden = why in ("too_short", "language")
    return Classes(() if hidden else tuple(guesses), "" if why else str(guesses[0]["value"]), why, edition)
