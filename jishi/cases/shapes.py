"""What a program sends to the API: shape only, the verbs check the rules."""

from datetime import date
from typing import Annotated, Any

from ninja import Schema
from pydantic import AwareDatetime, Field

Number = Annotated[int, Field(ge=1, le=2**53)]  # of a row


class ReportIn(Schema):
    """One thing one person said. A point names its coordinate system, or is refused."""

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


class OfferIn(Schema):
    body: Number
    item: Number | None = None
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


class TextIn(Schema):
    text: str


class TriageIn(Schema):
    texts: list[str] = Field(max_length=500)
