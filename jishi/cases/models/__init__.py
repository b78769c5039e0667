"""Nouns of the spine (spec 10 §2)."""

from jishi.cases.models.contests import Consultation, Position, Ruling
from jishi.cases.models.imports import ColumnMap, ImportRow, ImportRun
from jishi.cases.models.matters import Case, Clock, Handover, Membership
from jishi.cases.models.openness import Jurisdiction, Program, Token
from jishi.cases.models.proposals import Choice, ModelEdition, RefusedPair, Suggestion
from jishi.cases.models.reports import Addendum, Placed, Report
from jishi.cases.models.work import ContactNote, Feedback, Progress, Reply, Review

__all__ = [
    "Addendum",
    "Case",
    "Choice",
    "Clock",
    "ColumnMap",
    "Consultation",
    "ContactNote",
    "Feedback",
    "Handover",
    "ImportRow",
    "ImportRun",
    "Jurisdiction",
    "Membership",
    "ModelEdition",
    "Placed",
    "Position",
    "Program",
    "Progress",
    "RefusedPair",
    "Reply",
    "Report",
    "Review",
    "Ruling",
    "Suggestion",
    "Token",
]
