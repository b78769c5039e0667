"""What every desk page asks of its request: a colleague with a role, a language, the version that was seen."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from jishi.foundation import numbers
from jishi.foundation.refusals import NotAllowed, PreconditionMissing, SignInNeeded

View = Callable[..., HttpResponse]


def staffed(*roles: str) -> Callable[[View], View]:
    """Let in who holds one of `roles`; nobody else. Without roles: any colleague, the page decides what is seen."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = getattr(request, "actor", None)
            if actor is None or actor.kind == "anonymous":
                raise SignInNeeded
            if actor.kind != "staff" or (roles and not actor.has(*roles)):
                raise NotAllowed
            return view(request, *args, **kwargs)

        return inner

    return wrap


def lang() -> str:
    """Give the reader's language as our kernels know it: zh or en."""
    return "en" if (get_language() or "zh").startswith("en") else "zh"


def seen_version(request: HttpRequest) -> int:
    """Read the version that the person saw, from If-Match or the form's own field.

    :raises PreconditionMissing: neither is there: a write on a shared thing says what it saw (spec 10 §14).
    """
    said = request.headers.get("If-Match", "").strip().strip('"') or str(request.POST.get("version", ""))
    if not (numbers.names_a_row(said) and len(said) < 10):
        raise PreconditionMissing
    return int(said)
