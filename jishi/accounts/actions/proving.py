"""Step-up: before an act that matters, the person has shown within ten minutes who it is (spec 90 §3).

A sign-in counts, and so does a passkey or a code shown again. Only a browser's session knows the moment: what a worker,
a command or a program with its own key does is proved by other means, and is not asked.
"""

from datetime import datetime, timedelta

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused

FRESH = timedelta(minutes=10)


class FreshSignInNeeded(Refused):
    code, status = "fresh_sign_in_needed", 403
    zh, en = "这一步要紧，请再确认一次是您。", "This matters: please show once more that it is you."
    next_zh = "用通行密钥或验证码确认，10 分钟内不再问。"
    next_en = "Confirm by passkey or code; for ten minutes you are not asked again."


def ensure_fresh(by: Actor, *, now: datetime) -> None:
    """Insist on a proof of at most ten minutes ago.

    :raises FreshSignInNeeded: the session is older, and nothing was shown since.
    """
    if by.proved_at is not None and now - by.proved_at > FRESH:
        raise FreshSignInNeeded
