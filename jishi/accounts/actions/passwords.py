"""What a password may not be: short, common, made of this town's own words, or known from a breach (spec 90 §3).

The words of the town are those of the list below and the town's own: its names, its hosts, the sign-in name and the
name of the person. What counts is what is left without them: a sentence in which the town occurs is a fine password.
"""

import hashlib
import logging
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jishi.foundation import scope
from jishi.foundation.refusals import Invalid
from jishi.foundation.tenants import Tenant

log = logging.getLogger(__name__)

# The documented list (ASVS V6.1.2); docs/operating.md says it in words, a test compares the two.
WORDS = (
    "jishi", "基石", "12345", "12348", "110", "hotline", "热线", "wangge", "网格", "grid", "gongdan", "工单",
    "paidan", "派单", "diaodu", "调度", "jiedao", "街道", "shequ", "社区", "zhengfu", "政府", "gov",
    "admin", "administrator",
    "guanliyuan", "管理员",
    "security", "anquan", "安全", "auditor", "shenji", "审计", "system", "xitong", "系统",
    "operator", "password", "mima", "密码", "welcome", "huanying", "test", "ceshi", "测试",
)  # fmt: skip
LEFT = 8  # characters that must be left without them
_LIKE = str.maketrans("013457@$!", "oieastasi")  # what people write instead of a letter
_YEAR = re.compile(r"(i9|2o)[0-9oieast]{2}")  # 19.. and 20.., written so


def ensure_fit(password: str, *, names: Iterable[str] = ()) -> None:
    """Insist on twelve characters that are not common, not the town's or the person's words, and of no known breach.

    `names`: the sign-in name and the name of who shall have it. :raises Invalid: with what is wrong.
    """
    try:
        validate_password(password)
    except ValidationError as unfit:
        raise Invalid(detail=" ".join(unfit.messages)) from unfit
    if left_of(password, [*WORDS, *_of_the_town(), *names]) < LEFT:
        said = _("密码里除去本地的名称、您自己的名字和“12345”“网格”“admin”这类字，剩下的不到 %(n)d 个字，太容易猜。")
        raise Invalid(detail=said % {"n": LEFT})
    if is_breached(password):
        raise Invalid(detail=_("这个密码在别处泄露过，不能用。"))


def left_of(password: str, words: Iterable[str]) -> int:
    """Count the signs that are left of a password when these words and years are taken out, however they are written.

    >>> [left_of(p, ["jishi", "wangge"]) for p in ("Jishi-Wangge-2026", "j1sh1_W4ngge!", "三号楼下的桂花开得晚 jishi")]
    [0, 1, 10]
    """
    left = _plain(password).translate(_LIKE)
    for word in sorted({_plain(w).translate(_LIKE) for w in words}, key=len, reverse=True):
        left = left.replace(word, " ") if len(word) > 1 else left
    return len("".join(_YEAR.sub(" ", left).split()))


def is_breached(password: str) -> bool:
    """Tell whether the operator's list of breached passwords holds it; False where none is given. Nothing is sent.

    The list is a file of SHA-1 in capitals, sorted, one a line, `:count` after it or not: the form in which such lists
    are given out. It may be many gigabytes: about forty short reads.
    """
    path = getattr(settings, "BREACHED", "")
    if not path:
        return False
    asked = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    try:
        return _holds(Path(path), asked)
    except OSError as fault:
        log.error("the list of breached passwords cannot be read, nothing is compared with it: %s", fault)
        return False


def _holds(path: Path, asked: bytes) -> bool:
    """Search a sorted file by halves."""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            file.seek(middle)
            if middle:
                file.readline()
            line = file.readline()[:40].upper()
            if not line or line >= asked:
                high = middle
            else:
                low = middle + 1
        file.seek(low)
        if low:
            file.readline()
        return file.readline()[:40].upper() == asked


def _of_the_town() -> list[str]:
    town = Tenant.objects.filter(id=scope.current().actor.tenant_id).first()
    if town is None:
        return []
    short, hosts = str(town.name).rstrip("省市区县镇乡街道"), [part for host in town.hosts for part in host.split(".")]
    return [str(town.code), str(town.name), short, *str(town.name_en).split(), *hosts]


def _plain(said: str) -> str:
    """Small letters, no signs between: what is the same to somebody who guesses."""
    folded = unicodedata.normalize("NFKC", said).casefold()
    return "".join(c for c in folded if c.isalnum() or c in "@$!")
