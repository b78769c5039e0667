"""Does what a process keeps in memory still hold? Every room's question, in one statement, once per transaction.

A mark is a value that is another one as soon as somebody else's transaction has stored another edition: where it is the
same, what was read before is good. A verb that changes what a mark is made of calls `forget`, in the same transaction.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import orjson
from django.utils.timezone import localdate

from jishi.foundation import scope
from jishi.foundation.asking import ask

_questions: dict[str, str] = {}


def declare(name: str, question: str) -> str:
    """This will have `question` asked with the others: a select of one JSON value, of tenant %(t)s, by day %(d)s if it
    says so; gives the name.

    :raises RuntimeError: another question has this name.
    """
    if _questions.setdefault(name, question) != question:
        raise RuntimeError(f"two marks are called {name}")
    return name


def mark(name: str, day: date | None = None) -> Any:
    """Give a mark as it is now; `day` where it is one of a day. What was asked already in this transaction is known."""
    now = scope.current()
    known: dict[Any, Any] = now.memo.setdefault("marks", {})
    today = day or localdate(now.recorded_at)
    key = (name, today if "%(d)s" in _questions[name] else None)
    if key not in known:
        names = (name,) if known else tuple(sorted(_questions))
        (values,) = ask(_statement(names), {"t": now.actor.tenant_id, "d": today})
        _keep(known, names, values, today)
    return known[key]


def asked_with(text: str, columns: tuple[str, ...], values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Carry out a statement that gives these columns of one row or of none (then each is None), and ask every room's
    question with it: for a request that will ask them in any case."""
    now = scope.current()
    known: dict[Any, Any] = now.memo.setdefault("marks", {})
    names, today = () if known else tuple(sorted(_questions)), localdate(now.recorded_at)
    (row,) = ask(_beside(text, columns, names), {**values, "t": now.actor.tenant_id, "d": today})
    _keep(known, names, row[len(columns) :], today)
    return row[: len(columns)]


def _keep(known: dict[Any, Any], names: Iterable[str], values: Iterable[Any], today: date) -> None:
    for one, value in zip(names, values, strict=True):
        by_day = today if "%(d)s" in _questions[one] else None
        known[one, by_day] = orjson.loads(value) if value is not None else None


def forget(name: str) -> None:
    """Ask again, because this transaction has changed what the mark is made of."""
    known = scope.current().memo.get("marks", {})
    for key in [k for k in known if k[0] == name]:
        del known[key]


@cache
def _statement(names: tuple[str, ...]) -> str:
    return "SELECT " + ", ".join(_asking(names))


@cache
def _beside(text: str, columns: tuple[str, ...], names: tuple[str, ...]) -> str:
    told = (f"(SELECT {column} FROM told)" for column in columns)
    return f"WITH told AS ({text}) SELECT {', '.join((*told, *_asking(names)))}"


def _asking(names: tuple[str, ...]) -> list[str]:
    return [f"({_questions[name]})::text" for name in names]
