"""The worker: what runs without anybody pressing a button. One process; several may run beside each other.

procrastinate keeps the queue in PostgreSQL. Each job opens a scope for one tenant; arguments are ids only.
"""

import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from config import clockwatch, logs
from jishi.accounts.actions import break_glass, by_phone, signing_in
from jishi.cases.actions import (
    auto_offers,
    clusters,
    dangers,
    drifting,
    fetching,
    handing_down,
    measuring,
    patrols,
    programs,
    recusing,
    reminding,
    replaying,
    retention,
    sampling,
    sending,
    shadowing,
    sweeping,
    trial,
    unsealing,
)
from jishi.duties import queries as duties
from jishi.duties.actions import lists
from jishi.foundation import anchors, database, files, outbox, outside, scope
from jishi.foundation.actor import Actor, clock, messenger, system
from jishi.foundation.tenants import Tenant
from jishi.places.actions import gridplan, plans

ROUNDS = 20  # hundreds of news per tenant and turn
AT_ONCE = 8  # receivers outside
FETCHED = (fetching.REACTION,)  # what comes from where a stranger says: slow, and nobody's letter waits for it
SILENT = 30  # seconds without a sign of life after which a worker is dead; it gives one every ten


def _in_doubt() -> bool:
    """Tell, and write into the log, that the clock is not to be trusted: what acts on time by itself waits (90 §12)."""
    why = clockwatch.why_not(timezone.now())
    if why:
        logging.getLogger("jishi.clock").error("clocks wait: %s", why)
    return bool(why)


def _tenants() -> list[int]:
    return list(Tenant.objects.order_by("id").values_list("id", flat=True))


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="deliver", pass_context=False)
def deliver(timestamp: int) -> None:
    """Deliver the news of all tenants in the house; a hundred at a time, each hundred in a transaction of its own."""
    close_old_connections()
    for tenant_id in _tenants():
        try:
            _deliver_all(tenant_id)
        except OperationalError as no:
            if not outbox.is_held(no):
                raise
            logging.getLogger("jishi.work").warning("news of town %s: a row is held, the next turn delivers", tenant_id)


def _deliver_all(tenant_id: int) -> None:
    for _ in range(ROUNDS):
        with scope.work(system(tenant_id)):
            if not outbox.deliver(now=timezone.now()):
                break


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="send_out", lock="send_out", pass_context=False)
def send_out(timestamp: int) -> None:
    """Pack notices and send what is due outside; a receiver that does not answer holds up no other one."""
    close_old_connections()
    for tenant_id in _tenants():
        sending.pack(by=system(tenant_id), now=timezone.now())
    due = [
        (tenant_id, reaction, receiver)
        for tenant_id in _tenants()
        for reaction, receiver in outside.receivers(by=messenger(tenant_id), now=timezone.now(), slow=FETCHED)
    ]
    with ThreadPoolExecutor(AT_ONCE, "outside") as pool:
        list(pool.map(_send_to, due))


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="fetch_named", lock="fetch_named", pass_context=False)
def fetch_named(timestamp: int) -> None:
    """Fetch the pictures that strangers named: a few of each town a turn, beside the letters."""
    close_old_connections()
    due = [
        (tenant_id, reaction, receiver)
        for tenant_id in _tenants()
        for reaction, receiver in outside.receivers(
            by=messenger(tenant_id), now=timezone.now(), slow=FETCHED, fetched=True, most=AT_ONCE
        )
    ]
    with ThreadPoolExecutor(AT_ONCE, "fetched") as pool:
        list(pool.map(_send_to, due))


def _send_to(due: tuple[int, str, int]) -> None:
    tenant_id, reaction, receiver = due
    try:
        outside.drain(reaction, receiver, by=messenger(tenant_id), clock=timezone.now)
    finally:
        connection.close()  # this thread's own


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="sweep", pass_context=False)
def sweep(timestamp: int) -> None:
    """Act on clocks that have run out, let the office place what no dispatcher may, set the rounds; remind people."""
    close_old_connections()
    if _in_doubt():
        return
    now = timezone.now()
    for tenant_id in _tenants():
        _swept(tenant_id, by=clock(tenant_id, f"sweep:{timestamp}"), now=now)


def _swept(tenant_id: int, *, by: Actor, now: datetime) -> None:
    """Take every step. One that finds a row held says so in one line and comes again in twenty seconds; the steps
    behind it do not wait for it."""
    for step in (
        sweeping.sweep, recusing.let_offices_place, recusing.shut_out_again, patrols.sweep, reminding.remind,
        unsealing.end_due, break_glass.end_due,
    ):  # fmt: skip
        try:
            step(by=by, now=now)  # type: ignore[operator]
        except OperationalError as no:
            if not outbox.is_held(no):
                raise
            said = "clocks of town %s: a row is held, the next turn goes on with %s"
            logging.getLogger("jishi.work").warning(said, tenant_id, step.__name__)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="gather", pass_context=False)
def gather(timestamp: int) -> None:
    """Look what the reports of these weeks have in common, where something came in (spec 12 §8)."""
    close_old_connections()
    if _in_doubt():
        return
    for tenant_id in _tenants():
        clusters.sweep(by=clock(tenant_id, f"gather:{timestamp}"), now=timezone.now())


@app.periodic(cron="5 0 * * *")
@app.task(queueing_lock="anchor", pass_context=False)
def anchor(timestamp: int) -> None:
    """Anchor the day that has ended."""
    close_old_connections()
    if _in_doubt():
        return
    now = timezone.now()
    for tenant_id in _tenants():
        with scope.work(system(tenant_id)):
            anchors.make(day=timezone.localdate(now) - timedelta(days=1), now=now)


@app.periodic(cron="20 0 * * *")
@app.task(queueing_lock="nightly", pass_context=False)
def nightly(timestamp: int) -> None:
    """End what has ended, in every copy: retention, failures of sign-in, superseded lists. Proofs are entries."""
    close_old_connections()
    if _in_doubt():
        return
    now = timezone.now()
    for tenant_id in _tenants():
        by = clock(tenant_id, f"nightly:{timestamp}")
        with scope.work(by):
            sampling.nightly(by=by, now=now)
        with scope.work(by):
            signing_in.forget_old(by=by, now=now)
            by_phone.forget_old(by=by, now=now)
            lists.supersede_due(by=by, now=now)
        with scope.work(by):
            gridplan.enter_force_due(by=by, now=now)
        with scope.work(by):
            retention.run(by=by, now=now)
            dangers.forget_old(tenant_id=tenant_id, now=now)
        with scope.work(by):
            files.sweep(tenant_id=tenant_id)
        with scope.work(by):
            handing_down.hand_down(by=by, now=now)


@app.periodic(cron="35 0 * * *")
@app.task(queueing_lock="compare", pass_context=False)
def compare(timestamp: int) -> None:
    """Hold every case against its entries, a job of its own: whatever fails in the night, this is asked."""
    close_old_connections()
    for tenant_id in _tenants():
        _compare_with_the_record(clock(tenant_id, f"compare:{timestamp}"), timezone.now())


def _compare_with_the_record(by: Actor, now: datetime) -> None:
    """Ask each case whether it stands where its entries say, page by page; the night leaves one entry."""
    with scope.work(by):
        pages = [replaying.gone(by=by)]
    after: int | None = 0
    while after is not None:
        with scope.work(by):
            pages.append(replaying.page(after, by=by))
        after = pages[-1].last
    with scope.work(by):
        replaying.conclude(pages, by=by, now=now)


@app.periodic(cron="* * * * * */30")
@app.task(queueing_lock="shadow", pass_context=False)
def shadow(timestamp: int) -> None:
    """Let new editions of the classifier answer beside those in force, unseen; nobody's report waits for it."""
    close_old_connections()
    for tenant_id in _tenants():
        shadowing.answer_beside(by=system(tenant_id), now=timezone.now())


@app.periodic(cron="* * * * * */3")
@app.task(queueing_lock="plan", lock="plan", pass_context=False)
def plan(timestamp: int) -> None:
    """Calculate the plans of grids that somebody asked for, one after the other."""
    close_old_connections()
    for tenant_id in _tenants():
        plans.work_off(tenant_id, clock=timezone.now)


@app.periodic(cron="30 1 * * 1")
@app.task(queueing_lock="weekly", pass_context=False)
def weekly(timestamp: int) -> None:
    """Look whether the town still speaks as it did; measure the stages and publish the figures."""
    close_old_connections()
    if _in_doubt():
        return
    now = timezone.now()
    for tenant_id in _tenants():
        by = clock(tenant_id, f"weekly:{timestamp}")
        with scope.work(by):
            drifting.weekly(by=by, now=now)
            auto_offers.look_again(by=by, now=now)
        with scope.work(by):
            measuring.publish(by=by, now=now)


@app.periodic(cron="30 2 * * *")
@app.task(queueing_lock="figures", pass_context=False)
def figures(timestamp: int) -> None:
    """Publish the first figures of a young town, and again whenever its record has doubled."""
    close_old_connections()
    if _in_doubt():
        return
    for tenant_id in _tenants():
        by = clock(tenant_id, f"figures:{timestamp}")
        with scope.work(by):
            if measuring.is_due(tenant_id=tenant_id):
                measuring.publish(by=by, now=timezone.now())


@app.periodic(cron="40 0 * * *")
@app.task(queueing_lock="tidy_outside", pass_context=False)
def tidy_outside(timestamp: int) -> None:
    """Empty the test jurisdictions of Open311, and forget tokens whose time is over."""
    close_old_connections()
    now = timezone.now()
    for town in Tenant.objects.order_by("id"):
        by = clock(town.id, f"outside:{timestamp}")
        with scope.work(by):
            programs.forget_tokens(by=by, now=now)
        beside = Tenant.objects.filter(code=town.trial_code).first()
        if beside is None:
            continue
        with scope.work(by):
            book = duties.matters()
        with scope.work(clock(beside.id, f"outside:{timestamp}")) as trial_scope:
            trial.reset(book=book, by=trial_scope.actor, now=now)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="attend", pass_context=False)
def attend(timestamp: int) -> None:
    """Look at the disk below the embedded database; pause and resume writing."""
    if "JISHI_DATABASE_URL" not in os.environ:
        database.attend(settings.STATE_DIR / "database")


@app.periodic(cron="* * * * * */10")
@app.task(queueing_lock="take_again", pass_context=True)
async def take_again(context: JobContext, timestamp: int) -> None:
    """Put back what a killed worker had in hand, once it has been silent for half a minute (spec 90 §12, I6).

    Its lock would otherwise hold for ever and no such job would run again. Where the next of its kind waits already,
    that one does the work.
    """
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT):
        try:
            await jobs.retry_job(job)
        except UniqueViolation:
            await jobs.finish_job(job, Status.FAILED, delete_job=True)


def run() -> None:
    """Work until stopped: one job in the house, and beside it what waits for somebody outside."""
    logs.guard_uncaught()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(concurrency=3, install_signal_handlers=True, listen_notify=True,
                           stalled_worker_timeout=SILENT, delete_jobs="successful")  # fmt: skip
