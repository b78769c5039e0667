"""The life of a duty list (spec 11 §5)."""

from django.db import models


class ListState(models.TextChoices):
    DRAFT = "draft", "起草"
    CHECKED = "checked", "已检查"
    CONSULTING = "consulting", "征求意见"
    ADOPTED = "adopted", "已通过"
    PUBLISHED = "published", "已公布"
    SUPERSEDED = "superseded", "已被新版代替"
