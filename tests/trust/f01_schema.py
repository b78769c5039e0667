"""F1: no column whose name says that it holds a person, whatever the table."""

import re

from django.apps import apps
from django.db import models

from tests.trust.sizes import say

PERSON = re.compile(
    r"(^|_)(phone|tel|mobile|contact|id_?card|id_?number|birth\w*|age|sex|gender|home|email|mail|wechat|caller"
    r"|reporter_name|person|face|voice_print)(_|$)"
)
# What the name says otherwise than it means, each looked at: codes, ids, flags.
LOOKED_AT = re.compile(
    r"(_id|_ids|_at|_on|_code|_codes)$|^told_caller$|^(reason|text)_for_caller$|^(work|supervising)_phone$"
)
# The telephone of an office, what a body writes to a caller; a jurisdiction of Open311 names the office to write to.
OFFICES = {"cases_jurisdiction.contact"}


def test_no_text_column_is_named_after_a_person(record_property):
    found, looked = [], 0
    for model in apps.get_models():
        if not model.__module__.startswith("jishi."):
            continue
        for column in model._meta.get_fields():
            if not isinstance(column, (models.CharField, models.TextField, models.JSONField, models.BinaryField)):
                continue
            looked += 1
            if PERSON.search(column.name) and not LOOKED_AT.search(column.name) and not column.choices:
                found.append(f"{model._meta.db_table}.{column.name}")
    said = f"{looked} text columns looked at, {len(found)} named after a person's data"
    say(record_property, said + (f": {', '.join(found)}" if found else ""), enough=True)
    assert set(found) <= OFFICES
