"""Who carries a notice to a person: mail (SMTP), text messages (the town's gateway), or the twin that only remembers.

`JISHI_MAIL` and `JISHI_SMS` name them; a channel without one is not offered to anybody. The demonstration and the
tests use the twin: what would have been sent is kept in memory, and nothing leaves the machine.
"""

import json
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from jishi.foundation import outgoing
from jishi.foundation.outgoing import SECONDS, NotDelivered

MAIL, SMS = "mail", "sms"


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice to one address. `id` is the same each time it is tried: whoever takes it can tell a repetition."""

    id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Carrier(Protocol):
    """Takes one letter along. :raises NotDelivered: it was not taken, and is tried again."""

    def carry(self, letter: Letter) -> None: ...


class Recorder:
    """The twin: remembers what it was asked to carry, and can be out of order."""

    def __init__(self) -> None:
        self.carried: list[Letter] = []
        self.broken = False

    def carry(self, letter: Letter) -> None:
        if self.broken:
            raise NotDelivered("out_of_order")
        self.carried.append(letter)


@dataclass(frozen=True, slots=True)
class Mail:
    """``smtp://`` or ``smtps://user:password@host:port/sender@example.gov.cn``; plain SMTP turns to TLS first."""

    url: str = field(repr=False)

    def carry(self, letter: Letter) -> None:
        at = urlsplit(self.url)
        sender = unquote(at.path.lstrip("/"))
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
        message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        try:
            with self._connected() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException):
            raise NotDelivered("mail_not_taken") from None

    def _connected(self) -> smtplib.SMTP:
        at, context = urlsplit(self.url), ssl.create_default_context()
        host = at.hostname or ""
        if at.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, at.port or 465, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, at.port or 25, timeout=SECONDS)
            server.starttls(context=context)
        if at.username:
            server.login(unquote(at.username), unquote(at.password or ""))
        return server


@dataclass(frozen=True, slots=True)
class Gateway:
    """The town's gateway for text messages: one POST of {"id", "to", "text"} through the one outgoing door.

    What stands before ``@`` in the address is the bearer's key. A gateway inside a network is listed in `JISHI_INSIDE`.
    """

    url: str = field(repr=False)

    def carry(self, letter: Letter) -> None:
        at = urlsplit(self.url)
        plain = at._replace(netloc=at.netloc.rpartition("@")[2]).geturl()
        headers = {"Content-Type": "application/json", "Idempotency-Key": letter.id}
        if at.username:
            headers["Authorization"] = f"Bearer {unquote(at.username)}"
        body = json.dumps({"id": letter.id, "to": letter.to, "text": letter.text}, ensure_ascii=False)
        try:
            outgoing.post(plain, body.encode(), headers)
        except outgoing.AddressRefused:
            raise NotDelivered("gateway_address") from None


@dataclass
class _InUse:
    carriers: Mapping[str, Carrier] | None = None


_in_use = _InUse()


def every() -> Mapping[str, Carrier]:
    """Give the carriers of this installation by channel; a channel without one is absent."""
    if _in_use.carriers is None:
        twin = Recorder()
        known: dict[str, Carrier] = {MAIL: twin, SMS: twin} if settings.DEMO else {}
        if settings.MAIL:
            known[MAIL] = Mail(settings.MAIL)
        if settings.SMS:
            known[SMS] = Gateway(settings.SMS)
        _in_use.carriers = known
    return _in_use.carriers


def only_remembers(channel: str) -> bool:
    """Tell whether the twin stands in for this channel: nothing reaches anybody."""
    return isinstance(every().get(channel), Recorder)


@contextmanager
def using(carriers: Mapping[str, Carrier]) -> Iterator[None]:
    """Use other carriers for a while."""
    before, _in_use.carriers = _in_use.carriers, carriers
    try:
        yield
    finally:
        _in_use.carriers = before
