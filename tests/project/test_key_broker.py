"""The broker as its operator runs it: begun, paired, served by the program's own command, killed, started again."""

import json
import os
import select
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

from config.cli import broker as words
from config.cli import deploying
from jishi.accounts.web import tenants
from jishi.cases.actions import handover
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import data_keys, keys
from jishi.foundation.broker.book import written
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.tests.device import Device

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)


class Served:
    """The folder of a broker, the site's pair, and the process."""

    def __init__(self, home: Path) -> None:
        self.folder, self.site, self.at = home / "broker", home / "site", f"unix:{home}/s"
        listed = home / "people"
        people = [Device().listed(n, str(n), "list") for n in (1, 2)]
        listed.write_text("".join(json.dumps(written(one)) + "\n" for one in people), "utf-8")
        assert words.main(["begin", str(self.folder), "--people", str(listed), "--from", str(settings.KEYS_DIR)]) == 0
        assert words.main(["pair", str(self.folder), str(self.site)]) == 0
        self.keys = BrokerKeys(self.at, self.site)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "config.cli", "keys", "serve", str(self.folder), "--at", self.at]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        made = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        assert made.stdout is not None
        assert select.select([made.stdout], [], [], 120)[0], "the broker did not say that it answers"
        made.stdout.readline()
        self.processes.append(made)
        return made

    def end(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait(30)


@pytest.fixture
def served(town: int, tmp_path: Path):
    keys.FileKeys(Path(settings.KEYS_DIR))
    tenants.forget()
    data_keys.forget()
    made = Served(tmp_path)
    yield made
    made.end()
    data_keys.forget()
    tenants.forget()


def missing() -> list[str]:
    answer = Client(headers={"host": "town.example"}).get("/health/ready")
    assert answer.status_code == 200
    return [one["zh"] for one in answer.json()["missing"] if one["what"] == "keys"]


def test_killed_is_said_on_the_health_page_cases_go_on_and_it_comes_back_with_its_book(
    served: Served, town: int, capsys: pytest.CaptureFixture[str]
) -> None:
    process = served.start()
    with keys.using(served.keys):
        assert missing() == []
        case = f.a_case_at(town, Status.OFFERED)
        process.send_signal(signal.SIGKILL)
        process.wait(30)

        assert "封存内容暂不能查看" in missing()[0]
        with pytest.raises(keys.KeyNotAvailable):
            keys.provider().mac(b"x", context=b"y", suite="a")
        assert f.do(f.handler_of(case), handover.sign, case.id, now=NOW).status == Status.HANDLING

        process = served.start()
        assert missing() == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert words.main(["book", str(served.folder)]) == 0
    assert "完整" in capsys.readouterr().out


def test_a_changed_book_is_named_and_nothing_is_served(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    path = served.folder / "book.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"list"', b'"lost"', 1))

    assert words.main(["book", str(served.folder)]) == 1
    assert words.main(["serve", str(served.folder), "--at", served.at]) == 1
    assert "从第 1 行起被改动过" in capsys.readouterr().err


def test_a_list_begins_once_and_with_two_approvers(served: Served, tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text(json.dumps(written(Device().listed(1, "1", "list"))), "utf-8")

    assert words.main(["begin", str(tmp_path / "alone"), "--people", str(one)]) == 1
    assert words.main(["begin", str(served.folder), "--people", str(tmp_path / "people")]) == 1


class TestReadyForPeople:
    def faults(self, folder: Path, kept: Path) -> str:
        with override_settings(KEYS_DIR=kept):
            return "\n".join(line.en + " " + line.do for line in deploying._keys(folder) if not line.fine)

    def test_asks_for_a_broker_while_confidential_reports_are_taken(self, town: int, tmp_path: Path) -> None:
        kept = tmp_path / "kept"
        with keys.using(keys.FileKeys(kept)):
            assert "a key broker (K1), not here jishi keys begin" in self.faults(tmp_path / "data", kept)

    def test_is_silent_with_one_and_asks_that_no_root_key_is_left(self, served: Served, tmp_path: Path) -> None:
        process = served.start()
        with keys.using(served.keys):
            assert self.faults(tmp_path / "data", served.site) == ""
            (served.site / "root.key").write_bytes(b"left")
            assert "wipe" in self.faults(tmp_path / "data", served.site)
        process.kill()
        process.wait(30)
        with keys.using(served.keys):
            assert "start the broker" in self.faults(tmp_path / "data", served.site)
