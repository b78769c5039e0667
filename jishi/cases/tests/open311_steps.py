"""A stranger's program at the door: it reads both forms and knows nothing of us but the specification."""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from django.test import Client
from django.utils import timezone

from conftest import TOWN
from jishi.cases.actions import programs
from jishi.duties.actions import codebook
from jishi.duties.actions.codebook import NewMatter
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant

HOST = "town.example"
BASE = "/open311/v2"
TRIAL = "/open311/test/v2"
DRAIN = "01.02.01"  # public at once, with a question
LISTS = ("services", "service_requests", "errors", "service_request_updates", "attributes", "values", "endpoints",
         "formats", "returned_by", "media", "answer_media")  # fmt: skip


def program(**headers: str) -> Client:
    return Client(SERVER_NAME=HOST, headers=headers or None)


def key_of(tenant_id: int, *, per_minute: int = 600, datum: str = "wgs84", name: str = "app") -> str:
    with scope.work(system(tenant_id)):
        made = programs.register(
            name, by=system(tenant_id), now=timezone.now() - timezone.timedelta(days=400), per_minute=per_minute,
            datum=datum,
        )  # fmt: skip
    return made[1]


def trial_of(town: int) -> int:
    return Tenant.objects.get(code=f"{TOWN}T").id


@dataclass(frozen=True)
class Heard:
    """One answer in one form, as values: lists are lists, empty is None."""

    status: int
    value: Any
    raw: Any

    def __getitem__(self, name: str) -> str:
        return str(self.raw[name])


def heard(answer: Any, fmt: str) -> Heard:
    if fmt == "json":
        assert answer["Content-Type"].startswith("application/json"), (answer.status_code, answer["Content-Type"])
        return Heard(answer.status_code, answer.json(), answer)
    assert answer["Content-Type"].startswith("text/xml"), (answer.status_code, answer["Content-Type"])
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    return Heard(answer.status_code, value_of(ET.fromstring(answer.content)), answer)


def value_of(element: ET.Element) -> Any:
    """Read an element by the specification alone: which elements hold lists is known."""
    if element.tag in LISTS:
        return [value_of(one) for one in element]
    if len(element):
        return {one.tag: value_of(one) for one in element}
    return element.text


def plain(value: Any) -> Any:
    """Make JSON values comparable with those of XML, where all is text."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in (None, "") else str(value)


def get(path: str, fmt: str = "json", client: Client | None = None, base: str = BASE, **query: Any) -> Heard:
    return heard((client or program()).get(f"{base}/{path}.{fmt}", query), fmt)


def post(path: str, body: dict[str, Any], fmt: str = "json", base: str = BASE, **headers: str) -> Heard:
    return heard(program().post(f"{base}/{path}.{fmt}", body, headers=headers or None), fmt)


def both(path: str, base: str = BASE, **query: Any) -> Heard:
    """Ask in both forms, insist that they say the same, give the JSON."""
    json, xml = (get(path, fmt, base=base, **query) for fmt in ("json", "xml"))
    assert json.status == xml.status, (json.value, xml.value)
    assert plain(json.value) == (xml.value if xml.value is not None else []), path
    return json


def a_report(key: str, **facts: Any) -> dict[str, Any]:
    return {
        "api_key": key, "service_code": DRAIN, "lat": "31.0", "long": "121.0", "description": "雨水井堵了，下雨积水。",
        **facts,
    }  # fmt: skip


def posted(key: str, **facts: Any) -> str:
    said = post("requests", a_report(key, **facts))
    assert said.status == 200, said.value
    return str(said.value[0]["service_request_id"])


def with_questions(town: int, *questions: dict[str, Any], **more: Any) -> str:
    """A second edition of the book in which one matter asks these questions; 01.01.01 has become 02."""
    by = system(town)
    with scope.work(by):
        codebook.adopt_book(
            [
                NewMatter("02", "照明", "Lighting"),
                NewMatter("02.01", "路灯", "Street lights", default_visibility="public", questions=questions, **more),
                NewMatter("02.02", "内部的", "Internal", public=False),
                NewMatter("02.03", "噪声", "Noise", default_visibility="public_after_review"),
                NewMatter("02.04", "家里漏水", "Leak at home", default_visibility="public", at_home=True),
                NewMatter("01", "供水", "Water"),
                NewMatter("01.02", "排水", "Drains"),
                NewMatter("01.02.01", "雨水井堵塞", "Drain", default_visibility="public"),
            ],
            number=2, effective_from=timezone.localdate(), source="test", by=by, now=timezone.now(),
        )  # fmt: skip
    return "02.01"


CHOICE = {"code": "lamp", "text": "几盏不亮", "text_en": "How many lamps", "type": "choice", "required": True,
          "choices": [{"code": "one", "text": "一盏", "text_en": "One"}, {"code": "row", "text": "一排"}]}  # fmt: skip
MANY = {"code": "when", "text": "什么时候", "type": "many",
        "choices": [{"code": "dusk", "text": "傍晚"}, {"code": "night", "text": "夜里"}]}  # fmt: skip
COUNT = {"code": "height", "text": "多高", "type": "number", "unit": "m", "required": True}
SINCE = {"code": "since", "text": "从什么时候", "type": "datetime"}
WORDS = {"code": "words", "text": "别的", "type": "text"}
NOTE = {"code": "note", "text": "有电的地方不要碰", "type": "note"}
YES_NO = {"code": "wire", "text": "有电线露出来吗", "type": "bool"}
