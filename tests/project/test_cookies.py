"""Cookies are Secure, of one host, and named so (ASVS V3.3.1, V3.3.3): none comes without TLS or from a neighbour."""

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages import storage
from django.http import HttpResponse
from django.test import Client, RequestFactory

from jishi.accounts.tests.test_by_phone import NUMBER, OTHER, ask, code_in, enter, twin
from jishi.cases.web import letters
from jishi.cases.web.resident import receipts
from jishi.foundation.tenants import Tenant
from jishi.portal.middleware import Told

__all__ = ["twin"]  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]


def test_every_cookie_is_secure_and_its_name_says_so(client: Client, tenant: int, twin) -> None:
    """Of a sign-in by number, the display, a changed number, a receipt, a letter, what a page says once."""
    ask(client)
    enter(client, code_in(twin))
    client.post("/display", {"language": "en", "elder": "1"})
    client.post("/me/number", {"old": NUMBER, "new": OTHER})
    answer = receipts.hand_over(HttpResponse(), receipts.Slip(1, "word"))

    request = RequestFactory().post("/feedback")
    request.tenant = Tenant(id=tenant)
    letter = letters.hand_over(request, "/feedback", "x" * 24)

    once = HttpResponse()
    told = storage.default_storage(request)
    told.add(messages.SUCCESS, "done")
    told.update(once)

    given = {**client.cookies, **answer.cookies, **letter.cookies, **once.cookies}
    set_ = {name: one for name, one in given.items() if one.value}

    assert {settings.SESSION_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, receipts.COOKIE} <= set(set_)
    assert any(name.startswith(letters.COOKIE) for name in set_)
    assert Told.cookie_name in set_
    assert len(set_) >= 8
    for name, one in set_.items():
        assert one["secure"], name
        assert name.startswith("__Host-"), name
        assert (one["path"], one["domain"]) == ("/", ""), name
