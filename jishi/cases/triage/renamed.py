"""A new code book: what was learned of a matter that has become another moves with it (spec 12 §3).

A code with one successor moves; one that was split ("ask") or given up is set aside, and its children are known from
their own documents until somebody has confirmed cases of them.
"""

from collections.abc import Iterable
from dataclasses import replace

from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.kernels.text.classify import Learned

LONGEST = 10  # successions: a ring of codes ends here


def followed(codes: Iterable[str], law: Law) -> dict[str, str]:
    """Give, for each code of any book, the matter of today that it stands for; one that stands for none is left out."""
    leaves = {m.code for m in law.leaves}
    at = {code: code for code in set(codes)}
    for _ in range(LONGEST):
        open_ = {now for now in at.values() if now not in leaves}
        if not open_:
            break
        become = _became(open_, law)
        at = {code: become.get(now, now) if now in open_ else now for code, now in at.items()}
        at = {code: now for code, now in at.items() if now}
    return {code: now for code, now in at.items() if now in leaves}


def _became(codes: set[str], law: Law) -> dict[str, str]:
    """One step: code → its only successor; empty where there is none or where somebody has to be asked."""
    known = [law.matters[code] for code in codes if code in law.matters]
    told: dict[str, tuple[str, ...]] = {
        m.code: () if m.becomes.get("rule") == "ask" else tuple(m.becomes.get("codes", ())) for m in known
    }
    missing = codes - told.keys()
    past = {code: row[2] for code, row in duties.past_matters(missing).items()} if missing else {}
    return {code: next_[0] if len(next_ := (told | past).get(code, ())) == 1 else "" for code in codes}


def in_todays_codes(model: Learned, name: str, law: Law) -> Learned:
    """Give a learned model under the codes of today's book; `name` is that of its edition, worked out once a law."""
    kept: dict[str, Learned] = law.memo.setdefault("renamed", {})
    if name not in kept:
        kept[name] = _renamed(model, law)
    return kept[name]


def _renamed(model: Learned, law: Law) -> Learned:
    """Two that have become one: the one with more cases speaks for it."""
    labels = model.zero.labels
    if {m.code for m in law.leaves} >= set(labels):
        return model
    to = followed(labels, law)
    support = dict(zip(labels, model.support.tolist(), strict=True))
    speaks: dict[str, str] = {}
    for label in labels:
        now = to.get(label)
        if now is not None and (now not in speaks or support[label] > support[speaks[now]]):
            speaks[now] = label
    new = tuple(to[one] if speaks.get(to.get(one, "")) == one else f"={one}" for one in labels)  # "=": set aside
    return replace(model, zero=replace(model.zero, labels=new))
