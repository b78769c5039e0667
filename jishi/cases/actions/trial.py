"""试用区: the test jurisdiction of Open311 is a town of its own; each night it is emptied and takes over the book.

Nothing in it reaches a person: nobody works there, no contact is kept there (open311/posting.py), and no news of it
goes anywhere, because it has no host and no people. What its trail holds are ids and codes; that stays, as everywhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases.models import Addendum, Case, Choice, Clock, Membership, Report, Suggestion, Token
from jishi.duties import queries as duties
from jishi.duties.actions import codebook
from jishi.duties.actions.codebook import NewMatter
from jishi.foundation import sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.foundation.tenants import Tenant


@transaction.atomic
def reset(*, book: Mapping[str, Any], by: Actor, now: datetime) -> int:
    """Empty the test jurisdiction and take over `book`, the matters of the town beside it; gives how many went.

    :raises NotAllowed: this is a real town, or `by` is not the platform itself.
    """
    if not Tenant.objects.get(id=by.tenant_id).is_trial or by.kind not in ("clock", "system"):
        raise NotAllowed(why="只有试用区每夜清空。")
    reports = list(Report.objects.filter(tenant_id=by.tenant_id).values_list("id", flat=True))
    sealed.end([("cases_report", i) for i in reports], tenant_id=by.tenant_id)
    for model in (Token, Choice, Suggestion, Addendum, Clock, Membership, Case, Report):
        model.objects.filter(tenant_id=by.tenant_id).delete()
    trail.record("trial.reset", ("tenant", by.tenant_id), by=by, at=now, codes={"reports": len(reports)})
    adopt(book, by=Actor(tenant_id=by.tenant_id, kind="system", roles=frozenset({"system"})), now=now)
    return len(reports)


def adopt(book: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    """Take over the matters of `book` where they differ from those in force here."""
    own = duties.matters()
    if {c: _facts(m) for c, m in own.items()} == {c: _facts(m) for c, m in book.items()}:
        return
    number = duties.book_edition() + 1
    rows = [NewMatter(code=code, **_facts(m)) for code, m in sorted(book.items())]
    codebook.adopt_book(rows, number=number, effective_from=localdate(now), source="open311 test", by=by, now=now)


def _facts(row: Any) -> dict[str, Any]:
    names = (
        "name", "name_en", "aliases", "public", "default_visibility", "at_home", "spot", "life_days", "questions",
        "becomes",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}
