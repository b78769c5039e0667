"""The life of a duty list (spec 11 §5)."""

from django.db import models


class ListState(models.TextChoices):
    DRAFT = "draft", "起草"
    CHECKED = "checked", "已检查"
    CONSULTING = "consulting", "征求意见"
    ADOPTED = "adopted", "已通过"
    PUBLISHED = "published", "已公布"
    SUPERSEDED = "superseded", "已被新版代替"


# Verb → the states it may be said in. What each leads to stands in the verb (actions/lists.py).
MOVES: dict[str, frozenset[ListState]] = {
    "edit": frozenset({ListState.DRAFT, ListState.CHECKED}),
    "check": frozenset({ListState.DRAFT, ListState.CHECKED}),
    "consult": frozenset({ListState.CHECKED}),
    "object": frozenset({ListState.CONSULTING}),
    "answer": frozenset({ListState.CONSULTING}),
    "rework": frozenset({ListState.CONSULTING}),
    "adopt": frozenset({ListState.CONSULTING}),
    "publish": frozenset({ListState.ADOPTED}),
    "take_back": frozenset({ListState.PUBLISHED}),
}
VERBS: dict[str, tuple[str, str]] = {
    "edit": ("修改", "edit"),
    "check": ("检查", "check"),
    "consult": ("征求意见", "consult"),
    "object": ("提出异议", "object"),
    "answer": ("答复异议", "answer an objection"),
    "rework": ("退回修改", "rework"),
    "adopt": ("通过", "adopt"),
    "publish": ("公布", "publish"),
    "take_back": ("撤回公布", "take back"),
}
EN: dict[str, str] = {
    "draft": "draft", "checked": "checked", "consulting": "out for consultation", "adopted": "adopted",
    "published": "published", "superseded": "superseded",
}  # fmt: skip


def open_verbs(state: str) -> list[str]:
    """List what can be done with a list in this state, in the order of life."""
    return [verb for verb, states in MOVES.items() if state in states]
