"""The database refuses unknown values."""

from django.db import models
from django.db.models import Q


def known(field: str, choices: type[models.TextChoices], name: str, *, empty: bool = False) -> models.CheckConstraint:
    values = [*choices.values, ""] if empty else choices.values
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": values}))
