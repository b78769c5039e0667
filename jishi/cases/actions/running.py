"""What still runs beside a case: a part, a whistle that calls, people who talk. None is cancelled from above."""

from collections.abc import Iterable
from dataclasses import dataclass

from jishi.cases.models import Case, Mediation, Part, Whistle
from jishi.cases.refusals import StillRunning
from jishi.cases.states import MEDIATION, MEDIATION_TALKING, PART, PART_OPEN, WHISTLE, WHISTLE_WORKING


@dataclass(frozen=True, slots=True)
class Running:
    """One piece of work that others still have. `kind`: part, whistle, mediation."""

    kind: str
    id: int
    case_id: int
    body_id: int  # who does it; for a whistle the street that blew it, for a mediation the mediator's
    body: str
    body_en: str
    what: str
    status: str
    status_zh: str
    status_en: str

    def told(self, lang: str = "zh") -> str:
        """Say it in one line: which body, what, how far."""
        if lang == "en":
            return f"{self.body_en or self.body}: {self.what} ({self.status_en})"
        return f"{self.body}：{self.what}（{self.status_zh}）"


def of(case_ids: Iterable[int]) -> list[Running]:
    """Give what still runs on these cases: open parts, then whistles still calling or working, then people who talk."""
    wanted = list(case_ids)
    parts = Part.objects.filter(case__in=wanted, status__in=sorted(PART_OPEN)).select_related("asked_body")
    whistles = Whistle.objects.filter(case__in=wanted, status__in=sorted(WHISTLE_WORKING)).select_related("blown_by")
    found = []
    for part in parts.order_by("id"):
        body, name = part.asked_body, PART.state(part.status).name
        found.append(Running(
            "part", part.id, part.case_id, body.id, body.name, body.name_en, part.what, part.status, name.zh, name.en
        ))  # fmt: skip
    for one in whistles.order_by("id"):
        body, name = one.blown_by, WHISTLE.state(one.status).name
        found.append(Running(
            "whistle", one.id, one.case_id, body.id, body.name, body.name_en, one.what, one.status, name.zh, name.en
        ))  # fmt: skip
    talks = Mediation.objects.filter(case__in=wanted, status__in=sorted(MEDIATION_TALKING))
    for talk in talks.select_related("mediator__body").order_by("id"):
        body, name = talk.mediator.body, MEDIATION.state(talk.status).name
        found.append(Running(
            "mediation", talk.id, talk.case_id, body.id, body.name, body.name_en, talk.what, talk.status, name.zh,
            name.en,
        ))  # fmt: skip
    return found


def ensure_nothing_runs(case: Case) -> None:
    """Insist that no other body still works on this case.

    :raises StillRunning: names every open part and whistle, with its body and how far it is.
    """
    found = of([case.id])
    if found:
        raise StillRunning(
            list_zh="；".join(r.told("zh") for r in found), list_en="; ".join(r.told("en") for r in found),
            open=[{"kind": r.kind, "id": r.id, "body": r.body_id, "status": r.status, "what": r.what} for r in found],
        )  # fmt: skip
