"""An end that one person asks for and another decides: the caller will not do what only he can do."""

from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case, Handover
from jishi.cases.models.moving_time import Asked
from jishi.cases.states import Verdict


class Termination(Asked):
    """终止办理: needed cooperation is refused, and it was asked for on at least two days."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="+")
    what_was_needed = models.TextField()
    told_caller = models.TextField()

    class Meta:
        constraints = [
            known("verdict", Verdict, "termination_verdict_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_open_termination_per_case", condition=Q(verdict="")
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case"], name="terminations_of_case")]
