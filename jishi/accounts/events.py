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


@dataclass(frozen=True)
class PhoneLost(Event):
    """Somebody else than its holder has ended every device and session of an account, the telephone being lost."""

    subject: ClassVar[tuple[str, str]] = ("account", "account_id")
    account_id: int


@dataclass(frozen=True)
class GlassEnded(Event):
    """An emergency access that was open is over: whoever was read by it is told now."""

    subject: ClassVar[tuple[str, str]] = ("break_glass", "glass_id")
    glass_id: int
