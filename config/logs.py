"""What a log line may hold: time, level, route pattern, status, numbers; of an error its kind and place (spec 90 §11).

An error's own message is never written: PostgreSQL quotes the row in it, Python quotes what somebody typed. Of a
database error the SQLSTATE and the names of table and constraint are kept: they say where to look.
"""

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

DEEPEST = 8  # errors behind an error
FRAMES = 25  # the innermost of each
_SECRET = (
    (re.compile(r"\b(?:DETAIL|CONTEXT|HINT|LINE \d+):.*", re.S), "[…]"),
    (re.compile(r"(?i)\b(authorization|(?:set-)?cookie|x-csrftoken|idempotency-key)\b['\"]?\s*[:=].*"), r"\1: […]"),
    (re.compile(r"(?i)\b(letter|api_key)\b['\"]?\s*[:=].*"), r"\1: […]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+\S+"), r"\1 […]"),
    (re.compile(r"/(feedback|receipt|mine|links?|mediate)/(?!<)[^\s/?'\"]+"), r"/\1/[…]"),
    (re.compile(r"#[\w-]{16,}"), "#[…]"),
    (re.compile(r"\?[^\s'\"]*=[^\s'\"]*"), "?[…]"),
    (re.compile(r"\d(?:[\s-]?\d){6,}"), "[…]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[…]"),
)


class NoPerson(logging.Filter):
    """Rewrites each record before any handler sees it. A record about a request says its route, never its address."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.msg = _about(request, record) if request is not None else scrubbed(_message(record))
        record.args = ()
        return True


class Line(logging.Formatter):
    """Writes a record and, of its error, kinds and places alone."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's own name
        return told(ei[1]) if ei[1] is not None else ""

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  logging's own name
        return ""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have kept the whole error here
        return super().format(record)


def told(fault: BaseException) -> str:
    """Give the kinds of an error and of those behind it, and where they were raised; no message, no value, no source.

    >>> try: int("13800138000")
    ... except ValueError as fault: "138" in told(fault), told(fault).splitlines()[0]
    (False, 'ValueError')
    """
    lines: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = fault
    while one is not None and id(one) not in seen and len(seen) < DEEPEST:
        seen.add(id(one))
        lines.append(("" if one is fault else "behind it: ") + _kind(one))
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(one.__traceback__, limit=-FRAMES)]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n".join(lines)


def scrubbed(text: str) -> str:
    """Take out of a line what names or admits a person: details of rows, headers, tokens, questions, long numbers."""
    for pattern, instead in _SECRET:
        text = pattern.sub(instead, text)
    return text[:2000]


def guard_uncaught() -> None:
    """This will speak errors that nobody catches, in this process and its threads, in the same way."""

    def uncaught(kind: type[BaseException], fault: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        sys.stderr.write(told(fault) + "\n")

    def in_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            sys.stderr.write(told(found.exc_value) + "\n")

    sys.excepthook, threading.excepthook = uncaught, in_thread


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


def _about(request: Any, record: logging.LogRecord) -> str:
    match = getattr(request, "resolver_match", None)
    tenant, actor = getattr(request, "tenant", None), getattr(request, "actor", None)
    staff = actor.account_id if actor is not None and actor.kind == "staff" else None
    status = getattr(record, "status_code", "")
    words = [str(status), str(getattr(request, "method", "")), f"/{match.route}" if match else "(no route)"]
    words += [f"tenant={tenant.id}"] if tenant is not None else []
    words += [f"account={staff}"] if staff else []
    words += [f"client={actor.client_id}"] if actor is not None and actor.kind == "client" else []
    return " ".join(words)


def _kind(fault: BaseException) -> str:
    name = f"{type(fault).__module__}.{type(fault).__qualname__}".removeprefix("builtins.")
    diag = getattr(fault, "diag", None)
    known = [getattr(diag, field, None) for field in ("sqlstate", "table_name", "constraint_name", "column_name")]
    return " ".join([name, *(str(k) for k in known if k)])
