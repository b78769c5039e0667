"""再送一次: somebody puts a dead letter back in the queue, and that is on record."""

from datetime import datetime

from django.db import transaction

from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound


@transaction.atomic
def send_again(delivery_id: int, *, by: Actor, now: datetime) -> None:
    """This will try a dead letter again, from the first try on, under the number it had.

    :raises NotAllowed: neither the office nor the system administrator. :raises NotFound: no dead letter (any more).
    """
    if not by.has("office", "system_admin"):
        raise NotAllowed(why="再送一次由领导小组办公室或系统管理员做。")
    if not outbox.send_again(delivery_id, now=now):
        raise NotFound
    trail.record("delivery.sent_again", ("delivery", delivery_id), by=by, at=now)
