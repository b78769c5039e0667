"""No log line and no error page tells of a person, whatever went wrong (spec 90 §11, §19)."""

import io
import logging
import sys

import pytest
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from config import logs
from jishi.accounts.models import Account
from jishi.accounts.web import tenants
from jishi.cases.web import letters

NAME, PHONE, TOKEN = "王建国", "13800138000", "Zt9-secret-link-77"


def twice(request: HttpRequest, number: str = "") -> HttpResponse:
    """Write one unique name twice: PostgreSQL quotes it in DETAIL."""
    for _ in range(2):
        Account.objects.create(tenant_id=request.tenant.id, username=f"{NAME} {PHONE}", name=NAME, password="!")
    return HttpResponse()


def stumble(request: HttpRequest) -> HttpResponse:
    """Fail the way Python does, quoting what somebody typed, with another error in front."""
    try:
        int(request.POST["text"])
    except ValueError as no:
        raise RuntimeError(f"cannot read {request.POST['text']}") from no
    return HttpResponse()


urlpatterns = [
    path("twice", twice),
    path("mine/<str:number>", twice),
    path("feedback", stumble),
    path("stumble", stumble),
    path("", include("jishi.accounts.web.urls")),
    path("", include("jishi.portal.web.urls")),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def written():
    """What the installation's own handler writes."""
    (ours,) = [h for h in logging.getLogger().handlers if isinstance(h.formatter, logs.Line)]
    stream = io.StringIO()
    before = ours.setStream(stream)
    tenants.forget()
    yield stream
    ours.setStream(before)


@pytest.fixture
def browser(tenant: int):
    return Client(raise_request_exception=False)


def tells(text: str) -> list[str]:
    return [secret for secret in (NAME, PHONE, TOKEN, "geheim", "DETAIL") if secret in text]


def test_constraint_detail_never_reaches_a_log(browser, written) -> None:
    answer = browser.post(f"/twice?phone={PHONE}", {"name": NAME})

    line = written.getvalue()
    assert answer.status_code == 500
    assert tells(line) == []
    assert "500 POST /twice" in line
    assert "23505 accounts_account one_account_per_name" in line  # where to look is said
    assert "test_logs.py" in line


def test_the_error_page_tells_nothing_of_the_row(browser, written) -> None:
    page = browser.post("/twice", {"name": NAME}).content.decode()

    assert tells(page) == []
    assert "Traceback" not in page
    assert "accounts_account" not in page


def test_what_an_address_names_is_not_in_a_log(browser, written) -> None:
    browser.get(f"/mine/{TOKEN}")

    assert tells(written.getvalue()) == []
    assert "/mine/<str:number>" in written.getvalue()


def test_the_code_of_a_letter_is_not_in_a_log_nor_on_the_page_of_an_error(browser, written) -> None:
    browser.cookies[f"{letters.COOKIE}0011223344556677"] = TOKEN
    answer = browser.post("/feedback", {"letter": TOKEN, "text": NAME}, headers={"letter": TOKEN})

    assert answer.status_code == 500
    assert tells(written.getvalue() + answer.content.decode()) == []
    assert "500 POST /feedback" in written.getvalue()


def test_headers_and_bodies_are_not_in_a_log(browser, written) -> None:
    browser.cookies["jishi"] = "geheim"
    browser.post("/stumble", {"text": NAME}, headers={"authorization": f"Bearer {TOKEN}", "idempotency-key": PHONE})

    line = written.getvalue()
    assert tells(line) == []
    assert "RuntimeError" in line
    assert "behind it: ValueError" in line


def test_an_error_that_another_handler_wrote_out_is_not_repeated(written) -> None:
    try:
        int(PHONE + NAME)
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    record.exc_text = logging.Formatter().formatException(record.exc_info)

    logging.getLogger().handle(record)

    assert tells(written.getvalue()) == []


@pytest.mark.parametrize(
    "line",
    [
        f"Key (tenant_id, name) fails\nDETAIL:  Key (username)=({NAME}) already exists.",
        "GET /mine/Zt9-secret-link-77 500",
        "opened https://town.example/feedback#Zt9-secret-link-77",
        "headers: {'Letter': 'Zt9-secret-link-77'}",
        f"call from 138 0013-8000 or {PHONE}",
        "headers: {'Authorization': 'Bearer Zt9-secret-link-77'}",
        "Cookie: jishi=geheim; b=2",
        "GET /open311/v2/requests.json&api_key=Zt9-secret-link-77",
        "{'api_key': 'Zt9-secret-link-77', 'lat': '31'}",
        f"https://town.example/mine?word=geheim&phone={PHONE}",
    ],
)
def test_lines_of_others_are_cleaned(written, line: str) -> None:
    logging.getLogger("somebody.elses").error("%s", line)

    assert tells(written.getvalue()) == []
    assert "0013" not in written.getvalue()


def test_an_error_that_nobody_catches_tells_only_its_kind(monkeypatch, capsys, tenant: int) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", lambda found: None)
    logs.guard_uncaught()
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO accounts_account (username) VALUES (%s)", [NAME])
    except DatabaseError as fault:
        sys.excepthook(type(fault), fault, fault.__traceback__)

    said = capsys.readouterr().err
    assert tells(said) == []
    assert "django.db.utils.ProgrammingError" in said
    assert "42501" in said
