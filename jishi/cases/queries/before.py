"""Where a report was before: what happened in the cases to which it belonged until a merge, a part, an undoing."""

from collections.abc import Sequence

from jishi.cases.models import Case, Handover, Membership, Progress, Reply, Report
from jishi.cases.queries.story import Happened, Teller
from jishi.foundation import trail

MOST = 5  # former cases that are told; a report that moved more often is told by its newest


def told(report: Report, now_in: Case, members: Sequence[Membership], *, lang: str) -> list[Happened]:
    """Tell what happened in former cases while the report was in each; five statements a case, at most five cases."""
    found: list[Happened] = []
    former = [m for m in members if m.to_at is not None and m.case_id != now_in.id][:MOST]
    for member in former:
        case = member.case
        handovers = Handover.objects.filter(case=case).select_related("duty_item__list", "cited_item__list")
        replies = {r.id: r for r in Reply.objects.filter(case=case).exclude(approved_at=None)}
        progress = list(Progress.objects.filter(case=case).order_by("id"))
        teller = Teller(report, case, list(handovers.order_by("id")), replies, progress, lang)
        during = [e for e in trail.of("case", case.id) if e.at >= member.from_at and e.at <= (member.to_at or e.at)]
        found += teller.between(during, trail.words_of("case", case.id))
    return found
