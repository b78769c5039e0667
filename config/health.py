"""Is it alive, is it ready: answered without tenant, scope or anything personal; no version, no host (spec 90 §15)."""

from django.db import OperationalError, connection
from django.http import HttpRequest, JsonResponse


def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Say whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        answer = JsonResponse(
            {"ready": False, "zh": "数据库暂时不可用。", "en": "The database is not available."}, status=503
        )
        answer["Retry-After"] = "5"
        return answer
    return JsonResponse({"ready": True})
