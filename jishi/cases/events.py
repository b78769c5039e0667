"""News of this room: ids and codes only."""

from dataclasses import dataclass

from jishi.foundation.outbox import Event


@dataclass(frozen=True)
class CaseMoved(Event):
    """A verb moved a case. `verb` is the row of the table; `tells` are the messages it owes."""

    subject = ("case", "case_id")

    case_id: int
    verb: str
    status: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportReceived(Event):
    """A report came in, and belongs to this case."""

    subject = ("case", "case_id")

    report_id: int
    case_id: int


@dataclass(frozen=True)
class MediaNamed(Event):
    """A stranger's program named a picture of this report by an address; it is not fetched yet."""

    subject = ("case", "case_id")

    case_id: int
    report_id: int


@dataclass(frozen=True)
class PartMoved(Event):
    """Something happened to a part that another body was asked to do."""

    subject = ("case", "case_id")

    case_id: int
    part_id: int
    verb: str
    status: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class WhistleMoved(Event):
    """Something happened to a whistle, or to one body that it called."""

    subject = ("case", "case_id")

    case_id: int
    whistle_id: int
    body_id: int | None
    verb: str
    status: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class MediationMoved(Event):
    """Something happened to a mediation beside a case."""

    subject = ("case", "case_id")

    case_id: int
    mediation_id: int
    verb: str
    status: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class TopicMoved(Event):
    """Something happened to a topic."""

    subject = ("topic", "topic_id")

    topic_id: int
    verb: str
    status: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParcelMade(Event):
    """A parcel of notices for one person is ready to leave."""

    subject = ("parcel", "parcel_id")

    parcel_id: int


@dataclass(frozen=True)
class ErrandMoved(Event):
    """Something happened to an errand; `case_id` where it is of a case."""

    subject = ("errand", "errand_id")

    errand_id: int
    case_id: int | None
    verb: str
    status: str
    tells: tuple[str, ...] = ()
