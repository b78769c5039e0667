"""Taking a dossier is an entry of the case: who took it, when, and the hash of what left (spec 10 §16, 90 §6)."""

from datetime import datetime

from django.db import transaction

from jishi.foundation import trail
from jishi.foundation.actor import Actor


@transaction.atomic
def note_taken(case_id: int, *, sha256: str, by: Actor, now: datetime) -> None:
    """This will write down that a dossier of the case left. It moves nothing: the version that people see stays."""
    trail.record("case.dossier_taken", ("case", case_id), by=by, at=now, codes={"sha256": sha256})
