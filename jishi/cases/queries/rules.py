"""What the town lets the guesses do, as the office reads it: offers by the rule, rules of danger, decided pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from jishi.cases.actions import auto_offers
from jishi.cases.models import AutoOffer, Membership, ModelEdition, RefusedPair
from jishi.cases.triage import danger, pairs
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor

WORST = 20
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Offering:
    """One matter that the rule offers or offered. `state`: offers, withdrawn, measured (switched itself off)."""

    row: AutoOffer
    matter: str
    state: str


@dataclass(frozen=True, slots=True)
class Listened:
    """One danger as the edition in force says it, in the form in which it is said anew."""

    code: str
    zh: str
    en: str
    call: str
    source: str
    desk_only: bool
    ways: str
    never: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition. `state`: in_force, was, proposed, fails."""

    row: ModelEdition
    state: str
    danger: Any = None


@dataclass(frozen=True, slots=True)
class Confused:
    """Two matters by name, and how often."""

    first: str
    second: str
    count: int


def offerings(*, by: Actor, lang: str) -> list[Offering]:
    """Give what the rule offers and offered, what runs first; one statement."""
    rows = AutoOffer.objects.filter(tenant_id=by.tenant_id).order_by("ended_at", "-id")[:SHOWN]
    found = [Offering(row, _matter(row.matter, lang), row.ended_why or "offers") for row in rows]
    return sorted(found, key=lambda one: one.state != "offers")


def switched_off(rows: Sequence[Offering]) -> list[Offering]:
    """Keep what switched itself off and has not been adopted again since."""
    running = {one.row.matter for one in rows if one.state == "offers"}
    return [one for one in rows if one.state == "measured" and one.row.matter not in running]


def measured(matter: str, *, by: Actor) -> auto_offers.Measured:
    """Give how often the rule would have been right about a matter."""
    return auto_offers.measured([matter], tenant_id=by.tenant_id)[matter]


def listened() -> list[Listened]:
    """Give the dangers of the edition in force."""
    held = danger.load()
    ways: dict[str, list[str]] = {}
    never: dict[str, str] = {}
    for rule in held.rules:
        ways.setdefault(rule.code, []).append(" + ".join("、".join(group) for group in rule.all_of))
        never[rule.code] = "、".join(rule.never)
    return [
        Listened(
            d.code, d.name.zh, d.name.en, d.call, d.source, d.desk_only, "\n".join(ways[d.code]), never[d.code]
        )
        for d in held.dangers.values()
    ]  # fmt: skip


def edition_in_force() -> str:
    """Name the edition of the rules of danger that listens now."""
    return danger.load().edition


def danger_editions(*, by: Actor) -> list[Edition]:
    """Give the town's own editions of the rules of danger, the newest first; one statement."""
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=danger.KIND).defer("arrays").order_by("-number")
    return [Edition(row, _state(row), danger.carried().dangers.get(row.made_from)) for row in rows[:SHOWN]]


def pair_editions(*, by: Actor) -> list[Edition]:
    """Give the town's own editions of the comparison, the newest first; one statement."""
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=pairs.KIND).defer("arrays").order_by("-number")
    return [Edition(row, _state(row)) for row in rows[:SHOWN]]


def _state(row: ModelEdition) -> str:
    if row.adopted_at is not None:
        return "was" if row.retired_at is not None else "in_force"
    return "fails" if row.card.get("missed") or row.card.get("alarmed") else "proposed"


def pairs_counted(*, by: Actor) -> Mapping[str, int]:
    """How many reports were taken into a standing case and are still there, and how many proposals were refused."""
    joined = Membership.objects.filter(tenant_id=by.tenant_id, to_at=None, why__in=["joined", "absorbed"])
    return {
        "accepted": joined.count(), "refused": RefusedPair.objects.filter(tenant_id=by.tenant_id).count(),
    }  # fmt: skip


_CONFUSED = """
    SELECT s.candidates->0->>'value', c.changed_to, count(*) FROM cases_choice c
    JOIN cases_suggestion s ON s.id = c.suggestion_id AND s.tenant_id = c.tenant_id
    WHERE c.tenant_id = %s AND s.stage = 'classify' AND c.changed_to <> ''
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
"""
_REFUSED = """
    SELECT least(own.matter, other.matter), greatest(own.matter, other.matter), count(*) FROM cases_refusedpair r
    JOIN cases_membership m ON m.report_id = r.report_id AND m.tenant_id = r.tenant_id AND m.to_at IS NULL
    JOIN cases_case own ON own.id = m.case_id AND own.tenant_id = r.tenant_id
    JOIN cases_case other ON other.id = r.case_id AND other.tenant_id = r.tenant_id
    WHERE r.tenant_id = %s AND own.id <> other.id
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
"""


def confused(*, by: Actor, lang: str) -> list[Confused]:
    """Give what was guessed and what people chose instead, the most frequent first; one statement."""
    return _counted(_CONFUSED, by, lang)


def refused(*, by: Actor, lang: str) -> list[Confused]:
    """Give the matters of two reports that were proposed as one and are not; one statement."""
    return _counted(_REFUSED, by, lang)


def _counted(statement: str, by: Actor, lang: str) -> list[Confused]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [by.tenant_id, WORST])
        return [Confused(_matter(a, lang), _matter(b, lang), n) for a, b, n in cursor.fetchall()]


def _matter(code: str | None, lang: str) -> str:
    row = duties.matters().get(code or "")
    return row.called(lang) if row else (code or "—")
