"""What the desk put together and what it refused teaches the comparison of reports (spec 12 §4).

A report that was taken into a standing case, and is still there, is a pair that is one matter; a refused proposal is
one that is not. From them the weights of the facts are fitted again, each with its sign, and kept as an edition that a
person adopts and can give back. No caller is a fact.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from jishi.cases.models import Membership, ModelEdition, RefusedPair
from jishi.cases.refusals import ModelCannotBeRead, TooFewConfirmed
from jishi.cases.triage import duplicates, learned, pairs
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels.text import alike, figures
from jishi.kernels.text.alike import Candidate, PairModel
from jishi.kernels.text.classify import UnknownModel

LEAST = 200  # pairs that people decided, before anything is learned
LEAST_EACH = 40  # of them accepted, and refused
MOST = 5_000  # the newest of each are enough
HELD_OUT = 5  # the newest part of so many is measured on, not learned from


@dataclass(frozen=True, slots=True)
class Decided:
    """Two reports and whether people say that they are one matter."""

    at: datetime
    first: Candidate
    second: Candidate
    same: bool


@transaction.atomic
def learn(*, by: Actor, now: datetime) -> ModelEdition:
    """Fit the comparison to what the desk accepted and refused, and store it as an edition; nobody uses it yet.

    The same decisions give the same bytes.
    :raises NotAllowed: not a keeper of models. :raises TooFewConfirmed: under 200 decided pairs, or under 40 of a kind.
    """
    if by.kind != "staff" or not by.has("system_admin", "office"):
        raise NotAllowed
    known = decided(by.tenant_id)
    same = sum(d.same for d in known)
    if len(known) < LEAST or min(same, len(known) - same) < LEAST_EACH:
        raise TooFewConfirmed(count=min(len(known), 5 * min(same, len(known) - same)), least=LEAST)
    cut = len(known) - len(known) // HELD_OUT
    model = _fitted(known[:cut])
    content = learned.packed(*model.to_arrays())
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=pairs.KIND)
    row = ModelEdition.objects.create(
        tenant_id=by.tenant_id, kind=pairs.KIND, number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1, made_at=now,
        made_from=f"{same} accepted, {len(known) - same} refused", arrays=content,
        sha256=hashlib.sha256(content).hexdigest(),
        card={
            "pairs": len(known), "accepted": same, "facts": list(alike.FACTS), "quality": _quality(model, known[cut:]),
        },
    )  # fmt: skip
    _record("model.learned", row, by=by, now=now, codes={"kind": pairs.KIND, "pairs": len(known)})
    return row


@transaction.atomic
def adopt(number: int, *, by: Actor, now: datetime) -> ModelEdition:
    """Let this edition compare from now on.

    :raises NotAllowed: not the leading group office. :raises NotFound: no such edition.
    :raises WrongMoment: it compares already, or was worse than the one before on the newest pairs.
    :raises ModelCannotBeRead: its arrays do not fit their hash or format.
    """
    _ensure_adopter(by)
    rows = ModelEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, kind=pairs.KIND)
    row = rows.filter(number=number).first()
    if row is None:
        raise NotFound
    try:
        pairs.read(bytes(row.arrays), row.sha256)
    except UnknownModel:
        raise ModelCannotBeRead(number=number) from None
    if row.adopted_at is not None and row.retired_at is None:
        raise _wrong_moment("in_force", "正在用", "in use already")
    told = row.card["quality"]
    if told["f1"] < told["f1_before"]:
        raise _wrong_moment("worse", "比现在用的差", "worse than the one in use")
    for former in rows.filter(adopted_at__isnull=False, retired_at=None).exclude(id=row.id):
        former.change(retired_at=now)
    row.change(adopted_at=now, adopted_by=by.label, retired_at=None)
    _record("model.adopted", row, by=by, now=now, codes={"kind": pairs.KIND})
    pairs.forget()
    return row


@transaction.atomic
def give_back(*, by: Actor, now: datetime) -> ModelEdition:
    """Compare by the default again; the edition stays and can be adopted again.

    :raises NotAllowed: not the leading group office. :raises NotFound: no edition of the town's own compares now.
    """
    _ensure_adopter(by)
    rows = ModelEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, kind=pairs.KIND)
    row = rows.filter(adopted_at__isnull=False, retired_at=None).order_by("-number").first()
    if row is None:
        raise NotFound
    row.change(retired_at=now)
    _record("model.returned", row, by=by, now=now, codes={"kind": pairs.KIND, "to": 0})
    pairs.forget()
    return row


def decided(tenant_id: int) -> list[Decided]:
    """Give the pairs that people decided, the oldest first; a merge that was undone is not among them."""
    joined = Membership.objects.filter(tenant_id=tenant_id, to_at=None, case__reports_count__gt=1)
    refused = RefusedPair.objects.filter(tenant_id=tenant_id).order_by("-id").values_list("report", "case", "at")[:MOST]
    cases = list(joined.order_by("-id").values_list("case", flat=True)[: 2 * MOST])
    first: dict[int, Membership] = {}
    said: list[tuple[datetime, Membership, bool]] = []
    wanted = {*cases, *(case for _, case, _ in refused)}
    for member in Membership.objects.filter(tenant_id=tenant_id, to_at=None, case__in=wanted).select_related(
        "report", "case"
    ).order_by("id"):  # fmt: skip
        if first.setdefault(member.case_id, member) is not member:
            said.append((member.from_at, member, True))
    asked = Membership.objects.filter(tenant_id=tenant_id, to_at=None, report__in=[report for report, _, _ in refused])
    own = {m.report_id: m for m in asked.select_related("report", "case").order_by("id")}
    known = [Decided(at, _candidate(m), _candidate(first[m.case_id]), same) for at, m, same in said[-MOST:]]
    known += [
        Decided(at, _candidate(own[report]), _candidate(first[case]), False)
        for report, case, at in refused
        if report in own and case in first and own[report].case_id != case
    ]
    return sorted(known, key=lambda d: d.at)


def _candidate(member: Membership) -> Candidate:
    report = member.report
    lng, lat, radius = duplicates.point(report.lng_e7, report.lat_e7, report.accuracy_m)
    return Candidate(
        report.text_shown[: duplicates.READ], lng, lat, radius, at_hours=report.said_at.timestamp() / 3600,
        compounds=duplicates.compounds_of(report.place_name), buildings=frozenset({report.place_name}),
    )  # fmt: skip


def _fitted(known: Sequence[Decided]) -> PairModel:
    return PairModel.fit([(d.first, d.second) for d in known], [d.same for d in known])


def _quality(model: PairModel, known: Sequence[Decided]) -> dict[str, Any]:
    """How the new edition and the one in use do on the newest pairs, which the new one has not seen."""
    measured = alike.pair_features([(d.first, d.second) for d in known])
    same = [d.same for d in known]
    now, before = (figures.pairs(same, alike.probabilities(measured, m)) for m in (model, pairs.in_force()[0]))
    sure = alike.probabilities(measured, model)
    return {
        "pairs": len(known), "precision": now["precision"], "recall": now["recall"], "f1": now["f1"],
        "f1_before": before["f1"], "brier": float(np.mean((sure - np.asarray(same, np.float64)) ** 2)),
    }  # fmt: skip


def _ensure_adopter(by: Actor) -> None:
    if by.kind != "staff" or not by.has("office"):
        raise NotAllowed


def _wrong_moment(state: str, zh: str, en: str) -> WrongMoment:
    return WrongMoment(state=state, state_zh=zh, state_en=en, open=[], open_zh="—", open_en="—")


def _record(verb: str, row: ModelEdition, *, by: Actor, now: datetime, codes: dict[str, Any]) -> None:
    facts = {"number": row.number, "sha256": row.sha256, **codes}
    trail.record(verb, ("model_edition", row.id), by=by, at=now, codes=facts)
