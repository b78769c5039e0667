"""Who is signed in, what they may do until when, and who looked at whom."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import FactRow, TenantRow


class Accounts(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=username)


class Account(AbstractBaseUser, TenantRow):
    """One person's way in. Rights come from grants, never from here; no 'last seen' is kept (red line 5)."""

    username = models.CharField(max_length=60)
    name = models.CharField(max_length=60)  # the name colleagues see on the account page; never on a case
    is_active = models.BooleanField(default=True)
    is_staff_member = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    elder = models.BooleanField(default=False)
    first_until = models.DateTimeField(null=True)  # somebody else gave the password: until then, or changed
    last_login = None  # type: ignore[assignment]

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = Accounts()  # type: ignore[misc,assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "username"], name="one_account_per_name")]


class Grant(TenantRow):
    """A right from a post: role × bodies × area, half open in time. Written by `bodies` when a term begins."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=30)
    body_id = models.BigIntegerField(null=True)  # bodies is above: no key points up
    post_id = models.BigIntegerField(null=True)
    post_title = models.CharField(max_length=80, blank=True)
    area = models.CharField(max_length=12, blank=True)  # division-code prefix, empty: the whole tenant
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="grant_is_half_open",
                condition=Q(active_to=None) | Q(active_to__gt=models.F("active_from")),
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "account"], name="grants_of_account"),
            models.Index(fields=["tenant", "post_id"], name="grants_of_post"),
            models.Index(fields=["tenant", "role"], name="grants_by_role"),
        ]


class SignedIn(FactRow):
    """One open session of an account, so that its holder can see and end it. Gone when the session ends."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40)
    device = models.CharField(max_length=60, blank=True)  # "Firefox · Windows": kind of program, no address
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "session_key"], name="one_row_per_session")]
        indexes = [models.Index(fields=["tenant", "account"], name="sessions_of_account")]


class SignInKept(FactRow):
    """One sign-in that succeeded: when, by which way, on what kind of device. For its holder alone; six months."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    way = models.CharField(max_length=12)
    device = models.CharField(max_length=60, blank=True)  # as in SignedIn: kind of program and system, no address

    class Meta:
        indexes = [models.Index(fields=["tenant", "account", "at"], name="sign_ins_of_account")]


class Device(TenantRow):
    """随身设备: a browser in which somebody's pocket works, so that its holder can name it and end it.

    `number_mac`: keyed hash of a number that the device made for itself; it opens nothing. Days, no moment, no place:
    read by its holder alone, never by a superior (red line 5). `session_key`: what ends with it. `key_no`: which of its
    keys it is given; `is_settled`: nothing lies there any more under the one before.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    number_mac = models.CharField(max_length=64)
    name = models.CharField(max_length=40, blank=True)  # its holder's word; at first the kind of program and system
    first_day = models.DateField()
    last_day = models.DateField()
    session_key = models.CharField(max_length=40, blank=True)
    key_no = models.PositiveIntegerField(default=0)
    is_settled = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "account", "number_mac"], name="one_row_per_device"),
            models.CheckConstraint(name="a_first_key_has_none_before", condition=Q(is_settled=True) | Q(key_no__gt=0)),
        ]
        indexes = [models.Index(fields=["tenant", "number_mac"], name="devices_by_number")]


class ApiClient(TenantRow):
    """An outside system with its own rights and limits."""

    name = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64)
    roles = ArrayField(models.CharField(max_length=30), default=list)
    body_ids = ArrayField(models.BigIntegerField(), default=list)
    area = models.CharField(max_length=12, blank=True)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key_hash"], name="one_client_per_key")]


class Reading(FactRow):
    """One act of unsealing: who, what, why, when. Its subject can see it."""

    append_only = True

    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    body_id = models.BigIntegerField(null=True)
    post_title = models.CharField(max_length=80, blank=True)
    purpose = models.CharField(max_length=60)
    reason = models.CharField(max_length=300)
    owner_table = models.CharField(max_length=60)
    owner_row = models.BigIntegerField()
    fields = ArrayField(models.CharField(max_length=40))
    file_row = models.BigIntegerField(null=True)  # which file of that row; it may have ended, so no key

    class Meta:
        indexes = [models.Index(fields=["tenant", "owner_table", "owner_row"], name="readings_of_row")]


class BreakGlass(TenantRow):
    """One opening of the emergency access (spec 90 §3): who asked why for which body or place, who decided.

    While it is open its asker holds a right `break_glass`, a `Grant` that ends by itself.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    post_id = models.BigIntegerField()
    post_title = models.CharField(max_length=80, blank=True)
    own_body_ids = ArrayField(models.BigIntegerField())
    status = models.CharField(max_length=8)
    ground = models.CharField(max_length=8)
    why = models.CharField(max_length=500)  # what a post said about its work; shown to the auditor
    body_id = models.BigIntegerField(null=True)
    wider = models.BooleanField(default=False)  # the place grows to `area`
    area = models.CharField(max_length=12, blank=True)  # division-code prefix
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_title = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="glass_widens_something", condition=Q(body_id__isnull=False) | Q(wider=True)
            ),
            models.CheckConstraint(
                name="glass_status_is_known", condition=Q(status__in=["asked", "open", "denied", "ended"])
            ),
            models.CheckConstraint(
                name="glass_opens_by_a_decision",
                condition=~Q(status="open") | Q(decided_at__isnull=False, open_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status"], name="glass_by_status"),
            models.Index(fields=["tenant", "account"], name="glass_of_account"),
        ]


class NoticeChoice(TenantRow):
    """How one person wants to be told: on the own page alone, by text message, by mail. The address is sealed."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "account"], name="one_choice_per_person"),
            models.CheckConstraint(
                name="notice_channel_is_known", condition=Q(channel__in=["site", "sms", "mail"])
            ),
        ]


class PhoneWay(TenantRow):
    """A resident signs in by a number. The number itself is sealed, and found by its keyed hash alone."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "account"], name="one_number_per_account")]


class PhoneCode(TenantRow):
    """One code that was sent to a number: keyed hashes of number, browser and code. Gone after a day."""

    number_mac = models.CharField(max_length=64)
    browser_mac = models.CharField(max_length=64)
    code_mac = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "browser_mac"], name="one_code_per_asking")]
        indexes = [models.Index(fields=["tenant", "number_mac", "asked_at"], name="codes_of_number")]


class OutsideIdentity(TenantRow):
    """Who an account is at the unified sign-in: a keyed hash of issuer and subject, never a phone, mail or number."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=300)
    subject_mac = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "subject_mac"], name="one_account_per_subject"),
            models.UniqueConstraint(fields=["tenant", "account", "issuer"], name="one_subject_per_issuer"),
        ]


class Recovery(TenantRow):
    """A way back for staff who lost every factor: asked by one person, approved by another (spec 90 §3).

    Each of the two is given one half of a code, stored as a keyed hash; only both halves together open anything.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=8)
    why = models.CharField(max_length=300)  # how the administrator knows who asks; a post's own words
    asked_by = models.BigIntegerField()
    asked_at = models.DateTimeField()
    first_mac = models.CharField(max_length=64)
    decided_by = models.BigIntegerField(null=True)
    decided_title = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    second_mac = models.CharField(max_length=64, blank=True)
    ends_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="recovery_status_is_known",
                condition=Q(status__in=["asked", "approved", "denied", "used", "ended"]),
            ),
            models.CheckConstraint(
                name="recovery_takes_two",
                condition=~Q(status__in=["approved", "used"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=models.F("asked_by")) & ~Q(second_mac="")),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "account"], name="recoveries_of_account")]


class SignInFailure(FactRow):
    """Failed tries per account name and device; slows, never locks (spec 90 §3). Gone after six months."""

    name_mac = models.CharField(max_length=64)
    device = models.CharField(max_length=64, blank=True)  # empty: all unknown devices together
    count = models.PositiveIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name_mac", "device"], name="one_bucket_per_device")]
