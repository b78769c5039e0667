"""What one has said, by interface: one's own and nobody else's (spec 10 §16)."""

from django.test import Client

from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague


def test_lists_ones_own_reports_and_nobody_elses(town: int) -> None:
    me = an_account(town, staff=False)
    mine = f.receive(town, reporter_id=me.id, channel="web")
    f.receive(town, text="另一个人说的：路灯坏了。")
    browser = signed_in(Client(headers=HOST), me)

    told = browser.get("/api/v1/my/reports").json()

    assert [row["number"] for row in told] == [mine.number]
    assert "report_id" not in told[0]
    assert signed_in(Client(headers=HOST), an_account(town, staff=False)).get("/api/v1/my/reports").json() == []
    assert colleague(town, "operator").get("/api/v1/my/reports").status_code == 403
    assert Client(headers=HOST).get("/api/v1/my/reports").status_code == 403
