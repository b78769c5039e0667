"""取图: a picture that a program named by an address is fetched later, through the one outgoing door (13 §5.3).

Never at intake: whoever reports does not wait for another machine. http(s) alone, no private address, no redirect, at
most 20 MB in a minute; what came is opened under the limits of every upload and kept sealed beside the report, for
nobody's eyes but those who handle it. What cannot be had is tried again, then stands among the dead letters.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jishi.cases import policies
from jishi.cases.actions import photos
from jishi.cases.events import MediaNamed
from jishi.cases.models import Photo, Report
from jishi.foundation import outbox, outgoing, scope, uploads
from jishi.foundation.actor import Actor
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.outside import Call, Owed
from jishi.foundation.uploads import Sent

REACTION = "jishi.cases.actions.fetching.fetch"
NAMED = "media_url"  # where the address stands among what the program said


def name(report_id: int, case_id: int, *, now: datetime) -> None:
    """Announce that a picture is to be fetched for this report; the address itself stays with the report."""
    outbox.announce(MediaNamed(case_id, report_id), at=now)


def owe(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe the fetch; one receiver a report, so that no slow host holds up another one."""
    outbox.owe(facts["news"], REACTION, [facts["report_id"]], at=now)


def fetch(owed: Owed, *, now: datetime) -> Call | None:
    """Give the call that fetches and keeps; None when the address has ended with the original words."""
    tenant_id = scope.current().actor.tenant_id
    report = Report.objects.filter(id=owed.receiver).first()
    url = str(report.attributes.get(NAMED, "")) if report is not None else ""
    return (lambda: _bring(owed.receiver, url, tenant_id, now)) if url else None


def _bring(report_id: int, url: str, tenant_id: int, now: datetime) -> None:
    """:raises NotDelivered, AddressRefused: it did not come. :raises Refused: what came may not be kept."""
    answer = outgoing.bring(url, longest=uploads.LARGEST)
    if answer.status != 200:
        raise NotDelivered(f"status_{answer.status}")
    given = photos.ready([Sent(_called(url), answer.body, len(answer.body))])
    by = Actor(tenant_id=tenant_id, kind="system", roles=frozenset({policies.PROGRAM}))
    with scope.work(by):
        mine = hashlib.sha256(given[0].content.data).hexdigest()  # sent again after a fault: kept once
        if not Photo.objects.filter(report=report_id, own_hash=mine).exists():
            photos.add(report_id, given, may_publish=False, by=by, now=now)


def _called(url: str) -> str:
    """Give the last part of an address as a file's name; an ending that tells nothing is left out.

    >>> _called("https://x.example/a/pole.jpg?size=2"), _called("https://x.example/show.php")
    ('pole.jpg', 'show')
    """
    last = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    return last if not dot or ending.lower() in (*uploads.PICTURES, "pdf") else stem
