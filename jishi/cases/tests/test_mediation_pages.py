"""Mediation on the screens and over the interface: each party by his own way in, the mediator, the lead, everybody."""

import json
import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone
from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.accounts.tests.factories import signed_in
from jishi.cases.actions import mediation
from jishi.cases.models import Case, Mediation
from jishi.cases.queries import mediations
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import mediation_steps as m
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.cases.tests.letter_steps import opened, pressed
from jishi.foundation import scope
from jishi.foundation.actor import system


def _chair(town: int) -> Client:
    actor = m.chair(town)
    with scope.work(system(town)):
        identity = accounts.identity_of(actor.account_id or 0, now=timezone.now())
    assert identity is not None
    return signed_in(Client(headers=HOST), identity.account, post=actor.post_id)


def _recent(town: int) -> tuple[Case, Client, Client]:
    """A case, its lead's screen, and the caller's who has shown number and word."""
    began = timezone.now() - timedelta(hours=4)
    done = f.receive(town, now=began, text=m.NOISE, wants_word=True)
    case = f.again(town, done.case_id)
    for reached, live in f._ROAD[Status.HANDLING]:
        live(case, began + timedelta(minutes=30))
        case = f.again(town, case.id)
        assert case.status == reached
    from jishi.bodies import queries as bodies

    with scope.work(system(town)):
        code = bodies.names()[case.lead_id or 0].code
    caller = Client(headers=HOST)
    caller.post("/mine", {"number": done.number, "word": done.word})
    caller.number = done.number  # type: ignore[attr-defined]
    return case, colleague(town, "handler", body=code), caller


def _said(town: int, case: Case, **more: Any) -> dict[str, Any]:
    return {"danger": "none", "kind": "neighbours", "what": m.ABOUT, "other": m.OTHER.name, "contact": m.OTHER.contact,
            "mediator": m.line_of(town).id, "version": case.version, **more}  # fmt: skip


def _path(page: str) -> str:
    found = re.search(r"/mediate#[\w-]+", page)
    assert found, page[-3000:]
    return found[0]


def _row(town: int, case: Case) -> Mediation:
    with scope.work(system(town)):
        return Mediation.objects.select_related("mediator", "case").get(case=case)


def _press(client: Client, base: str, code: str, row: Mediation, **said: Any) -> Any:
    return pressed(client, base, {"version": m.again(row).version, **said}, code)


def test_two_people_come_to_terms_each_on_his_own_page_and_only_they_read_them(town: int) -> None:
    case, lead, caller = _recent(town)
    made = lead.post(f"/cases/{case.number}/mediation", _said(town, case))
    link, row, chair, other = _path(made.content.decode()), _row(town, case), _chair(town), Client(headers=HOST)
    base = f"/mine/{caller.number}/mediation"  # type: ignore[attr-defined]

    asked = opened(other, link)
    both = [_press(other, link, "consent", row).status_code,
            _press(caller, base, "consent", row, name="老周", contact="13900000888").status_code]  # fmt: skip
    at = f"/desk/mediations/{row.id}"
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    came = [m.parties(row)[0].party_id]
    sat = _press(chair, at, "sitting", row, held_at=now, where="议事厅", came=came, notes=m.NOTES)
    day = (localdate() + timedelta(days=5)).isoformat()
    wrote = _press(chair, at, "draft", row, terms=m.TERMS, oral="no", day_1=day)
    agreed = [_press(caller, base, "agree", row).status_code, _press(other, link, "agree", row).status_code]

    assert made.status_code == asked.status_code == 200
    assert (both, sat.status_code, wrote.status_code, agreed) == ([302, 302], 302, 302, [302, 302])
    assert m.again(row).status == "AGREED"
    for page in (opened(other, link), caller.get(base), chair.post(f"{at}/papers")):
        told = page.content.decode()
        assert m.TERMS in told
        assert m.NOTES in told
        assert "老周" in told
        assert ("13900000888" in told) is ("papers" in page.request["PATH_INFO"])
    closed = [at, f"/cases/{case.number}/mediation", f"/cases/{case.number}"]
    for page in [*map(lead.get, closed), chair.get(at)]:
        assert page.status_code == 200
        assert m.TERMS not in page.content.decode()
        assert m.OTHER.contact not in page.content.decode()
    assert m.OTHER.contact not in caller.get(base).content.decode()
    assert "人民调解法" in caller.get(base).content.decode()
    assert [r.row.id for r in _mine(town)] == [row.id]
    assert _press(caller, base, "broken", row).status_code == 302
    assert "起诉" in caller.get(base).content.decode()


def _mine(town: int) -> list[mediations.OneMediation]:
    by = m.chair(town)
    with scope.work(by):
        return mediations.mine(by=by, lang="zh")


def test_the_page_of_the_case_leads_its_lead_to_the_open_form_and_nobody_else(town: int) -> None:
    case, lead, _caller = _recent(town)
    where = f"/cases/{case.number}/mediation?propose=1"

    assert f'href="{where}#propose"' in lead.get(f"/cases/{case.number}").content.decode()
    assert '<details id="propose" open>' in lead.get(where).content.decode()
    assert where not in colleague(town, "dispatcher").get(f"/cases/{case.number}").content.decode()


def test_a_caller_proposes_it_himself_and_passes_the_link_on(town: int) -> None:
    case, _lead, caller = _recent(town)
    base = f"/mine/{caller.number}/mediation"  # type: ignore[attr-defined]

    shown = caller.get(base).content.decode()
    danger = caller.post(f"{base}/propose", _said(town, case, danger="violence"))
    made = caller.post(f"{base}/propose", _said(town, case))

    assert "不收费" in shown
    assert (danger.status_code, "110" in danger.content.decode()) == (422, True)
    assert _path(made.content.decode())
    assert base in caller.get(f"/mine/{caller.number}").content.decode()  # type: ignore[attr-defined]


def test_strangers_find_nothing_and_an_old_link_says_what_to_do(town: int) -> None:
    case, lead, _caller = _recent(town)
    link = _path(lead.post(f"/cases/{case.number}/mediation", _said(town, case)).content.decode())
    row, nobody = _row(town, case), Client(headers=HOST)
    f.do(m.chair(town), mediation.give_link, row.id, party_id=m.parties(row)[1].party_id, now=timezone.now())

    assert opened(nobody, link).status_code == 410
    assert opened(nobody, "/mediate#aaaaaaaaaaaaaaaaaaaa").status_code == 410
    assert nobody.get(f"/mine/{case.number}/mediation").status_code == 302
    assert colleague(town, "handler", body="cgj").get(f"/desk/mediations/{row.id}").status_code == 404
    assert colleague(town, "mediator", body="qdjd").get(f"/desk/mediations/{row.id}").status_code == 404
    assert _chair(town).get("/desk/mediations").status_code == 200


def test_the_register_is_public_kept_by_the_office_and_shows_no_private_number(town: int) -> None:
    line, office, nobody = m.line_of(town), colleague(town, "office", body="ldxz"), Client(headers=HOST)

    page = nobody.get("/mediators").content.decode()
    kept = office.get("/desk/mediators")
    ended = office.post(f"/desk/mediators/{line.id}/end", {"why": "退休", "version": line.version})
    empty = nobody.get("/mediators?kind=labour").content.decode()

    assert "宋和平" in page
    assert "河西街道人民调解委员会" in page
    assert (kept.status_code, ended.status_code) == (200, 302)
    assert "宋和平" not in empty
    assert colleague(town, "supervisor").get("/desk/mediators").status_code == 403
    account = m.chair(town)
    again = {"post": f"{account.account_id}.{min(account.body_ids)}", "name": "宋和平", "committee": "河西调委会",
             "kinds": ["neighbours"], "languages": "普通话、粤语", "active_from": localdate().isoformat()}  # fmt: skip
    assert office.post("/desk/mediators", again).status_code == 302
    assert "宋和平" in nobody.get("/mediators").content.decode()


def test_the_interface_moves_it_as_the_pages_do_and_tells_nothing_sealed(town: int) -> None:
    case, lead, caller = _recent(town)
    said = {"kind": "neighbours", "what": m.ABOUT, "mediator": m.line_of(town).id, "danger": "none",
            "others": [{"name": m.OTHER.name, "contact": m.OTHER.contact}]}  # fmt: skip

    def send(client: Client, path: str, body: Any, version: int) -> Any:
        return client.post(
            f"/api/v1{path}", json.dumps(body), content_type="application/json", headers={"If-Match": f'"{version}"'}
        )

    made = send(lead, f"/cases/{case.number}/mediations", said, case.version)
    row = made.json()["id"]
    yes = send(caller, f"/mediations/{row}/consent", {}, made.json()["version"])
    stale = send(caller, f"/mediations/{row}/leave", {}, 1)
    listed = lead.get(f"/api/v1/cases/{case.number}/mediations").content.decode()

    assert (made.status_code, yes.status_code, stale.status_code) == (201, 200, 412), yes.content
    assert [p["consented"] for p in yes.json()["parties"]] == [True, False]
    assert m.OTHER.name not in listed
    assert m.OTHER.contact not in made.content.decode()
    assert lead.get("/api/v1/mediators").json()["mediators"][0]["phone"]
