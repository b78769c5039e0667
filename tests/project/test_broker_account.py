"""The broker under one account, the site under another, on one machine: what the site's account gets, and what not.

Root alone can give two processes two accounts. As anybody else nothing here can be shown, and the run says that.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jishi.foundation import keys
from jishi.foundation.broker import desk, passkeys, serving, wire  # noqa: F401 - read before the account changes
from jishi.foundation.broker import refusals as no
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.database.tests.folders import IS_ROOT, ORDINARY
from jishi.foundation.database.tests.folders import as_account as in_account
from jishi.foundation.tests.device import Device

pytestmark = pytest.mark.skipif(
    not IS_ROOT, reason="needs root: only root starts the broker and the site under two accounts"
)
ROW, KEY, SUITE = ("cases_report", 41), b"\x01" * 32, "a"
CONTEXT = keys.own_context(1, ROW, 1, body=5)
BROKER = ORDINARY.pw_uid
SITE = BROKER - 1  # no account of that name need exist


def as_account(uid: int, work: Callable[[], Any]) -> Any:
    return in_account(work, uid, uid)


class Two:
    """A folder of the broker's account, one of the site's, the socket between them."""

    def __init__(self, home: Path) -> None:
        self.broker, self.site, self.at = home / "broker", home / "site", f"unix:{home}/run/s"
        for folder, uid in ((self.broker, BROKER), (self.site, SITE), (home / "run", BROKER)):
            folder.mkdir(mode=0o700)
            os.chown(folder, uid, uid)
        (home / "run").chmod(0o755)
        self.receiver, self.process = Device(), 0
        first, second = Device(), Device()
        self.people = [
            first.listed(1, "1", "list"), second.listed(2, "2", "list"), self.receiver.listed(30, "5", "receive"),
        ]  # fmt: skip

    def begun(self) -> None:
        made = desk.Desk(self.broker, time.time)
        made.begin(self.people)
        made.close()
        wire.make_pair(self.broker, wire.BROKER)
        wire.pair(self.broker, self.site)
        for folder, uid in ((self.broker, BROKER), (self.site, SITE)):
            for one in folder.iterdir():
                os.chown(one, uid, uid)

    def keys(self) -> BrokerKeys:
        return BrokerKeys(self.at, self.site)


@pytest.fixture
def two() -> Iterator[Two]:
    home = Path(tempfile.mkdtemp(prefix="jishi-two-"))
    home.chmod(0o755)
    made = Two(home)
    made.begun()
    process = os.fork()
    if not process:
        try:
            os.setgroups([])
            os.setgid(BROKER)
            os.setuid(BROKER)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            serving.run(made.broker, made.at, ready=(home / "run" / "ready").touch)
        finally:
            os._exit(1)
    until = time.monotonic() + 60
    while not (home / "run" / "ready").exists() and time.monotonic() < until:
        time.sleep(0.02)
    made.process = process
    yield made
    os.kill(process, signal.SIGTERM)
    os.waitpid(process, 0)
    shutil.rmtree(home)


def as_site(work: Callable[[], Any]) -> Any:
    return as_account(SITE, work)


def said(work: Callable[[], Any]) -> str:
    """Give the name of what it said no with."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - which one is the question
        return type(error).__name__
    return "nothing was refused"


class TestTheSitesAccount:
    def test_runs_beside_a_broker_of_another_one(self, two: Two) -> None:
        status = Path(f"/proc/{two.process}/status").read_text("ascii")
        uids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))

        assert set(uids) == {str(BROKER)}
        assert as_site(os.geteuid) == SITE != BROKER

    def test_reads_no_root_key_no_book_and_no_memory_and_stops_nobody(self, two: Two) -> None:
        for name in ("root.key", "anchor.key", "book.jsonl", "broker.key"):
            assert as_site(lambda name=name: said((two.broker / name).read_bytes)) == "PermissionError", name
        assert as_site(lambda: said(lambda: Path(f"/proc/{two.process}/mem").read_bytes())) == "PermissionError"
        assert as_site(lambda: said(lambda: os.kill(two.process, signal.SIGKILL))) == "PermissionError"
        assert as_site(lambda: said(lambda: (two.broker / "book.jsonl").write_bytes(b""))) == "PermissionError"

    def test_wraps_by_asking_and_opens_no_confidential_name_by_itself(self, two: Two) -> None:
        wish = keys.Wish("receive", 1, *ROW)

        def alone() -> list[str]:
            site = two.keys()
            own = keys.OwnKey(1, SUITE, site.wrap_own(KEY, context=CONTEXT, suite=SUITE), 5)
            return [
                said(lambda: site.open_own([own], wish=wish, shown=b"")),
                said(lambda: site.unwrap(own.wrapped, context=CONTEXT, suite=SUITE)),
            ]

        def with_the_person() -> dict[int, bytes]:
            site = two.keys()
            own = keys.OwnKey(1, SUITE, site.wrap_own(KEY, context=CONTEXT, suite=SUITE), 5)
            return site.open_own([own], wish=wish, shown=two.receiver.signed(site.challenge(wish, who=30)))

        assert as_site(alone) == [no.SignatureNeeded.__name__, keys.DoesNotOpen.__name__]
        assert as_site(with_the_person) == {1: KEY}

    def test_of_a_third_person_without_the_pair_is_not_heard(self, two: Two) -> None:
        other = SITE - 1

        assert as_account(other, lambda: said(lambda: two.keys().told())) in ("KeyNotAvailable", "PermissionError")
