"""From the text of a table to the table. Shape is checked here, sense in `check.py`."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from jishi.kernels.procedure.table import (
    Chip,
    Clock,
    Message,
    Move,
    Party,
    Procedure,
    Separation,
    Spoken,
    Standing,
    State,
    Suspension,
)

_Made = TypeVar("_Made")
_Code = TypeVar("_Code", bound=StrEnum)


class Unreadable(ValueError):
    """The text is no procedure. `where` is the place in the file, such as `moves[3].to`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class _Row:
    """One table of the file; every key is asked for once, what nobody asked for is refused."""

    def __init__(self, where: str, raw: object) -> None:
        if not isinstance(raw, Mapping):
            raise Unreadable(where, "a table is expected")
        self.where = where
        self.rest: dict[str, Any] = dict(raw)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.rest.pop(key, default)
        if value is None:
            raise Unreadable(f"{self.where}.{key}", "missing")
        if not isinstance(value, str):
            raise Unreadable(f"{self.where}.{key}", "a text is expected")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.rest.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Unreadable(f"{self.where}.{key}", "a list of texts is expected")
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self.rest.pop(key, False)
        if not isinstance(value, bool):
            raise Unreadable(f"{self.where}.{key}", "true or false is expected")
        return value

    def day(self, key: str) -> date:
        value = self.rest.pop(key, None)
        if type(value) is not date:
            raise Unreadable(f"{self.where}.{key}", "a day such as 2026-01-01 is expected")
        return value

    def code(self, key: str, codes: type[_Code]) -> _Code:
        value = self.text(key)
        try:
            return codes(value)
        except ValueError:
            raise Unreadable(f"{self.where}.{key}", f"{value!r} is none of {', '.join(codes)}") from None

    def spoken(self, prefix: str = "") -> Spoken:
        return Spoken(self.text(f"{prefix}zh", ""), self.text(f"{prefix}en", ""))

    def rows(self, key: str, make: "Callable[[_Row], _Made]") -> tuple[_Made, ...]:
        value = self.rest.pop(key, [])
        if not isinstance(value, list):
            raise Unreadable(key, "a list of tables is expected")
        made = []
        for i, raw in enumerate(value):
            row = _Row(f"{key}[{i}]", raw)
            made.append(make(row))
            row.done()
        return tuple(made)

    def done(self) -> None:
        if self.rest:
            raise Unreadable(f"{self.where}.{min(self.rest)}", "not a word of this format")


def parse(toml_text: str) -> Procedure:
    """This will read a table of states, moves and clocks.

    :raises Unreadable: for broken TOML, a missing, surplus or mistyped key; names the place.
    """
    try:
        raw = tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as broken:
        raise Unreadable("file", str(broken)) from broken
    file = _Row("file", raw)
    head = _Row("procedure", file.rest.pop("procedure", None))
    procedure = Procedure(
        code=head.text("code"),
        name=head.spoken(),
        law=head.texts("law"),
        edition=head.text("edition"),
        valid_from=head.day("valid_from"),
        jurisdiction=head.text("jurisdiction"),
        standing=head.code("standing", Standing),
        outside=head.texts("outside"),
        states=file.rows("states", _state),
        parties=file.rows("parties", _party),
        clocks=file.rows("clocks", _clock),
        messages=file.rows("messages", _message),
        moves=file.rows("moves", _move),
        acts=file.rows("acts", _act),
        separations=file.rows("separation", _separation),
    )
    head.done()
    file.done()
    return procedure


def _state(row: _Row) -> State:
    return State(
        row.text("code"),
        row.spoken(),
        row.code("chip", Chip),
        row.flag("end"),
        row.flag("aside"),
        row.texts("runs"),
    )


def _party(row: _Row) -> Party:
    return Party(row.text("code"), row.spoken())


def _clock(row: _Row) -> Clock:
    return Clock(
        kind=row.text("kind"),
        name=row.spoken(),
        owner=row.text("owner", ""),
        amount=row.text("amount", ""),
        emergency_amount=row.text("emergency_amount", ""),
        floor=row.text("floor", ""),
        source=row.text("source", ""),
        at_expiry=row.text("at_expiry", ""),
        then=row.text("then", ""),
        stopped_by_suspension=row.code("stopped_by_suspension", Suspension),
        outlives=row.flag("outlives"),
    )


def _message(row: _Row) -> Message:
    return Message(row.text("code"), row.text("to"), row.spoken())


def _move(row: _Row) -> Move:
    return _verb(row, row.text("to"))


def _act(row: _Row) -> Move:
    return _verb(row, "")


def _verb(row: _Row, to: str) -> Move:
    return Move(
        no=row.text("no"),
        verb=row.text("verb"),
        sources=row.texts("from"),
        to=to,
        origins=row.texts("origin"),
        who=row.texts("who"),
        guard=row.spoken("guard_"),
        starts=row.texts("starts"),
        stops=row.texts("stops"),
        pauses=row.texts("pauses"),
        resumes=row.texts("resumes"),
        continues=row.texts("continues"),
        trail=row.text("trail", ""),
        tells=row.texts("tells"),
        title=row.spoken(),
        decides=row.texts("decides"),
        evidence=row.texts("evidence"),
        publishes=row.text("publishes", ""),
    )


def _separation(row: _Row) -> Separation:
    verbs = row.texts("verbs")
    if len(verbs) != 2 or verbs[0] == verbs[1]:
        raise Unreadable(f"{row.where}.verbs", "two different verbs are expected")
    return Separation((verbs[0], verbs[1]), row.spoken())
