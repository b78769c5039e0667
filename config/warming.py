"""Reads what every request needs into memory once, behind the first page."""

import gc
import logging

from django.db import DatabaseError, connection
from django.utils import timezone

from jishi.cases.actions import arrival
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Refused
from jishi.foundation.tenants import Tenant

log = logging.getLogger(__name__)


def warm() -> None:
    """Look at one sentence in every town: book, lists, ground and classifier are then in memory."""
    try:
        for tenant in Tenant.objects.order_by("id"):
            with scope.work(system(tenant.id)):
                arrival.look([arrival.Incoming(text="路灯不亮，晚上看不见路。", channel="api")], now=timezone.now())
    except (DatabaseError, Refused) as no:  # a cold start is slower, not broken
        log.warning("not warmed: %s", type(no).__name__)
    finally:
        connection.close()
        settle()


def settle() -> None:
    """What is loaded by now stays: no request waits while code, book, lists and ground are looked through. Thousands of
    short-lived things of a request or a batch hold no cycle: after fifty thousand is often enough to look for one."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
