"""Addresses of Open311. A slash at the end is served too: a redirect would lose the body of a POST (spec 13 §8)."""

from collections.abc import Callable
from typing import Any

from django.urls import path, re_path

from jishi.cases.open311 import calls, pages

CALLS: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("services", calls.services, "services"),
    ("services/<str:code>", calls.definition, "definition"),
    ("requests", calls.requests, "requests"),
    ("requests/<str:ids>", calls.one, "request"),
    ("tokens/<str:token>", calls.token, "token"),
    ("servicerequestupdates", calls.updates, "updates"),
    ("coverage", calls.coverage, "coverage"),
)

urlpatterns = [path("open311", pages.developers, name="open311")]
for tail in ("", "/"):
    urlpatterns.append(path(f"open311/discovery.<str:fmt>{tail}", calls.discovery, name=f"open311-discovery{tail}"))
    for root, trial in (("open311/v2", False), ("open311/test/v2", True)):
        urlpatterns += [
            path(f"{root}/{way}.<str:fmt>{tail}", call, {"trial": trial}, name=f"open311-{name}-{trial}{tail}")
            for way, call, name in CALLS
        ]
urlpatterns.append(re_path(r"^open311/.*?(?:\.(?P<fmt>xml|json))?/?$", calls.unknown, name="open311-unknown"))
