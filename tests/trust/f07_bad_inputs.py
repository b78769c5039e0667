"""F7: bad inputs against every create of the API: a named refusal or a row, never 5xx."""

import json
import logging
from random import Random

import pytest
from django.db import transaction
from django.test import Client

from config.api import api
from config.costs import purse
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.cases.tests import factories as f
from jishi.foundation import data_keys, keys
from tests.trust.sizes import FULL, say, size

pytestmark = pytest.mark.django_db
EACH = size(60, 600)  # of the corpus, per create
CANARY = "kanarienvogel"
BAD = (
    "", " ", "\x00", "\u202e", "\ud800", "A" * 70_000, "9" * 400, "-1", "1e999", "NaN", "null", "true", "[]", "{}",
    "' OR 1=1 --", "'; DROP TABLE cases_case; --", "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "../../etc/passwd",
    "%00", "\r\nSet-Cookie: a=b", "=cmd|' /C calc'!A0", "2026-02-30", "2026-13-01T00:00:00Z", "9999-12-31",
    "0001-01-01", "𠮷" * 5000, "é́́" * 999, "\ufeff", "\u200b", "file:///etc/passwd", "http://169.254.169.254/",
    "javascript:alert(1)",
)  # fmt: skip
TYPES = (None, 0, -1, 2**63, 2**53 + 1, 1.5, True, [], {}, [None], {"a": {"a": {"a": {}}}}, "x")


def creates() -> list[tuple[str, dict]]:
    """Every POST that takes a body of JSON, with the shape of its document."""
    document = api.get_openapi_schema()
    found = []
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if body and "{" not in path:
            found.append((path, shape(body["schema"], document)))
    return found


def shape(schema: dict, document: dict) -> dict:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema.get("properties", {})


def bad(rng: Random, fields: dict) -> object:
    if rng.random() < 0.05:
        return rng.choice(TYPES)
    said = {name: CANARY for name in fields if rng.random() < 0.7}
    for name in rng.sample(sorted(fields), min(len(fields), rng.randrange(1, 3))):
        said[name] = rng.choice(TYPES) if rng.random() < 0.4 else CANARY + rng.choice(BAD)
    if rng.random() < 0.1:
        said["unknown_" + CANARY] = 1
    return said


def test_every_create_refuses_by_name(town, record_property, caplog):
    tenants.forget()
    account = an_account(town)
    for role in ("operator", "dispatcher", "office", "system_admin"):
        if role != "system_admin":
            a_grant(account, role, body_id=f.body_id(town, "sqzx"), post_id=77, post_title=role)
    client = signed_in(Client(headers={"host": "town.example"}, raise_request_exception=False), account, post=77)
    rng, asked, broken, unnamed = Random(7), 0, [], []
    with keys.using(keys.NullKeys()), caplog.at_level(logging.DEBUG, logger="jishi"):
        for path, fields in creates():
            for _ in range(EACH):
                purse.forget()
                raw = json.dumps(bad(rng, fields), ensure_ascii=True)
                with transaction.atomic():
                    answer = client.post(path, raw, content_type="application/json",
                                         headers={"Idempotency-Key": f"bad-{asked:06d}"})  # fmt: skip
                    transaction.set_rollback(True)
                asked += 1
                if answer.status_code >= 500:
                    broken.append(f"{path} {answer.status_code}: {raw[:80]}")
                elif answer.status_code >= 400 and "code" not in (answer.json() or {}):
                    unnamed.append(f"{path} {answer.status_code}")
    data_keys.forget()
    tenants.forget()
    said = f"{asked} bad inputs, {len(creates())} creates: {len(broken)} × 5xx, {len(unnamed)} without a name"
    say(record_property, said, enough=FULL and asked >= 10_000)
    assert not broken, broken[:3]
    assert not unnamed, unnamed[:3]
    assert CANARY not in caplog.text
