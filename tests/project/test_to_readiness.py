"""A whole default installation, from its first failure to readiness (spec 90 §20.12): each sentence is followed.

What a machine cannot do is done here by a stand-in and is the operator's own: a proxy that ends TLS, a second body that
reads the root out, persons with passkeys, an account of its own for the database, and somebody who reads the
institutions that nobody verified.
"""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.cli.standing import BASE
from jishi.foundation.broker.book import written
from jishi.foundation.database.tests.folders import a_folder
from jishi.foundation.tests.device import Device

HOST = "12345.example.gov.cn"


class Operator:
    """Somebody before a new machine who does what the sentences say, and no more."""

    def __init__(self, home: Path) -> None:
        self.home, self.data = home, home / "data"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
        self.env["PYTHONPATH"] = str(BASE)
        self.running: list[subprocess.Popen[str]] = []

    def says(self, *words: str, data: Path | None = None, code: int | None = 0) -> str:
        """Say one word of the program; gives what it printed."""
        place = [] if words[0] == "keys" else ["--data", str(data or self.data)]
        command = [sys.executable, "-m", "config.cli", *words, *place]
        done = subprocess.run(command, env=self.env, cwd=BASE, capture_output=True, text=True, check=False)
        assert (done.stdout if code is None else done.returncode == code), done.stdout + done.stderr
        return done.stdout

    def asks(self, what: str) -> str:
        """Ask the database of this installation, never the one that these tests themselves may have been given."""
        asked = f"from pathlib import Path; from jishi.foundation import database; print({what})"
        env = {k: v for k, v in self.env.items() if k != "JISHI_DATABASE_URL"}
        command = [sys.executable, "-c", asked]
        done = subprocess.run(command, env=env, cwd=BASE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def keeps(self, *words: str, until: str = "") -> None:
        """Start what keeps running."""
        command = [sys.executable, "-m", "config.cli", *words]
        made = subprocess.Popen(command, env=self.env, cwd=BASE, stdout=subprocess.PIPE, text=True)
        self.running.append(made)
        assert made.stdout is not None
        if until:
            assert select.select([made.stdout], [], [], 120)[0]
            assert until in made.stdout.readline()

    def faults(self) -> dict[str, str]:
        """Give what is not ready, by its English sentence, and what to do about each."""
        lines = self.says("check", "--deploy", code=None).splitlines()
        pairs = zip(lines, lines[1:], strict=False)
        found = {one.split(" · ", 1)[1]: do.strip("→ ") for one, do in pairs if one.startswith("✕")}
        assert lines[-1].endswith("ready" if not found else f"not ready: {len(found)}")
        found.pop("no part of others is older than allowed", None)  # these sources grow old; only a release mends that
        return found

    # --- one deed a sentence -----------------------------------------------------------------------------------------

    def names_the_site(self, do: str) -> None:
        name, value = re.fullmatch(r"export (\w+)=(\S+)", do).groups()  # type: ignore[union-attr]
        self.env[name] = value

    def puts_a_proxy_in_front(self, do: str) -> None:
        name, value = re.match(r"export (\w+)=(\d)", do).groups()  # type: ignore[union-attr]
        self.env[name] = value

    def moves_the_keys_to_a_broker(self, do: str) -> None:
        assert do.startswith("jishi keys begin, pair, serve")
        folder, site, listed = self.home / "broker", self.home / "site", self.home / "people"
        people = [Device(HOST).listed(n, str(n), "list") for n in (1, 2)]
        listed.write_text("".join(json.dumps(written(one)) + "\n" for one in people), "utf-8")
        self.says("keys", "begin", str(folder), "--people", str(listed), "--from", str(self.data / "keys"))
        self.says("keys", "pair", str(folder), str(site))
        self.keeps("keys", "serve", str(folder), "--at", f"unix:{self.home}/s", until="broker")
        self.env |= {"JISHI_KEYS": str(site), "JISHI_KEYS_BROKER": f"unix:{self.home}/s"}

    def has_moved_them(self, do: str) -> None:
        assert "export JISHI_KEYS=" in do and Path(self.env["JISHI_KEYS"]) == self.home / "site"

    def keeps_a_copy(self, do: str) -> None:
        assert do.startswith("./dev backup ")
        self.says("backup", str(self.home / "copy"))

    def brings_it_back_elsewhere(self, do: str) -> None:
        assert do.startswith("./dev restore ") and "copy its restore.last here" in do
        self.says("restore", str(self.home / "copy"), data=self.home / "scratch")
        shutil.copyfile(self.home / "scratch" / "restore.last", self.data / "restore.last")

    def anchors(self, do: str) -> None:
        assert do == "./dev jishi anchor"
        self.says("anchor")

    def has_the_root_read_out(self, do: str) -> None:
        assert do.startswith("./dev jishi mirror ROOT")
        found = re.search(r"\b[0-9a-f]{64}\b", self.says("anchor"))
        assert found
        self.says("mirror", found[0])

    def takes_notice(self, do: str) -> None:
        assert do.startswith("./dev jishi editions --noticed")
        self.says("editions", "--noticed")

    def starts_the_worker(self, do: str) -> None:
        assert do == "./dev jishi worker"
        self.keeps("worker", "--data", str(self.data))

    def lets_a_night_pass(self, do: str) -> None:
        assert "over night" in do
        self.says("retention")

    def gives_the_database_an_account(self, do: str) -> None:
        assert "JISHI_DATABASE_URL=postgresql://" in do
        self.env["JISHI_DATABASE_URL"] = self.asks(f"database.ensure(Path({str(self.data / 'database')!r})).url_owner")

    def ends(self) -> None:
        for one in self.running:
            one.terminate()
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        for name in ("data", "scratch"):
            if (self.home / name / "database").exists():
                self.asks(f"database.stop(Path({str(self.home / name / 'database')!r}))")


# In the order in which they are done: the copy is made before the database stands under an account of its own.
FOLLOWED = {
    "the site's own names are given": Operator.names_the_site,
    "a proxy ends TLS in front": Operator.puts_a_proxy_in_front,
    "confidential reports are taken, and the root key lies with a key broker (K1), not here":
        Operator.moves_the_keys_to_a_broker,
    "keys are outside the data folder": Operator.has_moved_them,
    "330106: yesterday is anchored": Operator.anchors,
    "330106: what has ended was ended last night": Operator.lets_a_night_pass,
    "a second body compared an anchor within 31 days": Operator.has_the_root_read_out,
    "somebody has taken notice of every unverified institution": Operator.takes_notice,
    "a backup within 24 hours": Operator.keeps_a_copy,
    "a restore within 31 days": Operator.brings_it_back_elsewhere,
    "the web process cannot read the superuser's password": Operator.gives_the_database_an_account,
    "the worker is running": Operator.starts_the_worker,
}  # fmt: skip


@pytest.fixture
def operator() -> Iterator[Operator]:
    with a_folder("jishi-ready-") as home:
        made = Operator(home)
        try:
            yield made
        finally:
            made.ends()


def test_a_default_installation_is_led_from_its_first_failure_to_readiness_sentence_by_sentence(
    operator: Operator,
) -> None:
    operator.says("found", "330106", "试验区", "--host", HOST)

    first = operator.faults()
    assert set(first) == set(FOLLOWED)
    for sentence, follow in FOLLOWED.items():
        follow(operator, first[sentence])

    until = time.monotonic() + 120  # the worker says that it is there when it has started
    while (left := operator.faults()) and set(left) == {"the worker is running"} and time.monotonic() < until:
        time.sleep(1)
    assert left == {}
