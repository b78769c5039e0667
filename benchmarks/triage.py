"""How good and how sure is the first guess of the matter, on generated and on real messages? (spec 12 §9)

The two free numbers of `jishi.kernels.text.certainty` are fitted on generated messages alone; the figure "fitted again"
says what they would be now. Real messages are only measured with: without their folder (`JISHI_SHARED`) nothing of
them is run.
"""

import csv
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.run import BASE, Figure

FOLDER = Path(os.environ.get("JISHI_SHARED", BASE.parent / "shared")) / "data/cases"
TODAY = date(2026, 3, 9)
GENERATED, SEED, PREFILL = 1200, 77, 0.5
GOAL_ECE = 0.05


def triage() -> list[Figure]:
    """Measure zero-shot on generated messages of the demonstration town, and on real ones where they are at hand."""
    model = _book()
    return [*_generated(model), *_filled(model), *_classes("labelled_raw.csv")]


def _book() -> Any:
    """The model of the demonstration town's own book and lists, as its desk uses it."""
    from benchmarks.measures import town

    tenant = town()
    from jishi.cases.triage import classifying
    from jishi.duties import queries as duties
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    with scope.work(system(tenant)):
        return classifying.zero_shot(duties.law(TODAY))


def _generated(model: Any) -> list[Figure]:
    import numpy as np

    from jishi.kernels.text.certainty import DOUBT, TEMPERATURE, fit_sureness
    from jishi.portal.demo import past_cases

    cases = [c for c in past_cases(GENERATED, seed=SEED, today=TODAY) if c.matter in model.labels]
    truth = np.array([model.labels.index(c.matter) for c in cases])
    rows = model.rows([c.text for c in cases])
    temperature, doubt = fit_sureness(model.similarity(rows), truth)
    said = f"{temperature:.3f}, {doubt:.2f}  (in force {TEMPERATURE}, {DOUBT})"
    return [
        Figure("zero-shot: temperature and doubt, fitted again on generated messages", said, "", None),
        *_figures(f"generated messages (n {len(cases)}), {len(model.labels)} leaves", model.probabilities(rows), truth),
    ]


def _filled(model: Any) -> list[Figure]:
    """What a desk would see of real messages that nobody has given a matter of this book."""
    from jishi.kernels.text.certainty import abstentions

    rows = _read("hot_messages.csv")
    if rows is None:
        return [Figure("zero-shot: real messages, matter filled in", "not run", "JISHI_SHARED", None)]
    texts = [f"{r['留言主题']} {r['留言详情']}" for r in rows]
    began = time.process_time()
    scores = [model.score(texts[s : s + 500]) for s in range(0, len(texts), 500)]
    spent = (time.process_time() - began) * 1000 / len(texts)
    why = Counter(w or "filled" for s, part in enumerate(scores) for w in abstentions(texts[s * 500 :][:500], part))
    told = ", ".join(f"{name} {count}" for name, count in why.most_common())
    return [
        Figure(f"zero-shot: real messages (n {len(texts)}), this town's book", told, "", None),
        Figure("zero-shot: features and scores of real messages, CPU", f"{spent:.2f} s / 1,000", "", None),
    ]


def _classes(name: str) -> list[Figure]:
    """Leaves of a public code book, their sums judged by the class that people gave."""
    import numpy as np

    from jishi.kernels.text.certainty import branch_probabilities
    from jishi.kernels.text.classify import ZeroShot

    rows, book = _read(name), _read("taxonomy_517.csv")
    if rows is None or book is None:
        return [Figure(f"zero-shot: {name}", "not run", "JISHI_SHARED", None)]
    classes = sorted({r["y"] for r in rows})
    documents: dict[str, list[str]] = {}
    for r in book:
        for label in (c for c in classes if r["一级分类"][:2] == c[:2]):
            path = (label, r["二级分类"], r["三级分类"])
            documents["/".join(path)] = [*path[:0:-1], " ".join(path)]
    model, truth = ZeroShot.fit(documents), np.array([classes.index(r["y"]) for r in rows])
    scores = model.score([r["x"] for r in rows])
    names, sums = branch_probabilities(scores, [label.split("/")[0] for label in model.labels])
    each = [
        Figure(f"   F1 {label} (n {int((truth == k).sum())})", f"{_f1(sums.argmax(axis=1), truth, k):.3f}", "", None)
        for k, label in enumerate(names)
    ]
    return [*_figures(f"{name} (n {len(rows)}), {len(documents)} leaves, {len(names)} classes", sums, truth), *each]


def _figures(of: str, scores: Any, truth: Any) -> list[Figure]:
    import numpy as np

    from jishi.kernels.text.certainty import calibration_error

    first, filled = scores.argmax(axis=1), scores.max(axis=1) >= PREFILL
    right, error = first == truth, calibration_error(scores, truth)
    macro = float(np.mean([_f1(first, truth, k) for k in np.unique(truth)]))
    top = (np.argsort(-scores, axis=1, kind="stable")[:, :3] == truth[:, None]).any(axis=1)
    told = f"{filled.mean():.3f}, right {right[filled].mean() if filled.any() else 0:.3f}"
    return [
        Figure(f"zero-shot: {of}", f"accuracy {right.mean():.3f}, top-3 {top.mean():.3f}", "", None),
        Figure("   macro-F1", f"{macro:.3f}", "", None),
        Figure(f"   share at p ≥ {PREFILL}, and how many of them are right", told, "", None),
        Figure("   calibration error", f"{error:.3f}", f"≤ {GOAL_ECE}", error <= GOAL_ECE),
    ]


def _f1(said: Any, truth: Any, k: int) -> float:
    both = float(((said == k) & (truth == k)).sum())
    return 2 * both / max(1.0, float((said == k).sum() + (truth == k).sum()))


def _read(name: str) -> Sequence[dict[str, str]] | None:
    if not (FOLDER / name).exists():
        return None
    with (FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


ALL: dict[str, Callable[[], list[Figure]]] = {"triage": triage}
