"""What a session holds and how long it lives (spec 90 §3): staff 30 min idle and 12 h in all, residents 30 days."""

from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.utils.http import urlencode

TENANT = "tenant"
POST = "post"
BEGAN = "began"
SEEN = "seen"
REPORT = "report"  # [tenant, report]: written by cases when number and word were right
FIRST = "first"  # begun with a password that another person gave: it opens the page to change it, and no more
FACTOR = "factor"  # staff: a second factor belongs to this session

STAFF_IDLE = timedelta(minutes=30)
STAFF_ALL = timedelta(hours=12)
RESIDENT_ALL = timedelta(days=30)
KNOWN_FOR = timedelta(days=1)  # an ended session is still known to be whose it was: what was typed into it is kept
MARK_EVERY = timedelta(minutes=5)  # the moment is written at most this often: no statement per page


def begin(session: SessionBase, *, tenant_id: int, staff: bool, now: datetime) -> datetime:
    """Fill a fresh session and give the moment at which it ends by itself."""
    life = STAFF_ALL if staff else RESIDENT_ALL
    session[TENANT] = tenant_id
    session[BEGAN] = session[SEEN] = int(now.timestamp())
    session.set_expiry(int((life + KNOWN_FOR).total_seconds()))
    return now + life


def is_alive(session: SessionBase, *, staff: bool, now: datetime) -> bool:
    """Tell whether the session is within its limits, and mark that it was used."""
    moment = int(now.timestamp())
    began, seen = session.get(BEGAN), session.get(SEEN)
    if began is None or seen is None or moment - began >= (STAFF_ALL if staff else RESIDENT_ALL).total_seconds():
        return False
    if not staff:
        return True
    if moment - seen >= STAFF_IDLE.total_seconds():
        return False
    if moment - seen >= MARK_EVERY.total_seconds():
        session[SEEN] = moment
    return True


def with_next(path: str, asked: str) -> str:
    """Write an address that leads on to `asked`."""
    return f"{path}?{urlencode({'next': asked})}"
