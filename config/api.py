"""The API: one document, one error form. Rooms bring routers; nothing else is mounted."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from jishi.accounts.web.middleware import problem
from jishi.bodies.rest import router as bodies
from jishi.cases.rest import router as cases
from jishi.duties.rest import router as duties
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.places.rest import points
from jishi.places.rest import router as places
from jishi.places.rest.asking import router as asking
from jishi.places.rest.codes import router as codes
from jishi.places.rest.editions import router as editions
from jishi.places.rest.giving import router as giving
from jishi.places.rest.incoming import router as incoming
from jishi.places.rest.keeping import router as houses
from jishi.places.rest.plans import router as gridplans


class Quick(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


DEEPEST, LOCATE = 64, "/api/v1/locate"


class TooLarge(Refused):
    code, status = "too_large", 413
    zh, en = "内容超过 1 MB。", "The body is above 1 MiB."
    next_zh, next_en = "分成几次发。", "Send it in parts."


class Strict(Parser):
    """JSON as spec 90 §9 wants it: at most 1 MiB, an object or a list, nothing else. One door takes tables too."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type in points.TABLES and request.path == LOCATE:
            return points.read(request)
        try:
            said = orjson.loads(request.body)
        except orjson.JSONDecodeError as no:
            raise Invalid(detail=f"JSON: {no}") from None
        _ensure_plain(said, DEEPEST)
        json.loads(request.body, object_pairs_hook=_once)
        return said


def _ensure_plain(value: Any, deeper: int) -> None:
    """Refuse what no field of ours holds: NUL, depth over 64, integers beyond 2⁵³."""
    if deeper == 0:
        raise Invalid(detail=f"JSON: > {DEEPEST}")
    if isinstance(value, str) and "\x00" in value:
        raise Invalid(detail="U+0000")
    if isinstance(value, int | float) and abs(value) > 2**53:
        raise Invalid(detail="JSON: > 2^53")
    if isinstance(value, dict):
        for name, one in value.items():
            _ensure_plain(name, deeper)
            _ensure_plain(one, deeper - 1)
    if isinstance(value, list):
        for one in value:
            _ensure_plain(one, deeper - 1)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name given twice: two readers would see two things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid(detail="JSON: duplicate names")
    return found


PROBLEM: dict[str, Any] = {
    "title": "Problem", "type": "object", "required": ["type", "title", "status", "code", "next", "facts"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "code": {"type": "string"}, "next": {"type": "string"}, "facts": {"type": "object"},
    },
}  # fmt: skip
REFUSED = {
    "description": "Refused: which rule (`code`), a sentence for the person (`title`), and what to do now (`next`).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class Documented(NinjaAPI):
    """One form for every refusal of every route, in the document as well (spec 00, One form at every door)."""

    def get_openapi_schema(self, **given: Any) -> Any:
        """This will give the document; what is no success is said in the one form."""
        document = super().get_openapi_schema(**given)
        document["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        for methods in document["paths"].values():
            for operation in methods.values():
                operation["responses"]["default"] = REFUSED
        return document


def ensure_known(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Let a call be asked by the names it declares and refuse any other: who filters by one would believe the answer.

    One door for every route of every room, so that a new list need not remember it.
    """
    declared = operation._ninja_operation.models  # type: ignore[attr-defined]
    known = {n for m in declared if m.__ninja_param_source__ == "query" for n in m.__ninja_flatten_map__}

    @wraps(operation)
    def asked(request: HttpRequest, *args: Any, **given: Any) -> Any:
        if foreign := sorted(set(request.GET) - known):
            fields = [f"{name[:40]}: unknown name" for name in foreign[:10]]
            raise Invalid(detail="; ".join(fields), fields=fields)
        return operation(request, *args, **given)

    return asked


api = Documented(title="Jishi", version="1", urls_namespace="api", renderer=Quick(), parser=Strict(), docs_url=None)
api.add_decorator(ensure_known)
# `editions` before `asking`: /grids/borders is no code of a grid
for router in (cases, duties, bodies, places, editions, asking, codes, incoming, giving, houses, gridplans):
    api.add_router("", router)


@api.exception_handler(Refused)
def refuse(request: HttpRequest, no: Refused) -> HttpResponse:
    """Speak a refusal as problem+json."""
    request.afterwards = no.afterwards  # type: ignore[attr-defined]
    return problem(no)


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, no: RequestDataTooBig) -> HttpResponse:
    """Speak a body above 1 MiB in our form; the framework reads it before our parser does."""
    return problem(TooLarge())


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, no: ValidationError) -> HttpResponse:
    """Speak a wrong shape in our form: which field, what is wrong."""
    fields = [f"{'.'.join(str(p) for p in e['loc'] if p not in ('body', 'payload'))}: {e['msg']}" for e in no.errors]
    return problem(Invalid(detail="; ".join(fields)[:500], fields=fields))


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, no: HttpError) -> HttpResponse:
    """Speak the framework's own refusals in our form."""
    return problem(NotFound() if no.status_code == 404 else Invalid(detail=str(no)))
