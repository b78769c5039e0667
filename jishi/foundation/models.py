"""Nouns of the foundation. Entries are in a table partitioned by month, made in migration 0002."""

import uuid

from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import FactRow
from jishi.foundation.tenants import Tenant

__all__ = ["Tenant"]  # Django finds tables here; everybody else takes the tenant from its own door


class TrailHead(FactRow):
    """The last link of one subject's chain; the verb locks it, so `seq` has no gaps."""

    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "subject_kind", "subject_id"], name="one_head_per_subject")
        ]


class Entry(FactRow):
    """What happened, in one sentence, never edited. No personal text: words are in `EntryWords`."""

    append_only = True

    pk = models.CompositePrimaryKey("id", "recorded_at")
    id = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    at = models.DateTimeField()
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    verb = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    rule = models.CharField(max_length=120)
    codes = models.JSONField(default=dict)
    details_commit = models.CharField(max_length=64)
    prev = models.CharField(max_length=64)
    suite = models.CharField(max_length=1)
    hash = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "foundation_entry"


class EntryWords(FactRow):
    """Words said with an entry: end on their own date, the chain still verifies without them."""

    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    salt = models.CharField(max_length=64)
    words = models.JSONField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subject_kind", "subject_id", "seq"], name="one_set_of_words_per_entry"
            )
        ]
        indexes = [models.Index(fields=["tenant", "ends_on"], name="words_by_end")]


class Anchor(FactRow):
    """One number a day that fixes all entries committed since the last one (RFC 6962 tree)."""

    append_only = True

    number = models.PositiveIntegerField()
    day = models.DateField()
    made_at = models.DateTimeField()
    entries = models.PositiveIntegerField()
    subjects = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    suite = models.CharField(max_length=1)
    software = models.CharField(max_length=40)
    signature = models.TextField()
    up_to = models.BigIntegerField()  # transactions below this id are covered

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="anchors_are_numbered")]


class News(FactRow):
    """One announcement, written with the change it tells of.

    `position` and `sequence` are given when the worker takes it up, in the order in which changes became visible: by
    the one a tenant's news is read on without a gap, by the other that of one subject is counted from 1.
    """

    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    name = models.CharField(max_length=80)
    facts = models.JSONField()  # ids and codes only
    at = models.DateTimeField()
    position = models.BigIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "position"], name="one_position_per_news")]
        indexes = [
            models.Index(fields=["tenant", "id"], name="news_in_order"),
            models.Index(fields=["tenant", "id"], name="news_not_taken_up", condition=Q(position=None)),
            models.Index(fields=["tenant", "subject_kind", "subject_id", "sequence"], name="news_of_subject"),
        ]


class Delivery(FactRow):
    """One reaction owed to one announcement: to ourselves (`receiver` 0), or to somebody outside."""

    news = models.ForeignKey(News, on_delete=models.CASCADE, related_name="deliveries")
    reaction = models.CharField(max_length=160)  # dotted path, listed in config/wiring.py
    receiver = models.BigIntegerField(default=0)  # number of the one outside, as the reaction counts them
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "news", "reaction", "receiver"], name="one_delivery_per_reaction"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "reaction", "receiver", "subject_kind", "subject_id", "news"],
                name="deliveries_owed",
                condition=Q(done_at=None, dead_at=None),
            ),
            models.Index(fields=["tenant", "id"], name="deliveries_dead", condition=Q(dead_at__isnull=False)),
            models.Index(fields=["tenant", "subject_kind", "subject_id"], name="deliveries_of_subject"),
        ]


class IdempotencyRecord(FactRow):
    """What a create answered, so that asking again makes nothing twice. Holds ids, never personal fields."""

    actor = models.CharField(max_length=80)
    route = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "actor", "route", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["tenant", "expires_at"], name="keys_by_end")]


class Counter(FactRow):
    """Running numbers of one kind on one day."""

    kind = models.CharField(max_length=8)
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "day"], name="one_counter_per_day")]


class DataKey(FactRow):
    """A data key, wrapped by the key provider; one per tenant, purpose and generation (spec 90 §5.2)."""

    purpose = models.CharField(max_length=60)
    generation = models.PositiveIntegerField()
    suite = models.CharField(max_length=1)
    wrapped = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "purpose", "generation"], name="one_key_per_generation"),
        ]


class RowKey(FactRow):
    """A key of its own of one row, wrapped by the key provider (spec 90 §5.2, reporter identity).

    When its last value has gone `wrapped` is emptied at once; the row stays until the provider destroyed the key.
    """

    owner_table = models.CharField(max_length=60)
    owner_row = models.BigIntegerField()
    number = models.PositiveIntegerField()  # counted per row; stands in the header of what it sealed
    suite = models.CharField(max_length=1)
    wrapped = models.BinaryField()
    body_id = models.BigIntegerField(default=0)  # the receiving body it is bound to; 0: none (bodies is above)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "owner_table", "owner_row", "number"], name="row_keys_are_numbered"
            )
        ]
        indexes = [models.Index(fields=["tenant", "id"], name="row_keys_ended", condition=Q(wrapped=b""))]


class SealedValue(FactRow):
    """One personal value, encrypted and bound to its place."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    purpose = models.CharField(max_length=60)
    generation = models.PositiveIntegerField()
    owner_table = models.CharField(max_length=60)
    owner_row = models.BigIntegerField()
    field = models.CharField(max_length=40)
    data = models.BinaryField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "owner_table", "owner_row", "field"], name="one_value_per_field")
        ]
        indexes = [models.Index(fields=["tenant", "ends_on"], name="sealed_by_end")]


class SearchHash(FactRow):
    """Keyed hash for equality search; lives only while the search is needed (spec 90 §5.3)."""

    purpose = models.CharField(max_length=60)
    mac = models.BinaryField()
    owner_table = models.CharField(max_length=60)
    owner_row = models.BigIntegerField()
    ends_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "purpose", "mac"], name="hash_lookup"),
            models.Index(fields=["tenant", "owner_table", "owner_row"], name="hash_of_a_row"),
        ]


class StoredFile(FactRow):
    """One file in the store: what it is, whose it is, when it ends. Its bytes lie in `vault`, its key is sealed.

    `token` leads to its name on disk only through the key provider. `is_public`: a copy that was made for strangers.
    """

    token = models.CharField(max_length=32)
    purpose = models.CharField(max_length=60)
    owner_table = models.CharField(max_length=60)
    owner_row = models.BigIntegerField()
    kind = models.CharField(max_length=8)  # jpeg, pdf
    size = models.PositiveIntegerField()  # bytes of the content
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    content_hash = models.CharField(max_length=64)  # SHA-256 of the content
    scanned_at = models.DateTimeField(null=True)  # when a scanner found nothing; empty: none looked
    is_public = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token"], name="one_file_per_token")]
        indexes = [
            models.Index(fields=["tenant", "owner_table", "owner_row"], name="files_of_owner"),
            models.Index(fields=["tenant", "ends_on"], name="files_by_end"),
        ]
