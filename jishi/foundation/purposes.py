"""The purpose registry 目的登记 (spec 90 §7.1): per sealed field why, on what basis, until when, who may read.

A room declares the purposes of its own fields with `declare` beside its models; those of a report stand here,
because intake, feedback and unsealing share them. `sealed.seal` refuses a field that no purpose names.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from jishi.foundation.refusals import Refused

Kind = Literal["phone", "identity_number", "text"]


class NoPurposeNamed(Refused):
    code, status = "no_purpose_named", 422
    zh, en = "没有登记过这个用途或字段：{what}。", "No such purpose or field is registered: {what}."
    next_zh, next_en = (
        "个人信息只按登记的用途保存和查看。",
        "Personal data is kept and read for registered purposes only.",
    )


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. `searchable` names the one field that may be found by equality; `days` counts from the close
    of what it belongs to (0: for as long as the owner row lives). `own_key`: each row has a key of its own, which
    the provider opens for a wish that somebody signed for, and which ends with the row's values."""

    code: str
    fields: frozenset[str]
    zh: str
    en: str
    basis: str  # law and clause
    source: str  # from whom the data comes
    readers: frozenset[str]  # roles
    days: int
    ends_by: Literal["delete", "minimise", "count"] = "delete"
    shared_with: str = ""
    sensitive: bool = False
    under_14: bool = False
    assessment: str = ""
    searchable: str = ""
    own_key: bool = False
    kind: Kind = "text"
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # field: (Chinese, English), the person's words


_REGISTRY: dict[str, Purpose] = {}


def declare(purpose: Purpose) -> Purpose:
    """This will add one purpose. Declaring the same twice changes nothing; two different ones of one code never meet.

    :raises RuntimeError: another purpose has this code, `searchable` is none of its fields, or stands beside `own_key`.
    """
    if _REGISTRY.setdefault(purpose.code, purpose) != purpose:
        raise RuntimeError(f"two purposes are called {purpose.code}")
    if purpose.searchable and purpose.searchable not in purpose.fields:
        raise RuntimeError(f"{purpose.code}: {purpose.searchable} is not one of its fields")
    if purpose.own_key and purpose.searchable:
        raise RuntimeError(f"{purpose.code}: what has a key of its own is not searched")
    return purpose


def named(code: str, *fields: str) -> Purpose:
    """Give the purpose of `code`, if it covers all of `fields`.

    :raises NoPurposeNamed: unknown purpose, or a field outside it.
    """
    purpose = _REGISTRY.get(code)
    if purpose is None:
        raise NoPurposeNamed(what=code or "—")
    if outside := sorted(set(fields) - purpose.fields):
        raise NoPurposeNamed(what=f"{code}: {', '.join(outside)}")
    return purpose


def every() -> list[Purpose]:
    """Give the whole registry for its public page, by code."""
    return sorted(_REGISTRY.values(), key=lambda p: p.code)


def normalise(kind: Kind, value: str) -> str:
    """Write a value in the one form that is hashed: phone as E.164, identity number in upper case, text as NFKC.

    >>> normalise("phone", "138 0013-8000"), normalise("identity_number", "11010119900307123x")
    ('+8613800138000', '11010119900307123X')
    """
    return _FORMS[kind](unicodedata.normalize("NFKC", value).strip())


def _phone(text: str) -> str:
    digits = re.sub(r"[^\d+]", "", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return digits
    return f"+86{digits.removeprefix('0')}"


_FORMS: dict[Kind, Callable[[str], str]] = {
    "phone": _phone,
    "identity_number": lambda text: re.sub(r"[\s-]", "", text).upper(),
    "text": lambda text: " ".join(text.split()).casefold(),
}

_DUTY = "个人信息保护法 13(1)(3)：履行法定职责或者法定义务所必需"

declare(
    Purpose(
        code="contact.caller", fields=frozenset({"caller_name", "caller_contact", "caller_mail"}),
        zh="联系您：问清情况、告诉结果、回访", en="to reach you: to ask, to tell the result, to hear your judgement",
        basis=_DUTY, source="本人 / the person",
        readers=frozenset({"operator", "dispatcher", "handler", "feedback", "messenger"}),
        days=365, searchable="caller_contact", kind="phone", shared_with="主办单位 / the lead body",
        labels={
            "caller_name": ("称呼", "name"), "caller_contact": ("联系方式", "contact"), "caller_mail": ("邮箱", "mail"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="identity.reporter", fields=frozenset({"caller_name", "caller_contact", "caller_mail"}),
        zh="举报人身份：只有受理单位为核查而看",
        en="identity of a confidential reporter: the receiving body alone, to verify",
        basis=f"{_DUTY}；信访工作条例 30", source="本人 / the person",
        readers=frozenset({"operator", "unsealed"}),  # `unsealed`: one named person for 24 hours (cases, unsealing)
        days=365, sensitive=True, own_key=True, assessment="DPIA-002",
        labels={
            "caller_name": ("称呼", "name"), "caller_contact": ("联系方式", "contact"), "caller_mail": ("邮箱", "mail"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="words.original", fields=frozenset({"text", "answers", "address_text", "part_text"}),
        zh="按您的原话把事办对", en="to do the matter right by your own words",
        basis=_DUTY, source="本人 / the person",
        readers=frozenset({"operator", "dispatcher", "handler", "reviewer", "feedback", "ruler"}),
        days=3 * 365, ends_by="minimise",
        labels={
            "text": ("原话", "your words"), "answers": ("补充回答", "further answers"),
            "address_text": ("详细地址", "exact address"), "part_text": ("其中一件事的原话", "words of one part"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="voice.recording", fields=frozenset({"voice_note", "file_key", "file_name"}),
        zh="听您说了什么，写下来请您核对", en="to hear what you said and write it down for you to confirm",
        basis=_DUTY, source="本人 / the person", readers=frozenset({"operator", "reviewer"}), days=90,
        labels={
            "voice_note": ("录音", "recording"), "file_key": ("录音", "recording"),
            "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="import.raw", fields=frozenset({"raw"}), zh="导入后核对", en="to check an import",
        basis=_DUTY, source="热线平台 / the hotline's file", readers=frozenset({"operator", "system_admin"}), days=30,
        labels={"raw": ("导入的原始行", "the imported row")},
    )
)  # fmt: skip
declare(
    Purpose(
        code="program.sender", fields=frozenset({"device_id", "account_id"}),
        zh="外部程序随诉求发来的设备号、账号：只为受理时原样答回账号，不作他用",
        en="device and account that a program sent along: to name the account in the answer to that call, no more",
        basis=_DUTY, source="外部程序 / the program", readers=frozenset({"operator"}), days=365,
        labels={"device_id": ("设备号", "device"), "account_id": ("程序里的账号", "account in the program")},
    )
)  # fmt: skip
declare(
    Purpose(
        code="photo.original", fields=frozenset({"photo", "file_key", "file_name"}),
        zh="看清现场，把事办对", en="to see the place and do the matter right",
        basis=_DUTY, source="本人 / the person",
        readers=frozenset({"operator", "dispatcher", "handler", "grid_worker", "reviewer", "feedback", "ruler"}),
        days=2 * 365, shared_with="主办单位 / the lead body",
        labels={
            "photo": ("照片", "photo"), "file_key": ("照片", "photo"), "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="outside.enclosure", fields=frozenset({"enclosure", "file_key", "file_name"}),
        zh="看懂外面的单位答了什么", en="to understand what an outside party answered",
        basis=_DUTY, source="外面的单位 / the outside party",
        readers=frozenset({"operator", "dispatcher", "handler", "reviewer", "supervisor", "ruler"}),
        days=2 * 365, shared_with="主办单位 / the lead body",
        labels={
            "enclosure": ("附件", "enclosure"), "file_key": ("附件", "enclosure"),
            "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="reply.enclosure", fields=frozenset({"enclosure", "file_key", "file_name"}),
        zh="看懂答复", en="to understand the reply",
        basis=_DUTY, source="承办单位 / the body that replied",
        readers=frozenset({"operator", "dispatcher", "handler", "reviewer", "feedback", "supervisor", "ruler"}),
        days=2 * 365, shared_with="这件事的诉求人 / the callers of the case",
        labels={
            "enclosure": ("答复的附件", "enclosure of the reply"), "file_key": ("答复的附件", "enclosure of the reply"),
            "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="reply.public", fields=frozenset({"file_key", "file_name"}),
        zh="让大家看到办成什么样；盖住个人信息的那一份",
        en="to let everybody see what was done; the copy with persons covered",
        basis=_DUTY, source="承办单位 / the body that replied", readers=frozenset(), days=2 * 365,
        shared_with="公众 / the public",
        labels={
            "file_key": ("答复公开的照片", "the public photo of the reply"),
            "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="errand.photo", fields=frozenset({"photo", "file_key", "file_name"}),
        zh="看清跑腿单上的地方", en="to see the place of an errand",
        basis=_DUTY, source="到场的人 / whoever was there",
        readers=frozenset({"dispatcher", "handler", "supervisor", "reviewer"}),
        days=2 * 365, shared_with="主办单位 / the lead body",
        labels={
            "photo": ("跑腿单的照片", "photo of an errand"), "file_key": ("跑腿单的照片", "photo of an errand"),
            "file_name": ("文件名", "name of the file"),
        },
    )
)  # fmt: skip
declare(
    Purpose(
        code="photo.public", fields=frozenset({"file_key", "file_name"}),
        zh="让大家看到现场；盖住个人信息的那一份", en="to let everybody see the place; the copy with persons covered",
        basis="个人信息保护法 13(1)(1)、25：本人同意公开", source="本人 / the person",
        readers=frozenset(), days=2 * 365, shared_with="公众 / the public",
        labels={"file_key": ("公开的照片", "the public photo"), "file_name": ("文件名", "name of the file")},
    )
)  # fmt: skip
