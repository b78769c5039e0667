"""What there is to ask: every address of the site, every operation of the API, and words that a form could hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from config.api import api

WORDS = "已到现场看过，情况属实，按清单办理，三天内给您答复。"
MOMENTS = {"date": "2026-03-09", "date-time": "2026-03-09T02:00:00Z", "uri": "https://example.org/"}
SEEN: dict[str, Any] = {"integer": 1, "boolean": True, "object": {}, "number": 1.0, "string": WORDS}
NAMED: dict[str, Any] = {  # what a field of this name holds, where words would say nothing
    "verdict": "approved", "until": "2027-01-09", "into": "<home>", "case": "<number>", "report": "<report>",
    "kind": "deliver", "urgency": "urgent", "ground": "awaiting_caller", "how": "phone", "reached": "yes",
    "verb": "urge", "cases": ["<number>"], "amount": "5wd", "parent": "990181000000", "year": 2026,
    "matter": "02.02.04", "division": "990181001000", "body": "<asked>",
}  # fmt: skip
UNSAID = ("/admin", "/static")


@dataclass(frozen=True)
class Route:
    """One method of one address, as it is mounted; `body` is what its document requires, for the API."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    query: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def mounted(patterns: Any, before: str = "") -> Iterator[str]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from mounted(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield path


def pages() -> list[Route]:
    """Both ways of asking for every address that is no route of the API."""
    paths = dict.fromkeys(
        "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", path) for path in mounted(get_resolver().url_patterns)
        if not path.startswith(("api/", "open311/test/")) and "(?P" not in path and not path.endswith(">/")
    )  # fmt: skip
    return [Route(method, path) for path in paths if not path.startswith(UNSAID) for method in ("GET", "POST")]


def operations() -> list[Route]:
    """Every operation of the API document."""
    document = api.get_openapi_schema()
    return [
        Route(method.upper(), path, required(operation, document), asked(operation, document))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ] + [Route("GET", "/api/v1/openapi.json")]


def required(operation: Any, document: Any) -> dict[str, Any] | None:
    """What the body of an operation must hold, filled."""
    said = operation.get("requestBody", {}).get("content", {}).get("application/json")  # none, or a form with files
    return filled_in(said["schema"], document) if said else None


def asked(operation: Any, document: Any) -> tuple[tuple[str, Any], ...]:
    """What the address must be asked with."""
    return tuple(
        (one["name"], NAMED.get(one["name"], filled_in(one["schema"], document)))
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one.get("required")
    )  # fmt: skip


def filled_in(schema: Any, document: Any) -> Any:
    """A value of this shape: what is required, the first of what may be chosen, words where words are asked."""
    if "$ref" in schema:
        return filled_in(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object" or "properties" in schema:
        wanted = schema.get("required", ())
        parts = schema.get("properties", {}).items()
        return {name: NAMED.get(name, filled_in(part, document)) for name, part in parts if name in wanted}
    if schema.get("type") == "array":
        rows = schema.get("prefixItems") or [schema["items"]] * max(1, schema.get("minItems", 1))
        return [filled_in(one, document) for one in rows]
    if "anyOf" in schema:
        return filled_in(schema["anyOf"][0], document)
    if schema.get("type") == "string":
        return MOMENTS.get(schema.get("format", ""), WORDS[: schema.get("maxLength", 400)])
    return SEEN.get(schema.get("type", "string"))
