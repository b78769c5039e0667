"""Webhooks: signed, at least once, in order per case, of visible cases alone, never to an address inside."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.actions import clients
from jishi.accounts.web import tenants
from jishi.cases.actions import calling, feedback
from jishi.cases.models import Feedback, Webhook
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.news_steps import Listening, listening, send_out
from jishi.cases.tests.test_attacks import HOST, client_of, send
from jishi.foundation import outbox, outside, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import Delivery, News
from jishi.foundation.outgoing import AddressRefused

PHONE = "13900000417"
LATER = MONDAY_TEN + timedelta(hours=12)


@pytest.fixture(autouse=True)
def _towns_afresh(town: int) -> Iterator[None]:
    tenants.forget()
    yield
    tenants.forget()


@pytest.fixture
def ear(settings: Any) -> Iterator[Listening]:
    with listening(settings) as heard:
        yield heard


@pytest.fixture
def api(town: int) -> Client:
    return client_of(town, "operator", "dispatcher")


def hook(api: Client, ear: Listening, key: str = "h1", **more: Any) -> dict[str, Any]:
    """Open a webhook; gives the answer."""
    said = send(api, "/webhooks", {"url": f"{ear.url}/hook", **more}, **{"Idempotency-Key": key})
    assert said.status_code == 201, said.content
    return said.json()


def said_to(ear: Listening) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in ear.got]


class TestOpening:
    def test_gives_the_secret_once_and_lists_without_it(self, api: Client, ear: Listening) -> None:
        made = hook(api, ear)

        listed = api.get("/api/v1/webhooks")

        assert re.fullmatch(r"whsec_[0-9a-f]{64}", made["secret"])
        assert [row["id"] for row in listed.json()] == [made["id"]]
        assert b"secret\"" not in listed.content and made["secret"].encode() not in listed.content

    def test_with_the_same_key_and_body_is_one_webhook(self, api: Client, ear: Listening, town: int) -> None:
        assert hook(api, ear) == hook(api, ear)

        with scope.work(system(town)):
            assert Webhook.objects.count() == 1

    def test_without_a_key_is_refused(self, api: Client, ear: Listening) -> None:
        assert send(api, "/webhooks", {"url": ear.url}).status_code == 400

    def test_leaves_one_entry_whose_codes_name_no_address(self, api: Client, ear: Listening, town: int) -> None:
        made = hook(api, ear)

        with scope.work(system(town)):
            (entry,) = trail.of("webhook", made["id"])

        assert entry.verb == "webhook.opened"
        assert "http" not in json.dumps(entry.codes)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/", "https://10.0.0.7/", "http://169.254.169.254/", "ftp://x/", "http://u:p@x.cn/"]
    )
    def test_to_an_address_inside_is_refused_and_stores_nothing(self, api: Client, town: int, url: str) -> None:
        said = send(api, "/webhooks", {"url": url}, **{"Idempotency-Key": "k"})

        assert (said.status_code, said.json()["code"]) == (422, "address_refused")
        with scope.work(system(town)):
            assert not Webhook.objects.exists()

    def test_for_an_unknown_verb_is_refused(self, api: Client, ear: Listening) -> None:
        said = send(api, "/webhooks", {"url": ear.url, "verbs": ["case.explode"]}, **{"Idempotency-Key": "k"})

        assert said.status_code == 422

    def test_by_a_person_is_refused(self, town: int, ear: Listening) -> None:
        with scope.work(f.dispatcher(town)), pytest.raises(calling.NotAllowed):
            calling.open_(ear.url, [], by=f.dispatcher(town), now=MONDAY_TEN)

    def test_of_more_than_twenty_is_refused(self, api: Client, ear: Listening) -> None:
        for i in range(20):
            hook(api, ear, key=f"k{i}", url=f"{ear.url}/{i}")

        said = send(api, "/webhooks", {"url": f"{ear.url}/20"}, **{"Idempotency-Key": "k20"})

        assert (said.status_code, said.json()["code"]) == (409, "too_many_webhooks")


class TestEnding:
    def test_needs_the_version_that_was_seen(self, api: Client, ear: Listening) -> None:
        path = f"/api/v1/webhooks/{hook(api, ear)['id']}"

        answers = [api.delete(path).status_code, api.delete(path, headers={"If-Match": '"7"'}).status_code]

        assert answers == [428, 412]

    def test_sends_nothing_more(self, api: Client, ear: Listening, town: int) -> None:
        made = hook(api, ear)
        f.a_case(town)

        said = api.delete(f"/api/v1/webhooks/{made['id']}", headers={"If-Match": '"1"'})
        send_out(town)

        assert said.status_code == 204
        assert ear.got == []
        assert api.get("/api/v1/webhooks").json() == []

    def test_of_another_programs_is_not_found(self, api: Client, ear: Listening, town: int) -> None:
        path = f"/api/v1/webhooks/{hook(api, ear)['id']}"
        other = client_of(town, "dispatcher")

        assert other.get(path).status_code == 404
        assert other.delete(path, headers={"If-Match": '"1"'}).status_code == 404
        assert other.post(f"{path}/secret", headers={"If-Match": '"1"'}).status_code == 404

    def test_of_the_programs_key_ends_its_news(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear)
        f.a_case(town)
        with scope.work(system(town)):
            clients.revoke(Webhook.objects.get().client_id, by=system(town), now=MONDAY_TEN)

        send_out(town)

        assert ear.got == []


class TestWhatIsSent:
    def test_is_signed_so_that_a_few_lines_can_check_it(self, api: Client, ear: Listening, town: int) -> None:
        secret = hook(api, ear)["secret"]
        f.a_case(town)
        send_out(town)

        headers, body = ear.got[0]
        stamp, mark = headers["Jishi-Signature"].split(",")
        seconds = stamp.removeprefix("t=")
        own = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()

        assert mark == f"v1={own}"
        assert int(seconds) == int(MONDAY_TEN.timestamp())

    def test_holds_ids_and_codes_and_no_persons_data(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear)
        case = f.a_case_at(town, Status.CLOSED)
        send_out(town, LATER)

        everything = b"".join(body for _, body in ear.got).decode()

        assert {one["case"] for one in said_to(ear)} == {case.number}
        assert not re.search(r"[一-鿿]", everything)
        assert PHONE not in everything
        allowed = {"id", "event", "case", "sequence", "at", "head", *calling.CODES}
        assert {key for one in said_to(ear) for key in one} <= allowed

    def test_is_in_order_and_counted_per_case(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear)
        first, second = f.a_case_at(town, Status.HANDLING), f.a_case_at(town, Status.OFFERED)

        send_out(town, LATER)

        for case in (first, second):
            steps = [one["sequence"] for one in said_to(ear) if one["case"] == case.number]
            assert steps == list(range(1, len(steps) + 1))
        verbs = [one["verb"] for one in said_to(ear) if one["case"] == first.number and "verb" in one]
        assert verbs == ["intake.receive", "dispatch.offer", "handover.sign"]

    def test_carries_the_head_of_the_record_that_the_trail_shows(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear)
        case = f.a_case_at(town, Status.OFFERED)
        send_out(town, LATER)

        entries = api.get(f"/api/v1/cases/{case.number}/trail").json()

        assert said_to(ear)[-1]["head"] == {"seq": entries[-1]["seq"], "hash": entries[-1]["hash"]}

    def test_is_of_the_verbs_that_were_asked_for(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear, verbs=["dispatch.offer"])
        f.a_case_at(town, Status.HANDLING)

        send_out(town, LATER)

        assert [one["verb"] for one in said_to(ear)] == ["dispatch.offer"]

    def test_waits_for_what_failed_before_of_the_same_case_and_keeps_its_number(
        self, api: Client, ear: Listening, town: int
    ) -> None:
        hook(api, ear)
        f.a_case_at(town, Status.OFFERED)
        ear.status = 500
        send_out(town)
        ear.status = 200

        send_out(town, MONDAY_TEN + timedelta(seconds=5))
        assert len(ear.got) == 1
        send_out(town, MONDAY_TEN + timedelta(seconds=10))

        ids = [one["id"] for one in said_to(ear)]
        assert ids[0] == ids[1]
        assert ids[1:] == sorted(ids[1:], key=int)
        assert [h["Jishi-Attempt"] for h, _ in ear.got[:2]] == ["1", "2"]

    def test_is_sent_again_under_the_same_number_when_the_worker_dies_after_sending(
        self, api: Client, ear: Listening, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hook(api, ear, verbs=["intake.receive"])
        f.a_case(town)
        with monkeypatch.context() as dying:
            dying.setattr(outside, "_mark", _die)
            with pytest.raises(KeyboardInterrupt):
                send_out(town)

        send_out(town, MONDAY_TEN + outside.LEASE)

        assert len(ear.got) == 2
        assert ear.got[0][0]["Jishi-Event"] == ear.got[1][0]["Jishi-Event"]

    def test_never_leaves_for_a_name_that_leads_inside_by_now(
        self, api: Client, ear: Listening, town: int, settings: Any
    ) -> None:
        hook(api, ear)
        f.a_case(town)
        settings.INSIDE = ""

        send_out(town)

        assert ear.got == []
        with scope.work(system(town)):
            assert {d.error for d in outbox.being_tried()} == {AddressRefused.code}


def _die(*_args: Any) -> None:
    raise KeyboardInterrupt


class TestANewSecret:
    def test_leaves_the_former_one_valid_for_a_day(self, api: Client, ear: Listening, town: int) -> None:
        old = hook(api, ear, verbs=["intake.receive", "dispatch.offer"])
        with scope.work(system(town)):
            by = clients.actor_by_id(Webhook.objects.get().client_id, tenant_id=town, now=MONDAY_TEN)
            assert by is not None
            _, secret = calling.change_secret(old["id"], version=1, by=by, now=MONDAY_TEN)
        case = f.a_case(town)
        send_out(town)
        f._offer(case, MONDAY_TEN + timedelta(hours=25))
        send_out(town, MONDAY_TEN + timedelta(hours=25))

        marks = [h["Jishi-Signature"].split(",")[1:] for h, _ in ear.got]
        expected = [[_mark(secret, 0, ear), _mark(old["secret"], 0, ear)], [_mark(secret, 1, ear)]]
        assert marks == expected
        assert secret != old["secret"]

    def test_by_the_door_needs_the_version_and_answers_with_the_secret(self, api: Client, ear: Listening) -> None:
        made = hook(api, ear)
        path = f"/api/v1/webhooks/{made['id']}/secret"

        bare = api.post(path)
        changed = api.post(path, headers={"If-Match": '"1"'})

        assert bare.status_code == 428
        assert changed.json()["secret"] != made["secret"]
        assert changed["ETag"] == '"2"'


def _mark(secret: str, index: int, ear: Listening) -> str:
    headers, body = ear.got[index]
    seconds = headers["Jishi-Signature"].split(",")[0].removeprefix("t=")
    return "v1=" + hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


class TestWhoMaySee:
    def test_an_accused_bodys_program_hears_nothing_of_the_case(self, town: int, ear: Listening) -> None:
        """Acceptance 10 line 9."""
        accused = f.body_id(town, "cgj")
        theirs = client_of(town, "operator", "dispatcher", "handler", bodies=(accused,))
        hook(theirs, ear)
        f.a_case(town, accused_body_ids=(accused,), voice="confidential", kind="tip_off")

        send_out(town)

        assert ear.got == []
        assert theirs.get("/api/v1/events").json() == {"events": [], "after": None}

    def test_a_handlers_program_hears_of_the_cases_of_its_body_alone(self, town: int, ear: Listening) -> None:
        case, other = f.a_case_at(town, Status.HANDLING), f.a_case(town)
        assert case.lead_id is not None
        theirs = client_of(town, "handler", bodies=(case.lead_id,))
        hook(theirs, ear)
        f.contact(case, MONDAY_TEN + timedelta(hours=3))
        f._offer(f.a_case(town, matter="01.04.02"), MONDAY_TEN)

        send_out(town, MONDAY_TEN + timedelta(hours=3))

        assert {one["case"] for one in said_to(ear)} == {case.number}
        assert other.number not in json.dumps(theirs.get("/api/v1/events").json())


class TestReplay:
    @pytest.fixture(autouse=True)
    def _now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from jishi.cases.rest import news

        monkeypatch.setattr(news.timezone, "now", lambda: MONDAY_TEN + timedelta(days=1))

    def test_gives_what_was_sent_in_the_same_words_and_order(self, api: Client, ear: Listening, town: int) -> None:
        hook(api, ear)
        f.a_case_at(town, Status.HANDLING)
        send_out(town, LATER)

        replayed = api.get("/api/v1/events?limit=200").json()["events"]

        assert [one["id"] for one in replayed] == sorted((one["id"] for one in said_to(ear)), key=int)
        assert replayed[-1] == said_to(ear)[-1]

    def test_goes_on_page_by_page_until_everything_was_given_once(self, api: Client, town: int) -> None:
        f.a_case_at(town, Status.HANDLING)
        send_out(town)
        everything = [one["id"] for one in api.get("/api/v1/events?limit=200").json()["events"]]

        pages, after = [], ""
        while after is not None:
            page = api.get(f"/api/v1/events?limit=2&after={after}").json()
            pages += [one["id"] for one in page["events"]]
            after = page["after"]

        assert pages == everything
        assert len(everything) >= 4

    def test_goes_back_thirty_days(self, api: Client, town: int) -> None:
        f.a_case(town, now=MONDAY_TEN - timedelta(days=40))
        f.a_case(town, now=MONDAY_TEN - timedelta(days=20))
        send_out(town)

        events = api.get("/api/v1/events").json()["events"]

        assert {one["at"][:10] for one in events} == {(MONDAY_TEN - timedelta(days=20)).date().isoformat()}

    def test_is_refused_to_residents_and_strangers(self, town: int) -> None:
        assert Client(SERVER_NAME=HOST).get("/api/v1/events").status_code == 403

    def test_says_nothing_before_the_worker_has_taken_it_up(self, api: Client, town: int) -> None:
        f.a_case(town)

        assert api.get("/api/v1/events").json() == {"events": [], "after": None}


def test_a_stolen_listing_shows_no_persons_data(api: Client, ear: Listening, town: int) -> None:
    hook(api, ear)
    case = f.a_case_at(town, Status.FEEDBACK)
    with scope.work(system(town)):
        row = Feedback.objects.filter(case=case).first()
        assert row is not None
    f.do(f.caller_desk(town), feedback.answer, row.id, answers=feedback.Answers("yes", "yes", "satisfied"),
         now=MONDAY_TEN + timedelta(hours=9))  # fmt: skip
    ear.status = 500
    send_out(town, MONDAY_TEN + timedelta(hours=10))

    with scope.work(system(town)):
        rows = [*News.objects.values(), *Delivery.objects.values(), *Webhook.objects.values()]
    stolen = json.dumps(rows, default=str, ensure_ascii=False)

    assert PHONE not in stolen
    assert not re.search(r"[一-鿿]", stolen)
    assert "whsec_" not in stolen
