"""Faults that weighed on other systems of this kind, told from the side of those on the ground."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.models import Report
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db


def test_a_draft_written_without_network_arrives_once(town: int) -> None:
    """C10 · fms 2221. However often its answer was lost on the way: three weeks of trying make one report."""
    account = an_account(town)
    a_grant(account, "grid_worker", body_id=f.body_id(town, "sqcz"), post_id=9902, area="990181001002")
    device = signed_in(Client(headers=HOST), account, post=9902)
    written = datetime.now(UTC) - timedelta(days=21)
    row = {"key": "c10-draft-in-a-stairwell", "verb": "report", "at": written.isoformat(), "text": "六号楼楼道灯不亮"}

    answers = [
        device.post("/api/v1/sync", json.dumps({"rows": [row] * n}), content_type="application/json").json()["rows"]
        for n in (1, 3, 1)
    ]

    assert {a["number"] for rows in answers for a in rows} == {answers[0][0]["number"]}
    assert [a["state"] for rows in answers[1:] for a in rows] == ["again"] * 4
    with scope.work(system(town)):
        assert [r.said_at for r in Report.objects.filter(tenant_id=town)] == [written]
