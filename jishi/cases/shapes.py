"""What a program sends to the API: shape only, the verbs check the rules."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid, PreconditionMissing

Number = Annotated[int, Field(ge=1, le=2**53)]  # of a row


class ReportIn(Schema):
    """One thing one person said. A point names its coordinate system, or is refused. `spoken`: a recording follows,
    the text may be empty."""

    text: str
    channel: str = "api"
    kind: str = "report"
    voice: str = "open"
    said_at: AwareDatetime | None = None
    lng: float | None = None
    lat: float | None = None
    crs: str = ""
    accuracy_m: float | None = Field(None, ge=0, le=100_000)
    address_text: str = Field("", max_length=200)
    title: str = Field("", max_length=80)
    matter: str = Field("", max_length=40)
    answers: dict[str, Any] = {}
    caller_name: str = Field("", max_length=60)
    caller_contact: str = Field("", max_length=80)
    accused_body_ids: list[Number] = Field([], max_length=20)
    urgency: str = "normal"
    external_system: str = Field("", max_length=60)
    external_id: str = Field("", max_length=80)
    join_case: str = Field("", max_length=24)
    at_home: bool = False
    spoken: bool = False


class SuggestedOut(Schema):
    """What one stage of triage suggests, or why it does not."""

    stage: str
    candidates: list[dict[str, Any]]
    abstained: str
    edition: str


class HeardOut(Schema):
    """One danger of which the words warn; `verified`: its number was checked in this town."""

    code: str
    name: str
    words: list[str]
    call: str
    verified: bool


class DangerOut(Schema):
    """What whoever wrote is told at once: `say` in the language asked for; `call`: emergency lines first."""

    say: str
    call: list[str]
    heard: list[HeardOut]


class ReceivedOut(Schema):
    """A report that was taken in. `recused`, `seen_by`: its sender is of a body complained about; who goes on."""

    number: str
    case: str | None = None
    promise_due_at: str | None = None
    danger: DangerOut | None = None
    suggestions: list[SuggestedOut] = []
    word: str = ""
    recused: bool = False
    seen_by: int = 0


class PartIn(Schema):
    body: Number
    what: str = Field(max_length=400)
    due_at: AwareDatetime | None = None
    item: Number | None = None


class OfferIn(Schema):
    """`part`: asked of another body in the same act (双派)."""

    body: Number
    item: Number | None = None
    part: PartIn | None = None
    instruction: str = Field("", max_length=500)
    why: str = Field("", max_length=500)


class WordsIn(Schema):
    words: str = Field("", max_length=4000)
    item: Number | None = None


class ReturnIn(Schema):
    ground: str
    words: str = Field(max_length=2000)
    item: Number | None = None
    proposed_body: Number | None = None


class UrgencyIn(Schema):
    urgency: str
    why: str = Field(max_length=500)


class LineIn(Schema):
    line: list[Number] = Field([], max_length=50)
    why: str = Field(max_length=1000)


class AsideIn(Schema):
    ground: str
    words: str = Field("", max_length=500)


class LetBackIn(Schema):
    """Who stood aside by mistake, by the name with which he signs in, and how one knows."""

    username: str = Field(max_length=80)
    why: str = Field(max_length=500)


class DeclineIn(Schema):
    ground: str
    text: str = Field(max_length=2000)
    channel: str = Field("", max_length=200)


class ContactIn(Schema):
    how: str
    reached: str
    gist: str = Field("", max_length=500)


class ProgressIn(Schema):
    text: str = Field(max_length=1000)
    waiting_for: str = Field("", max_length=200)
    until: date | None = None


class ReplyIn(Schema):
    outcome: str
    text_for_caller: str = Field(max_length=4000)
    what_was_done: str = Field(max_length=4000)
    contacted_at: AwareDatetime
    contacted_how: str
    done_by: date | None = None
    legal_basis: str = Field("", max_length=1000)
    text_public: str = Field("", max_length=4000)


class ReviewIn(Schema):
    verdict: str
    time_of_contact: bool
    with_whom: bool
    measures: bool
    by_when: bool
    why: str = Field("", max_length=500)


class RecheckIn(Schema):
    verdict: str
    why: str = Field(max_length=500)
    ground: str = Field("", max_length=20)
    report: str = Field(max_length=20, description="Number of the report whose caller's answer is judged.")


class ConsultIn(Schema):
    question: str = Field(max_length=500)
    invited: list[Number] = Field(max_length=50)


class RulingIn(Schema):
    named_body: Number
    items: list[Number] = Field(max_length=50)
    reasons: str = Field(max_length=2000)
    precedent: bool = False


class AnswersIn(Schema):
    contacted: str = "no_answer"
    solved: str = "no_answer"
    satisfied: str = "no_answer"
    text: str = Field("", max_length=2000)


class AbsorbIn(Schema):
    into: str = Field(max_length=24)  # number of the case that lives on
    words: str = Field("", max_length=500)


class MemberIn(Schema):
    report: str = Field(max_length=24)
    words: str = Field("", max_length=500)


class PartOfReportIn(Schema):
    text: str = Field(max_length=500)
    matter: str = Field("", max_length=40)


class SplitIn(Schema):
    parts: list[PartOfReportIn] = Field(max_length=10)
    case: str = Field("", max_length=24)  # needed where the report belongs to several


class TerminateIn(Schema):
    """The lead asks with two texts; a supervisor answers with a verdict."""

    verdict: str = Field("", max_length=10)  # empty: asking; approved, denied: deciding
    what_was_needed: str = Field("", max_length=1000)
    told_caller: str = Field("", max_length=2000)
    words: str = Field("", max_length=500)


class TextIn(Schema):
    text: str


class TakenIn(Schema):
    value: str = Field(max_length=120)


class TriageIn(Schema):
    texts: list[str] = Field(max_length=500)


def version_seen(request: HttpRequest) -> int:
    """Read If-Match. :raises PreconditionMissing: not there. :raises Invalid: not one of our tags."""
    tag = request.headers.get("If-Match", "").strip()
    if not tag:
        raise PreconditionMissing
    number = tag.strip('"')
    if not (numbers.names_a_row(number) and len(number) < 10):
        raise Invalid(detail="If-Match")
    return int(number)


# --- handled together --------------------------------------------------------------------------------------


class GroundIn(Schema):
    ground: str = Field(max_length=20)
    words: str = Field(max_length=4000)
    item: Number | None = None


class ResultIn(Schema):
    result: str = Field(max_length=4000)


class CalledIn(Schema):
    body: Number
    role: str = "assist"
    item: Number | None = None
    why: str = Field("", max_length=500)


class WhistleIn(Schema):
    """Which bodies are called for what. Nothing said of the quorum: every one must answer."""

    kind: str
    what: str = Field(max_length=600)
    where: str = Field(max_length=400)
    gather_at: AwareDatetime
    bodies: list[CalledIn] = Field(max_length=30)
    quorum_bodies: list[Number] = Field([], max_length=30)
    quorum_count: int = Field(0, ge=0, le=30)
    lead_body: Number | None = None
    act_amount: str = Field("", max_length=8)


class RatingIn(Schema):
    """Three answers to the questions of one's own side (street, body): yes, partly, no."""

    side: str
    came: str = ""
    did_its_part: str = ""
    result_holds: str = ""
    needed: str = ""
    right_body: str = ""
    prepared: str = ""
    words: str = Field("", max_length=1000)


class RatingObjectionIn(Schema):
    side: str
    words: str = Field(max_length=4000)


class RatingRulingIn(Schema):
    side: str
    ruling: str
    words: str = Field(max_length=4000)


class LinkIn(Schema):
    to: str = Field(max_length=160)
    question: str = Field(max_length=600)
    extract: str = Field(max_length=4000)
    days: int = Field(14, ge=1, le=60)


class WebhookIn(Schema):
    """Where news is sent, and of which verbs; none: of all."""

    url: str = Field(max_length=500)
    verbs: list[Annotated[str, Field(max_length=60)]] = Field([], max_length=100)


class PauseIn(Schema):
    ground: str
    words: str = Field(max_length=1000)
    until: date
    told_caller: str = Field("", max_length=1000)
    evidence: str = Field("", max_length=500)


class ExtensionIn(Schema):
    workdays: int = Field(ge=1, le=100)
    reason_for_caller: str = Field(max_length=1000)


class BankIn(Schema):
    why_unsolvable: str = Field(max_length=1000)
    waits_for: str = Field(max_length=500)
    told_caller: str = Field(max_length=1000)
    review_on: date


class SupervisionIn(Schema):
    ground: str
    demand: str = Field(max_length=1000)


class ExclusionIn(Schema):
    rates: list[str] = Field(max_length=10)
    ground: str
    evidence: str = Field(max_length=2000)
    told_caller: str = Field(max_length=1000)
    from_period: str = Field(max_length=7)
    report: str = Field("", max_length=24)


class VerdictIn(Schema):
    verdict: str
    why: str = Field(max_length=2000)


class OtherIn(Schema):
    """A party who is no caller; sealed on arrival."""

    name: str = Field(max_length=60)
    contact: str = Field("", max_length=80)


class MediationIn(Schema):
    """`danger`: none, or the code of an excluded kind; it has to be said."""

    kind: str
    what: str = Field(max_length=200)
    mediator: Number
    danger: str
    others: list[OtherIn] = Field([], max_length=8)


class MediationMoveIn(Schema):
    """What a move needs; which fields, its row of the table says."""

    name: str = Field("", max_length=60)
    contact: str = Field("", max_length=80)
    end: str = Field("", max_length=12)
    ground: str = Field("", max_length=10)
    days: int = Field(0, ge=0, le=366)
    mediator: Number | None = None
    party: Number | None = None
    held_at: AwareDatetime | None = None
    where: str = Field("", max_length=120)
    came: list[Number] = Field([], max_length=8)
    notes: str = Field("", max_length=20_000)
    terms: str = Field("", max_length=20_000)
    dates: list[date] = Field([], max_length=12)
    oral: bool = False


class MeasureIn(Schema):
    what: str = Field(max_length=200)
    body: Number
    by_date: date


class TopicIn(Schema):
    """A nomination: one kind of matter, and what shows that it wants work at its root."""

    title: str = Field(max_length=80)
    matters: list[Annotated[str, Field(max_length=40)]] = Field(max_length=20)
    evidence_kind: str
    evidence: str = Field(max_length=2000)


class TopicMoveIn(Schema):
    """What a move needs; which fields, its row of the table says."""

    why: str = Field("", max_length=1000)
    lead: Number | None = None
    assists: list[Number] = Field([], max_length=20)
    causes: str = Field("", max_length=2000)
    measures: list[MeasureIn] = Field([], max_length=20)
    indicator: str = Field("", max_length=20)
    target: int = Field(0, ge=0, le=1_000_000)
    measure: Number | None = None
    words: str = Field("", max_length=2000)
