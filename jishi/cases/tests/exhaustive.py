"""What is worth comparing with a report, beside what comparing it with every case that stands would propose."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np
from django.utils.timezone import localdate

from jishi.cases import triage
from jishi.cases.triage import duplicates
from jishi.cases.triage.classifying import Classes
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.kernels.text import alike
from jishi.kernels.text.alike import Prepared

Asked: TypeAlias = duplicates._Asked
Standing: TypeAlias = duplicates._Standing
EVERY = 1_000_000  # cases of one grid: no bound


def compared(
    batch: Sequence[triage.Words], *, now: datetime, whole: bool = True
) -> tuple[list[set[int]], list[set[int]]]:
    """Give for each of the texts the cases that it is compared with when it is asked alone, and those that would be
    proposed if it were compared with all (with `whole`)."""
    law = duties.law(localdate(now))
    asked = asked_of(batch, law, now)
    worth = []
    for one in asked:
        near = duplicates._standing([one], law, now)
        worth.append({int(near.ids[k]) for _, k in duplicates._cases_worth([one], near)})
    if not whole:
        return worth, []
    limits = ("NEWEST", "ALIKE", "AROUND", "LONE", "NOWHERE", "ANYWHERE")
    read = {name: getattr(duplicates, name) for name in limits}
    vars(duplicates).update(dict.fromkeys(limits, EVERY))
    try:
        standing = duplicates._standing(asked, law, now)
    finally:
        vars(duplicates).update(read)
    told = duplicates._told(np.arange(standing.size), standing)
    return worth, [_proposed(one, standing, told) for one in asked]


def compared_together(batch: Sequence[triage.Words], *, now: datetime) -> list[set[int]]:
    """Give for each of the texts the cases that it is compared with when all are asked at once."""
    law = duties.law(localdate(now))
    asked = asked_of(batch, law, now)
    standing = duplicates._standing(asked, law, now)
    worth: list[set[int]] = [set() for _ in asked]
    for at, k in duplicates._cases_worth(asked, standing).tolist():
        worth[at].add(int(standing.ids[k]))
    return worth


def asked_of(batch: Sequence[triage.Words], law: Law, now: datetime) -> list[Asked]:
    """Look at each text as the desk does, up to the comparison."""
    looked = triage.run(batch, now=now, compare=False)
    spots = [s.place for s in looked]
    classes = [Classes(s.stage("classify").candidates, s.matter, "", "") for s in looked]
    around = duplicates._around(spots, now)
    rows = zip(batch, [s.shown for s in looked], spots, classes, around, strict=True)
    return [duplicates._asked(*row, law) for row in rows]


def _proposed(one: Asked, standing: Standing, told: dict[int, duplicates._Told]) -> set[int]:
    """The cases of every place within the time of the matter that would be proposed."""
    ks = np.array(sorted(told))
    ks = ks[np.abs(standing.hours[ks] - one.at_hours) <= np.minimum(standing.life_hours[ks], one.life_hours)]
    if not len(ks):
        return set()
    prepared = Prepared.of([one.compared, *(told[int(k)].compared for k in ks)])
    chance = alike.probabilities(prepared.facts(np.zeros(len(ks), np.int64), np.arange(1, len(ks) + 1)))
    return {int(standing.ids[k]) for k, p in zip(ks, chance, strict=True) if p >= duplicates.LEAST}
