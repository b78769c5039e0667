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
    subject = ("report", "report_id")

    report_id: int
    case_id: int
