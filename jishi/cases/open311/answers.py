"""One answer in two forms: the same Python value written as XML and as JSON (spec 13 §2).

A list is a list in JSON and repeated elements in XML; nothing is absent: empty is `null` and an empty element.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree as ET

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

FORMS = {"xml": "text/xml", "json": "application/json"}
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
# What an element of a list is called; other lists are made of `item`.
ELEMENTS = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request",
    "errors": "error", "endpoints": "endpoint", "formats": "format", "service_request_updates": "request_update",
}  # fmt: skip
# XML 1.0 holds none of these; JSON clients are spared them too.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call answers: the root element, the value, when it was last changed, headers of its own."""

    root: str
    value: Any
    changed_at: datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a call."""

    code: int
    description: str


class Wrong(Exception):
    """A call that is refused; several faults are told at once."""

    def __init__(self, *faults: Fault, headers: dict[str, str] | None = None) -> None:
        self.faults, self.headers = faults, headers or {}
        super().__init__("; ".join(f.description for f in faults))

    def as_answer(self) -> Answer:
        """Give the body of the refusal; its status is that of the first fault."""
        rows = [{"code": f.code, "description": f.description} for f in self.faults]
        return Answer("errors", rows, headers=self.headers, status=self.faults[0].code)


def clean(text: str) -> str:
    """Give the text without what no XML document can hold.

    >>> clean("a\\x00b\\ud800c")
    'abc'
    """
    return _FORBIDDEN.sub("", text)


def written(answer: Answer, form: str) -> bytes:
    """Write an answer in `form` (xml, json)."""
    if form == "json":
        return orjson.dumps(_plain(answer.value))
    root = ET.Element(answer.root)
    _fill(root, answer.root, answer.value)
    return DECLARATION + ET.tostring(root, encoding="unicode").encode("utf-8")


def response(request: HttpRequest, answer: Answer, form: str, *, bare: bool = False) -> HttpResponse:
    """Give the HTTP answer; readings carry ETag and Last-Modified, and are not sent twice. `bare`: discovery alone."""
    body = written(answer, form)
    made = HttpResponse(body, status=answer.status, content_type=FORMS[form] + ("" if bare else "; charset=utf-8"))
    for name, value in answer.headers.items():
        made[name] = value
    if request.method in ("GET", "HEAD", "OPTIONS"):
        made["Access-Control-Allow-Origin"] = "*"
        made["Access-Control-Expose-Headers"] = "Link, X-Total-Count, ETag, Last-Modified"
        made["Cross-Origin-Resource-Policy"] = "cross-origin"
    if answer.status != 200 or request.method not in ("GET", "HEAD"):
        made["Cache-Control"] = "no-store"
        return made
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    made["ETag"], made["Cache-Control"] = etag, "no-cache"
    moment = int(answer.changed_at.timestamp()) if answer.changed_at else None
    if moment is not None:
        made["Last-Modified"] = http_date(moment)
    return get_conditional_response(request, etag=etag, last_modified=None, response=made) or made


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value) or None
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _fill(element: ET.Element, name: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            _fill(ET.SubElement(element, key), key, one)
    elif isinstance(value, list | tuple):
        for one in value:
            item = ELEMENTS.get(name, "item")
            _fill(ET.SubElement(element, item), item, one)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = clean(str(value)) or None
