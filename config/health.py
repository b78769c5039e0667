"""Is it alive, is it ready, what is missing: without tenant, scope or anything personal; no version, no host.

Sentences are those of spec 90 §15. A part that is missing is named; the others go on, and so the answer stays 200.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import OperationalError, connection
from django.http import HttpRequest, JsonResponse

from config import clockwatch
from jishi.foundation import database, keys
from jishi.foundation.refusals import Refused

_STATE = """
    SELECT (SELECT max(last_heartbeat) > clock_timestamp() - interval '60 seconds' FROM procrastinate_workers),
           current_setting('default_transaction_read_only') = 'on'
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that does not work, with its sentence: what is off, what goes on."""

    what: str
    zh: str
    en: str


WORKER = Missing("worker", "消息投递暂缓，事项照常办理。", "News is delayed; cases go on.")
KEYS = Missing(
    "keys",
    "钥匙服务不可用，封存内容暂不能查看，新的上报暂不能收；其他照常。",
    "Sealed fields cannot be opened and reports not taken in; everything else works.",
)
SPACE = Missing("space", "存储空间不足，暂停写入。", "Storage is low; writing is paused.")
SEARCH = Missing("search", "检索较慢，其他照常。", "Searching is slow; everything else works.")
TIME = Missing("time", "时间异常，自动计时暂停。", "Clock is wrong; automatic moves are paused.")
DATABASE = Missing("database", "数据库暂时不可用。", "The database is not available.")


def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Say whether the database answers, and which parts are missing meanwhile."""
    try:
        missing = parts_missing()
    except OperationalError:
        answer = JsonResponse({"ready": False, "zh": DATABASE.zh, "en": DATABASE.en}, status=503)
        answer["Retry-After"] = "5"
        return answer
    return JsonResponse({"ready": True, "missing": [_said(one) for one in missing]})


def parts_missing() -> list[Missing]:
    """Name what does not work; three statements. :raises OperationalError: the database does not answer."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        works, read_only = cursor.fetchone()
        slow = database.lacking(cursor)
    states = (
        (WORKER, not works), (KEYS, not _keys_are_there()), (SPACE, read_only), (SEARCH, bool(slow)),
        (TIME, bool(clockwatch.why_not(datetime.now(UTC)))),
    )  # fmt: skip
    return [part for part, is_missing in states if is_missing]


def _keys_are_there() -> bool:
    try:
        return keys.provider().health().ok
    except (Refused, OSError):
        return False


def _said(one: Missing) -> dict[str, Any]:
    return {"what": one.what, "zh": one.zh, "en": one.en}
