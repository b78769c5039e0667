"""Duty lists: whose matter is it, by which published line. See README.md."""

from .checks import Coverage, check, conflicts, coverage, duplicates, hidden, item_findings
from .conditions import ALWAYS, All, Any, Cond, ConditionRefused, Not, Test, ordered, parse_condition, to_json
from .decision import Assist, Candidate, Decision, decide, decide_many
from .evaluation import Answer, Verdict, evaluate
from .explanation import explain
from .facts import Fact, Facts, Moment, Place, Ref, Source, derived, entered, guessed, said
from .guard import COMMUNITIES, COMMUNITY_LAWS, POWERS, GuardRefusal, guard
from .items import COMMUNITY, ENGINE, STREET, Editions, Item, Matter, Scope
from .sentences import sentence
from .trace import Trace
from .vocabulary import Finding, Question, Vocabulary, validate
from .worlds import Split, WorldAnswer, decide_worlds

__all__ = [
    "ALWAYS",
    "COMMUNITIES",
    "COMMUNITY",
    "COMMUNITY_LAWS",
    "ENGINE",
    "POWERS",
    "STREET",
    "All",
    "Answer",
    "Any",
    "Assist",
    "Candidate",
    "Cond",
    "ConditionRefused",
    "Coverage",
    "Decision",
    "Editions",
    "Fact",
    "Facts",
    "Finding",
    "GuardRefusal",
    "Item",
    "Matter",
    "Moment",
    "Not",
    "Place",
    "Question",
    "Ref",
    "Scope",
    "Source",
    "Split",
    "Test",
    "Trace",
    "Verdict",
    "Vocabulary",
    "WorldAnswer",
    "check",
    "conflicts",
    "coverage",
    "duplicates",
    "hidden",
    "item_findings",
    "decide",
    "decide_many",
    "decide_worlds",
    "derived",
    "entered",
    "evaluate",
    "explain",
    "guard",
    "guessed",
    "ordered",
    "parse_condition",
    "said",
    "sentence",
    "to_json",
    "validate",
]
