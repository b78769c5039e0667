"""Nouns of the spine (spec 10 §2)."""

from jishi.cases.models.bulk import BulkPlan, BulkRow, SavedFilter, Tagged
from jishi.cases.models.clusters import Cluster, ClusterReport
from jishi.cases.models.contests import Consultation, Position, Ruling
from jishi.cases.models.editions import DriftWeek, QualityFile, ShadowAnswer
from jishi.cases.models.endings import Termination
from jishi.cases.models.errands import Errand, PatrolRoute, RoutePoint
from jishi.cases.models.exclusions import Exclusion
from jishi.cases.models.foreach import ForEach
from jishi.cases.models.imports import ColumnMap, ImportRow, ImportRun
from jishi.cases.models.knowledge import AutoOffer, KnowledgeItem
from jishi.cases.models.matters import Case, Clock, Handover, Membership
from jishi.cases.models.mediation import Mediation, MediationParty, Mediator, Sitting
from jishi.cases.models.moving_time import Banking, Extension, Suspension
from jishi.cases.models.news import Message, Parcel, Webhook
from jishi.cases.models.openness import Jurisdiction, Program, Token
from jishi.cases.models.photos import Photo, Redaction, ReplyPhoto
from jishi.cases.models.proposals import Choice, ModelEdition, RefusedPair, Suggestion
from jishi.cases.models.pushing import Digest, Escalation, Supervision, Urging
from jishi.cases.models.recordings import Recording
from jishi.cases.models.reports import Addendum, Placed, Report
from jishi.cases.models.risks import RiskLook, RiskMark
from jishi.cases.models.samples import FeedbackSample
from jishi.cases.models.together import OutsideLink, Part, Participant, Rating, Whistle
from jishi.cases.models.topics import Topic, TopicCase, TopicMeasure
from jishi.cases.models.unsealings import Unsealing
from jishi.cases.models.work import ContactNote, Feedback, Progress, Recheck, Reply, Review

__all__ = [
    "Addendum",
    "AutoOffer",
    "Banking",
    "BulkPlan",
    "BulkRow",
    "Case",
    "Choice",
    "Clock",
    "Cluster",
    "ClusterReport",
    "ColumnMap",
    "Consultation",
    "ContactNote",
    "Digest",
    "DriftWeek",
    "Errand",
    "Escalation",
    "Exclusion",
    "Extension",
    "Feedback",
    "FeedbackSample",
    "ForEach",
    "Handover",
    "ImportRow",
    "ImportRun",
    "Jurisdiction",
    "KnowledgeItem",
    "Mediation",
    "MediationParty",
    "Mediator",
    "Membership",
    "Message",
    "ModelEdition",
    "OutsideLink",
    "Parcel",
    "Part",
    "Participant",
    "Photo",
    "Placed",
    "PatrolRoute",
    "Position",
    "Program",
    "Progress",
    "QualityFile",
    "Rating",
    "Redaction",
    "RefusedPair",
    "Recheck",
    "Reply",
    "Recording",
    "ReplyPhoto",
    "Report",
    "Review",
    "RiskLook",
    "RiskMark",
    "RoutePoint",
    "Ruling",
    "SavedFilter",
    "ShadowAnswer",
    "Suggestion",
    "Sitting",
    "Supervision",
    "Suspension",
    "Tagged",
    "Termination",
    "Token",
    "Topic",
    "TopicCase",
    "TopicMeasure",
    "Unsealing",
    "Urging",
    "Webhook",
    "Whistle",
]
