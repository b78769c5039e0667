"""Who spoke for a household of a transition: sealed, and found again by that person's own account alone."""

from datetime import date, datetime

from jishi.foundation import sealed
from jishi.places.models import TransitionHousehold
from jishi.places.models.transitions import SPOKE

TABLE, FIELD = TransitionHousehold._meta.db_table, "account"


def seal_who_spoke(slip_id: int, account_id: int, *, ends_on: date, tenant_id: int, now: datetime) -> None:
    """This will seal which account spoke for a household; no column holds it, and nobody's post opens it."""
    secret = sealed.Secret(SPOKE.code, TABLE, slip_id, FIELD, str(account_id), ends_on=ends_on, searchable=True)
    sealed.seal([secret], tenant_id=tenant_id, now=now)


def of_person(account_id: int, *, tenant_id: int, now: datetime) -> set[int]:
    """Give the rows of the households for which this account spoke, in every transition."""
    return {row for _, row in sealed.find(SPOKE.code, str(account_id), tenant_id=tenant_id, now=now)}
