"""News of this room: ids and codes only."""

from dataclasses import dataclass

from jishi.foundation.outbox import Event


@dataclass(frozen=True)
class PushDownWasRefused(Event):
    """Somebody tried to give a duty to a body that must not have it; counted per asking body."""

    subject = ("body", "body_id")

    body_id: int
    code: str
    number: str
    asked_by: str


@dataclass(frozen=True)
class DutyListPublished(Event):
    subject = ("duty_list", "list_id")

    list_id: int
    effective_from: str


@dataclass(frozen=True)
class DutyListOutForConsultation(Event):
    subject = ("duty_list", "list_id")

    list_id: int


@dataclass(frozen=True)
class DutyListTakenBack(Event):
    """A publication was taken back before its day."""

    subject = ("duty_list", "list_id")

    list_id: int


@dataclass(frozen=True)
class DutyListSuperseded(Event):
    subject = ("duty_list", "list_id")

    list_id: int
