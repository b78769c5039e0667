"""Who runs Jishi: the one table that may be read before anybody is known."""

from django.db import models


class Tenant(models.Model):
    """One county or above that runs Jishi. Holds nothing personal; readable before sign-in."""

    code = models.CharField(max_length=12, unique=True)  # division code, 6 digits
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60, blank=True)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    suite = models.CharField(max_length=1, default="a")  # a: AES-GCM + SHA-256, s: SM4-GCM + SM3
    hosts = models.JSONField(default=list)
    founded_at = models.DateTimeField()
