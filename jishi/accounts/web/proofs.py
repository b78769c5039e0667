"""When the person of a session last showed who it is: at the sign-in, or by a passkey, a code, a password since."""

from datetime import UTC, datetime

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from jishi.accounts.actions import proving
from jishi.accounts.models import Account
from jishi.accounts.web import sessions


def way_of(request: HttpRequest, user: Account) -> str:
    """Name by which way this very sign-in came: what the page said beforehand, else the strongest that was shown."""
    if said := getattr(request, "entered_by", ""):
        return str(said)
    kinds = {one.get("type", one.get("method")) for one in get_authentication_records(request, user)}
    if "webauthn" in kinds:
        return "passkey"
    return "code" if kinds & {"totp", "recovery_codes"} else "password"


def came_by_password(request: HttpRequest, user: Account) -> bool:
    """Tell whether a password was shown at this very sign-in, alone or before something else."""
    return any(one.get("method") == "password" for one in get_authentication_records(request, user))


def last(request: HttpRequest) -> datetime | None:
    """Give the moment; None in the demonstration, which asks for no proof at all."""
    return None if settings.DEMO else shown_at(request)


def shown_at(request: HttpRequest) -> datetime:
    """Give the moment, in the demonstration too: a device that was locked asks whether anything was shown since."""
    shown = [float(request.session.get(sessions.BEGAN) or 0)]
    records = get_authentication_records(request, request.user)
    shown += [float(one["at"]) for one in records if one.get("reauthenticated")]
    return datetime.fromtimestamp(max(shown), UTC)


def by_passkey(request: HttpRequest) -> bool:
    """Tell whether a passkey was shown in this session within ten minutes; the demonstration asks for none."""
    if settings.DEMO:
        return True
    records = get_authentication_records(request, request.user)
    shown = [float(one["at"]) for one in records if one.get("type") == "webauthn"]
    return bool(shown) and request.now - datetime.fromtimestamp(max(shown), UTC) <= proving.FRESH


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether nothing needs to be shown again."""
    moment = last(request)
    return moment is None or request.now - moment <= proving.FRESH
