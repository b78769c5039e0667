"""查毒: a connector to a virus scanner of the town's (spec 90 §9). Without one, the page says "not scanned".

Spoken is clamd's own INSTREAM (ClamAV manual, clamd(8)): ``zINSTREAM``, pieces with their lengths before them, an
empty piece, one answer. `JISHI_SCANNER` names it: ``unix:/run/clamav/clamd.ctl``, or ``host:port`` of the operator's.
The bytes pass through memory alone. A scanner that is set and does not answer refuses the file and nothing else: the
words of a report are taken without it.
"""

import socket
import struct
import time

from django.conf import settings

from jishi.foundation.refusals import NotAvailableNow, Refused
from jishi.foundation.uploads import Sent, plain_name

SECONDS = 20  # for one file, from dialling to the answer
PIECE = 64 * 1024
LONGEST = 1024  # bytes of an answer
_LENGTH = struct.Struct("!L")


class FileInfected(Refused):
    code, status = "file_infected", 422
    zh, en = "“{name}”里查出了病毒，没有收。", "“{name}” holds a virus; it was not taken."
    next_zh = "先给手机或电脑杀毒；事情照样可以报，照片重新拍一张再传。"
    next_en = "Clean the phone or computer first; the matter can be reported without it, with a photo taken anew."


def looked(given: Sent) -> bool:
    """Have a file looked through; True: it was, and nothing was found. False: this installation has no scanner.

    :raises FileInfected: something was found. :raises NotAvailableNow: the scanner is away, or gave no clear answer.
    """
    if not settings.SCANNER:
        return False
    try:
        said = _ask(settings.SCANNER, given.data)
    except (OSError, ValueError):
        said = ""
    if said.endswith(" FOUND"):
        raise FileInfected(name=plain_name(given.name))
    if said != "stream: OK":
        raise NotAvailableNow(
            what_zh="查毒的程序没有应答，上传文件", what_en="The virus scanner is away: sending files"
        )
    return True


def _ask(address: str, data: bytes) -> str:
    until = time.monotonic() + SECONDS
    with _dial(address) as at:
        pieces = [data[i : i + PIECE] for i in range(0, len(data), PIECE)]
        for part in (b"zINSTREAM\0", *(_LENGTH.pack(len(p)) + p for p in pieces), _LENGTH.pack(0)):
            _patience(at, until)
            at.sendall(part)
        said = b""
        while not said.endswith(b"\0") and len(said) < LONGEST:
            _patience(at, until)
            if not (more := at.recv(LONGEST)):
                break
            said += more
    return said.rstrip(b"\0\n").decode("utf-8", "replace")


def _dial(address: str) -> socket.socket:
    if not address.startswith("unix:"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)
    at = socket.socket(socket.AF_UNIX)
    try:
        at.settimeout(SECONDS)
        at.connect(address.removeprefix("unix:"))
    except OSError:
        at.close()
        raise
    return at


def _patience(at: socket.socket, until: float) -> None:
    """:raises TimeoutError: the time for the whole is over."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    at.settimeout(left)
