"""The screen of an import: check, see, take in."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from jishi.cases.models import ImportRun, Report
from jishi.cases.queries import work
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.import_steps import csv_of
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.portal.demo import hotline_rows


class TestTheScreen:
    @pytest.fixture
    def desk(self, town):
        return colleague(town, "operator")

    def send(self, desk, content, name="留言.csv", columns="messages"):
        data = content if isinstance(content, bytes) else content.encode("gb18030")
        return desk.post(reverse("import"), {"file": SimpleUploadedFile(name, data), "columns": columns})

    def finish(self, desk, where):
        for _ in range(9):
            if "data-goes-on" not in desk.get(where).content.decode():
                return desk.get(where).content.decode()
            desk.post(f"{where}/step")
        raise AssertionError("the file does not come to its end")

    def test_checks_then_takes_in_and_shows_why_rows_were_refused(self, town, desk):
        rows = hotline_rows(6)
        rows[2]["留言时间"] = "昨天"
        where = self.send(desk, csv_of(rows)).url

        html = self.finish(desk, where)

        assert "会收 5 件" in html
        assert "时间“昨天”不是约定的写法" in html
        with scope.work(system(town)):
            assert Report.objects.count() == 0
        html = self.finish(desk, desk.post(f"{where}/apply").url)
        assert "收了 5 件" in html
        assert rows[0]["留言详情"][:12] not in html
        with scope.work(system(town)):
            assert Report.objects.count() == 5

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "这个文件是空的"), (b"%PDF-1.7", "是图片、PDF 或压缩包"), ("留言编号\n1\n".encode(), "缺 3 列"),
            (b"x" * (20 * 2**20 + 1), "最大 20 MB"),
        ],
    )  # fmt: skip
    def test_says_of_a_wrong_file_what_is_wrong_and_stores_nothing(self, town, desk, content, sentence):
        answer = self.send(desk, content)

        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        with scope.work(system(town)):
            assert not ImportRun.objects.exists()

    def test_without_a_file_says_so(self, desk):
        assert "还没有选文件" in desk.post(reverse("import"), {"columns": "messages"}).content.decode()

    def test_is_refused_to_other_posts(self, town):
        assert colleague(town, "handler").get(reverse("import")).status_code == 403
        assert colleague(town, "system_admin").get(reverse("import")).status_code == 403

    @pytest.mark.parametrize("code", ["not_allowed", "not_found", "stale"])
    def test_never_shows_the_code_of_a_refusal_instead_of_its_sentence(self, code):
        row = work.RowSaid(2, "refused", code, {})

        assert all(row.sentence(lang) and code not in row.sentence(lang) for lang in ("zh", "en"))

    def test_applied_twice_is_refused(self, town, desk):
        where = self.send(desk, csv_of(hotline_rows(2))).url
        self.finish(desk, where)
        desk.post(f"{where}/apply")

        assert desk.post(f"{where}/apply").status_code == 409


class TestTheInterface:
    """Spec 10 §16: POST /imports (dry run), POST /imports/{id}/apply, GET /imports/{id}/rows."""

    def send(self, client, rows, key="import-key-1"):
        file = SimpleUploadedFile("留言.csv", csv_of(rows).encode("gb18030"))
        return client.post(
            "/api/v1/imports", {"file": file, "columns": "messages"}, headers={"Idempotency-Key": key}
        )  # fmt: skip

    def test_tries_a_file_dry_says_of_each_row_why_and_takes_it_in_once(self, town):
        rows = hotline_rows(6)
        rows[2]["留言时间"] = "昨天"
        desk = colleague(town, "dispatcher")

        dry = self.send(desk, rows)
        again = self.send(desk, rows)
        told = desk.get(f"/api/v1/imports/{dry.json()['id']}/rows?result=refused").json()
        taken = desk.post(f"/api/v1/imports/{dry.json()['id']}/apply")
        twice = desk.post(f"/api/v1/imports/{dry.json()['id']}/apply")

        assert (dry.status_code, dry.json()["over"], dry.json()["counts"]["created"]) == (201, True, 5)
        assert again.json()["id"] == dry.json()["id"]
        assert [("昨天" in r["why"], r["report"]) for r in told["rows"]] == [(True, "")]
        assert (taken.status_code, taken.json()["counts"]["created"], taken.json()["of"]) == (201, 5, dry.json()["id"])
        assert twice.status_code == 409
        with scope.work(system(town)):
            assert Report.objects.count() == 5
        other = desk.post(f"/api/v1/imports/{taken.json()['id']}/go-on")
        assert other.status_code == 409

    def test_is_of_the_receiving_desks_and_needs_a_key(self, town):
        desk, other = colleague(town, "operator"), colleague(town, "system_admin")

        assert self.send(other, hotline_rows(2)).status_code == 403
        assert other.get("/api/v1/imports/1/rows").status_code == 403
        assert self.send(desk, hotline_rows(2), key="").status_code == 400
        assert desk.get("/api/v1/imports/99/rows").status_code == 404
