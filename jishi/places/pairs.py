"""How many live in one community and belong to another: sealed pages of counts, none of which is of one place.

A count of one person in the open would tell a copy of the table where she lives. So every change is written on a page
that is drawn by lot, both communities and the number sealed, short pages as long as full ones; a count is the sum
over all pages. No row, no column, no time of writing says whose it is or of where.
"""

import json
import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from jishi.accounts.actions import reading
from jishi.foundation import scope, sealed
from jishi.foundation.actor import Actor
from jishi.places.models import SETTLED, ResidencePair
from jishi.places.models.residence import PAIRS

Step = tuple[str, str, str, date, date]  # lives_in, belongs_to, kind, ends_on, from_day: from then on one more or fewer

TABLE, FIELD = ResidencePair._meta.db_table, "counts"
PAGES = 8  # at least, from the first count on
LEAST, MOST = 4_000, 100_000  # characters of a page
WHY = "只为算“住在这里、属于那里”的人数"


def book(changed: Mapping[Step, int], *, by: Actor, now: datetime, today: date) -> None:
    """This will add to the counts, one writer of a tenant at a time, on a page drawn by lot.

    What was booked for a day that has come joins its count there, and what has ended goes.
    """
    if not changed:
        return
    scope.one_at_a_time("residence.pairs", 0)
    scope.current().memo.pop("residence.pairs", None)
    ids = list(ResidencePair.objects.filter(tenant_id=by.tenant_id).order_by("id").values_list("id", flat=True))
    if len(ids) < PAGES:
        made = [ResidencePair(tenant_id=by.tenant_id) for _ in range(PAGES - len(ids))]
        fresh = [row.id for row in ResidencePair.objects.bulk_create(made)]
        _write({row: Counter() for row in fresh}, by, now)
        ids += fresh
    page = secrets.choice(ids)
    counts = _settled(_opened([page], by, now), today)
    counts.update(changed)
    if len(_text(counts)) > MOST:
        page, counts = ResidencePair.objects.create(tenant_id=by.tenant_id).id, Counter(changed)
    _write({page: counts}, by, now)


def counted(*, by: Actor, now: datetime, day: date) -> Counter[tuple[str, str, str]]:
    """Give (lives in, belongs to, kind) → people on a day, of all communities; one reading, on the record.

    :raises NotAllowed: the purpose is not for this role.
    """
    ids = list(ResidencePair.objects.filter(tenant_id=by.tenant_id).order_by("id").values_list("id", flat=True))
    found: Counter[tuple[str, str, str]] = Counter()
    for (lives_in, belongs_to, kind, ends_on, from_day), people in _opened(ids, by, now).items():
        if from_day <= day <= ends_on:
            found[(lives_in, belongs_to, kind)] += people
    return Counter({pair: people for pair, people in found.items() if people})


def _opened(ids: list[int], by: Actor, now: datetime) -> Counter[Step]:
    said = reading.read([(TABLE, i) for i in ids], [FIELD], purpose=PAIRS.code, reason=WHY, by=by, now=now)
    counts: Counter[Step] = Counter()
    for page in said.values():
        for lives_in, belongs_to, kind, ends_on, from_day, people in json.loads(page.get(FIELD) or "[]"):
            step = (lives_in, belongs_to, kind, date.fromisoformat(ends_on), date.fromisoformat(from_day))
            counts[step] += people
    return counts


def _settled(counts: Counter[Step], today: date) -> Counter[Step]:
    found: Counter[Step] = Counter()
    for (lives_in, belongs_to, kind, ends_on, from_day), people in counts.items():
        if ends_on >= today:
            found[(lives_in, belongs_to, kind, ends_on, from_day if from_day > today else SETTLED)] += people
    return found


def _write(pages: Mapping[int, Counter[Step]], by: Actor, now: datetime) -> None:
    rows = [sealed.Secret(PAIRS.code, TABLE, page, FIELD, _text(counts)) for page, counts in pages.items()]
    sealed.seal(rows, tenant_id=by.tenant_id, now=now)


def _text(counts: Counter[Step]) -> str:
    rows = [
        (here, there, kind, ends.isoformat(), since.isoformat(), n)
        for (here, there, kind, ends, since), n in counts.items() if n
    ]  # fmt: skip
    return json.dumps(sorted(rows), separators=(",", ":")).ljust(LEAST)
