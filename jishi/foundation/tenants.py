"""Who runs Jishi: the one table that may be read before anybody is known."""

from django.db import models

TRIAL = "T"  # ends the code of a test jurisdiction: 990181T stands beside 990181, has no host, and reaches nobody


class Tenant(models.Model):
    """One county or above that runs Jishi. Holds nothing personal; readable before sign-in."""

    code = models.CharField(max_length=12, unique=True)  # division code, 6 digits
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60, blank=True)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    suite = models.CharField(max_length=1, default="a")  # a: AES-GCM + SHA-256, s: SM4-GCM + SM3
    hosts = models.JSONField(default=list)
    founded_at = models.DateTimeField()

    @property
    def is_trial(self) -> bool:
        """Tell whether this is a test jurisdiction: emptied each night, nothing in it reaches a person."""
        return str(self.code).endswith(TRIAL)

    @property
    def trial_code(self) -> str:
        """Give the code of the test jurisdiction beside this tenant."""
        return f"{self.code}{TRIAL}"
