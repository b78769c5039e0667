"""What a password may not be (ASVS V6.1.2, V6.2.11, V6.2.12); nothing is asked of another machine."""

import hashlib
import re
from pathlib import Path

import pytest
from django.test import Client

from jishi.accounts.actions import passwords
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Invalid
from jishi.foundation.tenants import Tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]
GOOD = "三号楼下的桂花开得比去年晚"
DOCS = Path(__file__).resolve().parents[3] / "docs/operating.md"


def refused(tenant: int, password: str, *names: str) -> str:
    with scope.work(system(tenant)):
        try:
            passwords.ensure_fit(password, names=names)
        except Invalid as unfit:
            return str(unfit.facts["detail"])
    return ""


class TestWordsOfTheTown:
    @pytest.mark.parametrize(
        "password",
        ["Jishi-12345-26", "w4ngge@dm1n2026", "Admin_Security_1", "网格工单调度管理员密码12345", "li.mingLi-Ming25"],
    )
    def test_alone_make_no_password_however_they_are_written(self, tenant: int, password: str) -> None:
        assert "太容易猜" in refused(tenant, password, "li.ming", "李明")

    def test_are_also_its_names_and_hosts(self, tenant: int) -> None:
        with scope.work(system(tenant)):
            town = Tenant.objects.get(id=tenant)
            host = town.hosts[0].split(".")[0]
        for word in (town.name, town.code, host):
            assert "太容易猜" in refused(tenant, f"{word}{word}{word}2026"[:40] + "ab"), word

    def test_may_stand_in_a_sentence(self, tenant: int) -> None:
        assert refused(tenant, f"jishi {GOOD}", "li.ming") == ""

    def test_are_those_that_the_operator_reads(self) -> None:
        said = DOCS.read_text(encoding="utf-8").split("eight characters must be left:")[1].split("##")[0]

        assert tuple(re.findall(r"`([^`]+)`", said)) == passwords.WORDS

    def test_are_refused_on_the_page_and_the_old_password_stays(self, tenant: int) -> None:
        person = an_account(tenant, username="zhao.tiezhu", password=GOOD)

        page = signed_in(Client(), person).post("/me/password", {"password": "Zhao.Tiezhu12345"})

        assert page.status_code == 200 and "太容易猜" in page.content.decode()


class TestBreached:
    @pytest.fixture
    def listed(self, tmp_path: Path, settings) -> list[str]:
        """Three hundred, so that the search has to halve; with and without a count, in the order of such lists."""
        words = [f"泄露过的第 {n} 个密码句子" for n in range(300)]
        hashes = sorted(hashlib.sha1(w.encode()).hexdigest().upper() for w in words)
        file = tmp_path / "breached.txt"
        lines = [f"{h}:{n}\r\n" if n % 2 else f"{h}\n" for n, h in enumerate(hashes)]
        file.write_bytes("".join(lines).encode())
        settings.BREACHED = str(file)
        return words

    def test_each_of_the_list_is_refused_and_no_other(self, tenant: int, listed: list[str]) -> None:
        assert all(passwords.is_breached(word) for word in listed)
        assert not any(passwords.is_breached(f"{word}！") for word in listed)
        assert "泄露过" in refused(tenant, listed[7]) and refused(tenant, GOOD) == ""

    def test_without_a_list_the_common_ones_are(self, tenant: int, settings) -> None:
        settings.BREACHED = ""

        assert refused(tenant, "1qaz2wsx3edc") and not passwords.is_breached(GOOD)

    def test_an_empty_list_and_one_line_are_searched(self, tmp_path: Path, settings) -> None:
        settings.BREACHED = str(tmp_path / "one")
        for held, expected in ((b"", False), (hashlib.sha1(b"x").hexdigest().upper().encode(), True)):
            (tmp_path / "one").write_bytes(held)
            assert passwords.is_breached("x") is expected

    def test_a_list_that_is_not_there_is_said_in_the_log_and_refuses_nobody(
        self, tmp_path: Path, settings, caplog
    ) -> None:
        settings.BREACHED = str(tmp_path / "gone")

        assert passwords.is_breached(GOOD) is False
        assert "cannot be read" in caplog.text
