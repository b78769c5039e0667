"""Lines of the log are carried to another machine as well: syslog (RFC 5424) over TLS (RFC 5425), or to this machine's
own daemon, which carries them on.

What is carried is what the house writes: `logs.NoPerson` has looked at it. No request waits for it: a line goes into a
short row, a thread of its own sends it. While nobody takes lines the oldest give way, and how many is said afterwards.
"""

import atexit
import logging
import os
import socket
import ssl
import threading
import time
from collections import deque
from datetime import UTC, datetime
from urllib.parse import urlsplit

PORT = 6514  # RFC 5425
PATIENCE = 10  # seconds for a connection, for one line
AGAIN = 5  # seconds until the next try
MANY = 2_000  # lines that wait; 2,000 characters each at most (`logs.scrubbed`), more with the places of an error
LONGEST = 8_000  # bytes of one datagram
LAST = 2  # seconds that the end of the process waits
FACILITY = 16  # local0
_SEVERITY = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


class Carrier(logging.Handler):
    """Carries lines to ``tls://host:port`` or ``unix:/dev/log``.

    :raises ValueError: another address; the start fails on it, not a line.
    """

    def __init__(self, to: str, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._host, self._port, self._path = _where(to)
        self._context = context
        self._waiting: deque[bytes] = deque()
        self._lost, self._turn = 0, threading.Condition()
        self._pid = 0

    def emit(self, record: logging.LogRecord) -> None:
        line = _local(record, self.format(record)) if self._path else framed(record, self.format(record))
        with self._turn:
            self._start()
            if len(self._waiting) == MANY:
                self._waiting.popleft()
                self._lost += 1
            self._waiting.append(line)
            self._turn.notify()

    def settle(self, seconds: float = LAST) -> None:
        """Wait until what waits has gone, at most so long."""
        until = time.monotonic() + seconds
        while self._waiting and time.monotonic() < until:
            time.sleep(0.01)

    def _start(self) -> None:
        if self._pid != os.getpid():  # a process that was forked has no thread of its own yet
            self._pid = os.getpid()
            threading.Thread(target=self._carry, name="log carrier", daemon=True).start()
            atexit.register(self.settle)

    def _carry(self) -> None:
        at: socket.socket | None = None
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting)
                line, lost = self._waiting[0], self._lost
            try:
                at = at if at is not None and _stands(at) else self._dial()
                if lost:
                    at.sendall(self._as_sent(_lost_lines(lost, local=bool(self._path))))
                at.sendall(self._as_sent(line))
            except OSError:
                at = None
                time.sleep(AGAIN)
                continue
            with self._turn:
                self._lost -= lost
                if self._waiting and self._waiting[0] is line:
                    self._waiting.popleft()
                else:  # it gave way meanwhile, and went all the same
                    self._lost -= 1

    def _as_sent(self, line: bytes) -> bytes:
        """Over TLS each message has its length before it (RFC 5425, 4.3); a datagram is one message."""
        return line if self._path else b"%d %s" % (len(line), line)

    def _dial(self) -> socket.socket:
        if self._path:
            at = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                at.settimeout(PATIENCE)
                at.connect(self._path)
            except OSError:
                at.close()
                raise
            return at
        plain = socket.create_connection((self._host, self._port), timeout=PATIENCE)
        try:
            context = self._context or ssl.create_default_context()
            return context.wrap_socket(plain, server_hostname=self._host)
        except OSError:
            plain.close()
            raise


def framed(record: logging.LogRecord, text: str) -> bytes:
    """Write a line as a message of RFC 5424: priority, moment, machine, ``jishi``, process; no structured data.

    >>> record = logging.LogRecord("django.request", logging.ERROR, "", 0, "", (), None)
    >>> framed(record, "500 GET /speak").split()[0], framed(record, "500 GET /speak").endswith(b"500 GET /speak")
    (b'<131>1', True)
    """
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    machine = "".join(c for c in socket.gethostname() if "!" <= c <= "~")[:255] or "-"
    head = f"<{_priority(record)}>1 {moment} {machine} jishi {record.process or '-'} {record.name[:32]} -"
    return f"{head} {text}".encode()


def _local(record: logging.LogRecord, text: str) -> bytes:
    """As this machine's daemon takes it (RFC 3164; it knows moment and machine), no longer than it does."""
    return f"<{_priority(record)}>jishi[{record.process}]: {text}".encode()[:LONGEST]


def _priority(record: logging.LogRecord) -> int:
    return FACILITY * 8 + next(code for level, code in _SEVERITY if record.levelno >= level)


def _lost_lines(count: int, *, local: bool) -> bytes:
    record = logging.LogRecord("jishi.log", logging.WARNING, "", 0, "", (), None)
    text = f"{count} lines before this one were not carried"
    return _local(record, text) if local else framed(record, text)


def _stands(at: socket.socket) -> bool:
    """Whether the other side is still there. It never speaks: what it says is that it hangs up."""
    try:
        at.settimeout(0)
        said = at.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        said = b"-"
    except OSError:
        said = b""
    if not said:
        at.close()
        return False
    at.settimeout(PATIENCE)
    return True


def _where(to: str) -> tuple[str, int, str]:
    if to.startswith("unix:/"):
        return "", 0, to.removeprefix("unix:")
    at = urlsplit(to)
    if at.scheme != "tls" or not at.hostname or at.username or at.path not in ("", "/") or at.query:
        raise ValueError("JISHI_LOG_TO: tls://host:6514 or unix:/dev/log")
    return at.hostname, at.port or PORT, ""
