"""Whose houses: in the founded town a community opens the page of its own, a company that works there does not."""

from datetime import UTC, datetime

from django.test import Client

from jishi.accounts.models import Account, Grant
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies import queries as bodies
from jishi.foundation import scope
from jishi.foundation.actor import system

HOUSES = "/desk/ground/compounds"


def test_a_community_keeps_its_own_houses_and_a_company_that_works_there_does_not(town: int, in_the_town: None) -> None:
    company = an_account(town)
    with scope.work(system(town)):
        own = Account.objects.get(username="cuizhu1")
        post = Grant.objects.get(account=own, role="handler").post_id
        known = {b.code: b for b in bodies.names().values()}
    a_grant(company, "handler", body_id=known["rlgs"].id, post_id=90_001, area=known["sqcz"].division_code)
    clients = [
        signed_in(Client(headers={"host": "town.example"}), who, post=at, at=datetime.now(UTC))
        for who, at in ((own, post), (company, 90_001))
    ]

    assert [client.get(HOUSES).status_code for client in clients] == [200, 403]
    pressed = [client.post("/desk/ground/keep/end", {"of_compound": 1, "what": "compound"}) for client in clients]
    assert pressed[1].status_code == 403
