"""Nouns of the spine (spec 10 §2)."""

from jishi.cases.models.bulk import BulkPlan, BulkRow, SavedFilter, Tagged
from jishi.cases.models.contests import Consultation, Position, Ruling
from jishi.cases.models.endings import Termination
from jishi.cases.models.exclusions import Exclusion
from jishi.cases.models.imports import ColumnMap, ImportRow, ImportRun
from jishi.cases.models.matters import Case, Clock, Handover, Membership
from jishi.cases.models.moving_time import Banking, Extension, Suspension
from jishi.cases.models.news import Message, Parcel, Webhook
from jishi.cases.models.openness import Jurisdiction, Program, Token
from jishi.cases.models.proposals import Choice, ModelEdition, RefusedPair, Suggestion
from jishi.cases.models.pushing import Digest, Escalation, Supervision, Urging
from jishi.cases.models.reports import Addendum, Placed, Report
from jishi.cases.models.together import OutsideLink, Part, Participant, Rating, Whistle
from jishi.cases.models.work import ContactNote, Feedback, Progress, Reply, Review

__all__ = [
    "Addendum",
    "Banking",
    "BulkPlan",
    "BulkRow",
    "Case",
    "Choice",
    "Clock",
    "ColumnMap",
    "Consultation",
    "ContactNote",
    "Digest",
    "Escalation",
    "Exclusion",
    "Extension",
    "Feedback",
    "Handover",
    "ImportRow",
    "ImportRun",
    "Jurisdiction",
    "Membership",
    "Message",
    "ModelEdition",
    "OutsideLink",
    "Parcel",
    "Part",
    "Participant",
    "Placed",
    "Position",
    "Program",
    "Progress",
    "Rating",
    "RefusedPair",
    "Reply",
    "Report",
    "Review",
    "Ruling",
    "SavedFilter",
    "Suggestion",
    "Supervision",
    "Suspension",
    "Tagged",
    "Termination",
    "Token",
    "Urging",
    "Webhook",
    "Whistle",
]
