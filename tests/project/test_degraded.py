"""What is missing is named and the rest goes on (spec 90 §15); what is not ready is said before people come."""

import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings

from config.cli import deploying, parts, serving
from jishi.accounts.web import tenants
from jishi.cases.models import Case, Webhook
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db

DRAIN = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。"
NOW = datetime.now(UTC)


class NoKeys(keys.NullKeys):
    """A key provider that is away."""

    def health(self):
        return keys.Health(False, "K0", "", "")


@pytest.fixture
def in_town(town: int):
    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield town
    data_keys.forget()
    tenants.forget()


@pytest.fixture
def browser():
    return Client(headers={"host": "town.example", "accept-language": "zh"})


def a_worker(heartbeat: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [heartbeat])


def missing(browser: Client) -> list[str]:
    return [one["what"] for one in browser.get("/health/ready").json()["missing"]]


class TestReady:
    def test_names_a_worker_that_stopped(self, in_town, browser):
        a_worker(NOW - timedelta(minutes=5))
        stopped = missing(browser)
        a_worker(datetime.now(UTC))

        assert stopped == ["worker"]
        assert missing(browser) == []

    def test_names_keys_that_are_away(self, in_town, browser):
        a_worker(datetime.now(UTC))

        with keys.using(NoKeys()):
            assert missing(browser) == ["keys"]

    def test_says_what_goes_on_and_no_version(self, in_town, browser):
        a_worker(NOW - timedelta(minutes=5))

        answer = browser.get("/health/ready")

        assert answer.status_code == 200
        assert "事项照常办理" in answer.json()["missing"][0]["zh"]
        assert not re.search(r"\d+\.\d+|postgres|django|host", answer.content.decode().lower())

    def test_names_writing_that_is_paused(self, in_town, browser):
        a_worker(datetime.now(UTC))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL default_transaction_read_only = on")

        assert missing(browser) == ["space"]


class TestWithoutTheWorker:
    def test_a_report_is_taken_in_and_receipted(self, in_town, browser):
        a_worker(NOW - timedelta(days=1))
        found = re.search(r'name="idempotency_key" value="(\w+)"', browser.get("/speak").content.decode())
        form = {"idempotency_key": found[1], "text": DRAIN, "where": "", "voice": "open", "tel": "13900000123"}

        taken = browser.post("/speak", form)

        assert taken.status_code == 302
        assert browser.get("/receipt").status_code == 200
        with scope.work(system(in_town)):
            assert Case.objects.count() == 1

    def test_a_case_is_answered_without_news_being_delivered(self, in_town):
        a_worker(NOW - timedelta(days=1))

        assert f.a_case_at(in_town, Status.REPLIED).status == Status.REPLIED


    def test_the_site_stays_up_and_the_worker_is_started_again(self, monkeypatch, capsys):
        monkeypatch.setenv("JISHI_DATABASE_URL", "postgresql://somebody/else")  # no database of ours to stop
        monkeypatch.setattr(serving, "WORKER_PAUSE", 0.1)
        before = signal.getsignal(signal.SIGTERM)
        site, started = subprocess.Popen(["sleep", "2"]), []

        def background():
            started.append(subprocess.Popen(["sleep", "60"]))
            return started[-1]

        try:
            code = serving._until_stopped(site, subprocess.Popen(["true"]), background, background, None)
        finally:
            signal.signal(signal.SIGTERM, before)

        assert (code, len(started)) == (0, 1)
        assert started[0].poll() is not None  # ended with the site
        assert "started again" in capsys.readouterr().err


class TestASiteThatFallsOver:
    @pytest.fixture
    def standing(self, monkeypatch):
        monkeypatch.setenv("JISHI_DATABASE_URL", "postgresql://somebody/else")  # no database of ours to stop
        monkeypatch.setattr(serving, "WORKER_PAUSE", 0.0)
        before = signal.getsignal(signal.SIGTERM)
        yield
        signal.signal(signal.SIGTERM, before)

    def until_stopped(self, command):
        started = []

        def pages():
            started.append(subprocess.Popen(["sh", "-c", command(len(started))]))
            return started[-1]

        back = subprocess.Popen(["sleep", "60"])
        code = serving._until_stopped(pages(), back, pages, lambda: back, None)
        return code, len(started), back.poll()

    @pytest.mark.usefixtures("standing")
    def test_is_started_again_when_it_was_killed_twice_in_a_row(self, capsys):
        assert self.until_stopped(lambda n: "kill -9 $$" if n < 2 else "exit 0")[:2] == (0, 3)
        assert "started again" in capsys.readouterr().err

    @pytest.mark.usefixtures("standing")
    def test_that_never_stands_ends_with_its_own_code_and_leaves_nobody_behind(self):
        code, starts, worker = self.until_stopped(lambda _: "exit 7")

        assert (code, starts) == (7, serving.MOST_STARTS)
        assert worker is not None


class TestReadyForPeople:
    def faults(self, folder) -> str:
        return "\n".join(line.en + " " + line.do for line in deploying.every_line(folder, now=NOW) if not line.fine)

    def test_a_default_installation_fails_with_sentences(self, in_town, tmp_path):
        said = self.faults(tmp_path)

        assert "JISHI_BEHIND_PROXY=1" in said
        assert "a backup within 24 hours ./dev backup" in said
        assert "a restore within 31 days" in said
        assert "the worker is running ./dev jishi worker" in said
        assert "a second body compared an anchor within 31 days ./dev jishi mirror" in said
        assert "every unverified institution ./dev jishi editions --noticed" in said

    def test_each_that_is_followed_is_silent(self, in_town, tmp_path):
        parts.editions(["--data", str(tmp_path), "--noticed"])
        for name in ("backup.last", "restore.last", "mirror.last"):
            (tmp_path / name).write_text(NOW.isoformat())
        a_worker(datetime.now(UTC))
        outside = tmp_path.parent / "keys-elsewhere"
        outside.mkdir(mode=0o700)

        with override_settings(
            SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"), ALLOWED_HOSTS=["12345.example.gov.cn"],
            DEMO=False, SESSION_COOKIE_SECURE=True, SECURE_HSTS_SECONDS=9, KEYS_DIR=outside,
        ):  # fmt: skip
            said = self.faults(tmp_path)

        for gone in (
            "JISHI_BEHIND_PROXY", "JISHI_HOSTS", "backup", "worker is running", "folder of keys", "no row is seen",
            "compared an anchor", "list of parts", "unverified",
        ):  # fmt: skip
            assert gone not in said

    @pytest.mark.parametrize(
        ("issuer", "secret", "written", "bits", "says"),
        [("", "", False, 3072, ""), ("https://id.gov.cn", "k" * 20, False, 3072, ""),
         ("http://id.gov.cn", "k" * 20, False, 3072, "TLS"), ("https://id.gov.cn", "k" * 9, False, 3072, "a secret"),
         ("https://id.gov.cn", "k" * 20, True, 3072, "site.env"),
         ("https://id.gov.cn", "k" * 20, False, 2048, "ES256")],
    )  # fmt: skip
    def test_the_unified_sign_in_speaks_tls_and_its_secret_stands_in_no_file(
        self, tmp_path, issuer, secret, written, bits, says
    ):
        if written:
            (tmp_path / "site.env").write_text(f"JISHI_OIDC_SECRET={secret}\n")

        client = "jishi" if issuer else ""
        with override_settings(OIDC_ISSUER=issuer, OIDC_CLIENT=client, OIDC_SECRET=secret, OIDC_RSA_BITS=bits):
            lines = list(deploying._unified(tmp_path))

        faults = [line.en + " " + line.do for line in lines if not line.fine]
        assert len(lines) == (4 if issuer else 0)
        assert len(faults) == bool(says)
        assert says in "".join(faults)

    @pytest.mark.parametrize(
        ("database", "gateway", "says"),
        [("", "", ""), ("postgresql://o@/jishi?host=/run/pg", "https://k@sms.gov.cn/", ""),
         ("postgresql://o:w@db.gov.cn/jishi?sslmode=verify-full", "", ""),
         ("postgresql://o:w@db.gov.cn/jishi", "", "sslmode=verify-full"),
         ("postgresql://o:w@/jishi?hostaddr=10.0.0.5", "", "sslmode=verify-full"),  # no host, and no socket either
         ("postgresql://o:w@db.gov.cn/jishi?sslmode=require", "", "sslmode=verify-full"),
         ("", "http://k@sms.gov.cn/", "JISHI_SMS=https")],
    )  # fmt: skip
    def test_nothing_goes_in_the_clear_and_nobody_is_believed_without_a_certificate(
        self, monkeypatch, database, gateway, says
    ):
        monkeypatch.setenv("JISHI_DATABASE_URL", database)
        monkeypatch.delenv("JISHI_DATABASE_WEB_URL", raising=False)

        with override_settings(SMS=gateway):
            faults = [line.do for line in deploying._on_the_way() if not line.fine]

        assert len(faults) == bool(says) and says in "".join(faults)

    def test_a_receiver_without_tls_is_a_fault(self, in_town, tmp_path):
        with scope.work(system(in_town)):
            Webhook.objects.create(tenant_id=in_town, client_id=1, url="http://inside.gov.cn/", active_from=NOW)
            Webhook.objects.create(tenant_id=in_town, client_id=1, url="https://inside.gov.cn/", active_from=NOW)

        assert "addresses with TLS alone 1 webhooks" in self.faults(tmp_path)

    def test_a_copy_of_yesterday_morning_is_too_old(self, in_town, tmp_path):
        (tmp_path / "backup.last").write_text((NOW - timedelta(hours=25)).isoformat())

        assert "a backup within 24 hours" in self.faults(tmp_path)

    def test_rows_seen_without_a_scope_are_a_fault(self, in_town, tmp_path):
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("ALTER TABLE accounts_account NO FORCE ROW LEVEL SECURITY")

        assert "accounts_account" in self.faults(tmp_path)

    def test_three_administrators_of_the_town_are_three(self, in_town, tmp_path):
        assert "990181: three administrators" not in self.faults(tmp_path)
        assert "990881: three administrators" in self.faults(tmp_path)  # an empty town has none
