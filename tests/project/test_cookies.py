"""Cookies are Secure and their names say so (ASVS V3.3.1): a browser then refuses one that came without TLS."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from jishi.accounts.tests.test_by_phone import NUMBER, OTHER, ask, code_in, enter, twin
from jishi.cases.web import letters
from jishi.cases.web.resident import receipts
from jishi.foundation.tenants import Tenant

__all__ = ["twin"]  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]


def test_every_cookie_is_secure_and_its_name_says_so(client: Client, tenant: int, twin) -> None:
    """Of a sign-in by number, of the display, of a changed number, of a receipt, of a letter."""
    ask(client)
    enter(client, code_in(twin))
    client.post("/display", {"language": "en", "elder": "1"})
    client.post("/me/number", {"old": NUMBER, "new": OTHER})
    answer = receipts.hand_over(HttpResponse(), receipts.Slip(1, "word"))

    request = RequestFactory().post("/feedback")
    request.tenant = Tenant(id=tenant)
    letter = letters.hand_over(request, "/feedback", "x" * 24)

    set_ = {n: one for n, one in {**client.cookies, **answer.cookies, **letter.cookies}.items() if one.value}

    assert {settings.SESSION_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, receipts.COOKIE} <= set(set_)
    assert any(name.startswith(letters.COOKIE) for name in set_)
    assert len(set_) >= 7
    for name, one in set_.items():
        assert one["secure"], name
        at_home = name.startswith("__Host-") and (one["path"], one["domain"]) == ("/", "")
        assert at_home or name.startswith("__Secure-"), name
