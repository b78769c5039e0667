"""The API: one document, one error form. Rooms bring routers; nothing else is mounted."""

from typing import Any

import orjson
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
from jishi.places.rest import router as places


class Quick(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


class Strict(Parser):
    """JSON as spec 90 §9 wants it: at most 1 MiB, an object or a list, nothing else."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return orjson.loads(request.body)
        except orjson.JSONDecodeError as no:
            raise Invalid(detail=f"JSON: {no}") from None


api = NinjaAPI(title="Jishi", version="1", urls_namespace="api", renderer=Quick(), parser=Strict(), docs_url=None)
for router in (cases, duties, bodies, places):
    api.add_router("", router)


@api.exception_handler(Refused)
def refuse(request: HttpRequest, no: Refused) -> HttpResponse:
    """Speak a refusal as problem+json."""
    request.refused = no  # type: ignore[attr-defined]
    return problem(no)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, no: ValidationError) -> HttpResponse:
    """Speak a wrong shape in our form: which field, what is wrong."""
    fields = [f"{'.'.join(str(p) for p in e['loc'] if p not in ('body', 'payload'))}: {e['msg']}" for e in no.errors]
    return problem(Invalid(detail="; ".join(fields)[:500], fields=fields))


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, no: HttpError) -> HttpResponse:
    """Speak the framework's own refusals in our form."""
    return problem(NotFound() if no.status_code == 404 else Invalid(detail=str(no)))
