"""Which matter is it? Zero-shot from the lists' own texts, from day one (spec 12 §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from django.utils.timezone import localdate

from jishi.cases.triage import knowledge, learned, renamed, thresholds
from jishi.cases.triage.thresholds import PREFILL
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import scope
from jishi.kernels.text.certainty import Doubles, branch_probabilities
from jishi.kernels.text.classify import Blended, Learned, ZeroShot
from jishi.kernels.text.reasons import Reason

if TYPE_CHECKING:
    from jishi.cases.triage.looking import Words

__all__ = ["PREFILL", "TOLD", "Answering", "Classes", "answers", "classify", "in_force", "with_learned", "zero_shot"]
TOLD = "由人选定"  # the reason of a matter that nobody guessed


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers, the name of its edition, and its thresholds by level (none: those of the first day)."""

    model: Blended
    edition: str
    thresholds: Sequence[Mapping[str, Any]] = ()

    def least(self, level: int) -> float:
        """From which probability on an answer of this level is filled in."""
        return thresholds.least_of(self.thresholds, level)


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
    at_work = in_force(law)
    open_rows = [i for i, w in enumerate(batch) if not w.matter]
    found: list[Classes] = [_told(law, w.matter, at_work.edition) for w in batch]
    if open_rows:
        for i, said in zip(open_rows, answers(law, at_work, [shown[i] for i in open_rows]), strict=True):
            found[i] = said
    return found


def answers(law: Law, at_work: Answering, texts: Sequence[str]) -> list[Classes]:
    """Let one model answer for minimised texts; nothing but the words is looked at."""
    model = at_work.model
    scores = model.score(texts)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    words = model.reasons(texts, best)
    silent = thresholds.silences(texts, scores, least=at_work.least(0))
    unsure = [k for k, why in enumerate(silent) if why]  # the others are filled in: nobody asks which branch
    branches = dict(zip(unsure, _branches(law, at_work, scores[unsure]), strict=True)) if unsure else {}
    found = []
    for k, why in enumerate(silent):
        guesses = [_guess(law, model, int(at), scores[k, at], w) for at, w in zip(best[k], words[k], strict=True)]
        if branches.get(k):
            guesses[0]["branch"] = branches[k]
        found.append(_answer(guesses, why, at_work.edition))
    return found


def in_force(law: Law) -> Answering:
    """Give what answers today: zero-shot from book and lists, and what the town has taught."""
    return with_learned(law, learned.adopted(law))


def with_learned(law: Law, taught: learned.Adopted) -> Answering:
    """Join zero-shot of this law with a learned edition, under the codes of the book in force."""
    kept = knowledge.in_force(today()).edition
    name = f"zero-shot:book@{law.book_edition}" + (f"+{kept}" if kept else "")
    model = renamed.in_todays_codes(taught.model, taught.key, law) if taught.model else None
    edition = ";".join(n for n in (name, taught.edition) if n)
    return Answering(_blended(law, zero_shot(law), model), edition, taught.thresholds if model else ())


def _blended(law: Law, zero: ZeroShot, model: Learned | None) -> Blended:
    """Join both once for each two of them; kept with the law."""
    held = law.memo.get("blended")
    if held is None or held.zero is not zero or held.learned is not model:
        held = law.memo["blended"] = Blended.of(zero, model)
    return cast(Blended, held)


def zero_shot(law: Law) -> ZeroShot:
    """Give the zero-shot model of this edition of book and lists and of what is kept as answers, fitted once for each
    state of them and kept with the law."""
    held = knowledge.in_force(today())
    mark = (held.mark, today() if held.rows else None)
    fitted, model = law.memo.get("zero_shot", (None, None))
    if fitted != mark or model is None:
        model = ZeroShot.fit(documents_of(law))
        law.memo["zero_shot"] = mark, model  # one value: others read it meanwhile
    return cast(ZeroShot, model)


def today() -> date:
    """The day on which this is asked, as the transaction has it."""
    return localdate(scope.current().recorded_at)


def documents_of(law: Law) -> dict[str, list[str]]:
    """Gather each matter's own documents: names, aliases, questions, duty items that name it, answers that are kept."""
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
    for code, told in knowledge.documents(today()).items():
        for leaf in (c for c in texts if c == code or c.startswith(code + ".")):
            texts[leaf] += told
    return texts


def _branches(law: Law, at_work: Answering, scores: Doubles) -> list[dict[str, Any]]:
    """Name for each text the lowest branch whose leaves together pass the threshold; empty where none does."""
    found: list[dict[str, Any]] = [{} for _ in scores]
    leaves, above = _tree(law, at_work.model.labels)
    for up, branches in enumerate(above, 2):
        names, sums = branch_probabilities(scores, branches)
        likeliest = sums.argmax(axis=1)
        for row in np.flatnonzero(sums.max(axis=1) >= at_work.least(up - 1)).tolist():
            code, p = names[likeliest[row]], float(sums[row, likeliest[row]])
            if not found[row] and code not in leaves:
                found[row] = {"value": code, "label": law.matters[code].name, "p": round(p, 3)}
    return found


def _tree(law: Law, labels: tuple[str, ...]) -> tuple[frozenset[str], list[tuple[str, ...]]]:
    """The labels as a set, and the branch above each of them, level by level; kept with the law."""
    kept: dict[tuple[str, ...], tuple[frozenset[str], list[tuple[str, ...]]]] = law.memo.get("trees", {})
    held = kept.get(labels)
    if held is None:
        paths = paths_of(law, labels)
        levels = range(1, max((len(p) for p in paths), default=0))
        held = frozenset(labels), [tuple(branches_of(paths, level)) for level in levels]
        law.memo["trees"] = {**(kept if len(kept) < 4 else {}), labels: held}  # one value: others read it meanwhile
    return held


def paths_of(law: Law, labels: Sequence[str]) -> list[list[str]]:
    """Give the codes from the widest branch down to each label."""
    of_label: dict[str, list[str]] = law.memo.setdefault("branches", {})
    for label in set(labels) - of_label.keys():
        of_label[label] = [m.code for m in law.path(label)] or [label]
    return [of_label[label] for label in labels]


def branches_of(paths: Sequence[Sequence[str]], level: int) -> list[str]:
    """Give what stands `level` above each matter; where there is nothing so high, the matter itself."""
    return [path[-1 - level] if len(path) > level else path[-1] for path in paths]


def _told(law: Law, code: str, edition: str) -> Classes:
    if code not in law.matters:
        return Classes((), "", "unknown_matter" if code else "", edition)
    label = law.matters[code].name
    return Classes(({"value": code, "label": label, "p": 1.0, "reason": TOLD},), code, "", edition)


def _guess(law: Law, model: Blended, at: int, p: float, words: Sequence[Reason]) -> dict[str, Any]:
    code = model.labels[at]
    reason = "、".join(f"“{w.words}”" for w in words)
    return {"value": code, "label": law.matters[code].name, "p": round(float(p), 3), "reason": reason}


def _answer(guesses: Sequence[dict[str, Any]], why: str, edition: str) -> Classes:
    hidden = why in ("too_short", "language")
    return Classes(() if hidden else tuple(guesses), "" if why else str(guesses[0]["value"]), why, edition)
