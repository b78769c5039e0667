"""News of this room. Ids and codes only."""

from dataclasses import dataclass
from typing import ClassVar

from jishi.foundation.outbox import Event


@dataclass(frozen=True)
class AccountRecovered(Event):
    """Two persons have ended every way into an account, so that its holder can make new ones."""

    subject: ClassVar[tuple[str, str]] = ("account", "account_id")
    account_id: int
    recovery_id: int
