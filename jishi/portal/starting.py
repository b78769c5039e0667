"""Founds a real town, empty: its row, the leading group office, and the people who set up everything else with pages.

Three administrators who are three persons (spec 90 §4.2) and the head of the office. Bodies, posts and people follow at
单位和岗位, lists and their book at 履职清单, ground by the words `divisions` and `grids`.
"""

import secrets
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.accounts.actions import accounts
from jishi.accounts.actions.accounts import Opening
from jishi.bodies.actions import bodies, posts
from jishi.bodies.actions.bodies import Founding
from jishi.bodies.actions.posts import NewPost
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Refused
from jishi.foundation.tenants import Tenant

OFFICE = "ldxz"
FIRST = (
    ("xitong", "系统管理员", "System administrator", ("system_admin",)),
    ("anquan", "安全管理员", "Security administrator", ("security_admin",)),
    ("shenji", "审计管理员", "Audit administrator", ("auditor",)),
    ("lingdao", "领导小组办公室主任", "Head of the leading group office", ("office", "ruler")),
)


class AlreadyFounded(Refused):
    code, status = "already_founded", 409
    zh, en = "{code} 已经建过了。", "{code} is founded already."
    next_zh, next_en = "换一个六位代码，或直接登录。", "Choose another six-digit code, or sign in."


class HostTaken(Refused):
    code, status = "host_taken", 409
    zh, en = "域名 {host} 已经给了 {code}。", "The host {host} belongs to {code}."
    next_zh, next_en = "换一个域名。", "Choose another host."


class NotATown(Refused):
    code, status = "not_a_town", 422
    zh, en = "不能这样建：{detail}", "It cannot be founded like this: {detail}"
    next_zh = "代码是六位数字，名称和至少一个域名都要有。"
    next_en = "A six-digit code, a name and at least one host are needed."


@dataclass(frozen=True, slots=True)
class FirstPerson:
    """One of the first four: what to sign in with. The password is shown once and kept nowhere in clear."""

    username: str
    title: str
    title_en: str
    password: str = field(repr=False)


@transaction.atomic
def begin(
    code: str, name: str, hosts: Sequence[str], *, now: datetime, name_en: str = "", zone: str = "Asia/Shanghai"
) -> list[FirstPerson]:
    """Found the town `code` (six digits of its division) and give the first four people, once.

    :raises NotATown: code, name, host or time zone unfit. :raises AlreadyFounded: the code stands.
    :raises HostTaken: another town answers by that name.
    """
    asked = [h.strip().lower() for h in hosts if h.strip()]
    _ensure_fit(code, name, asked, zone)
    tenant = Tenant.objects.create(
        code=code, name=name.strip()[:60], name_en=name_en.strip()[:60], zone=zone, hosts=asked, founded_at=now
    )
    by = system(tenant.id)
    with scope.work(by):
        office = Founding(
            OFFICE, f"{name.strip()}领导小组办公室"[:80], "领导小组办公室", "office", code.ljust(12, "0"),
            name_en="Leading Group Office",
        )  # fmt: skip
        ids = bodies.found_many([office], active_from=localdate(now), by=by, now=now)
        rows = [NewPost(ids[OFFICE], title, roles, title_en) for _, title, title_en, roles in FIRST]
        made = posts.create_posts(rows, by=by, now=now)
        people = [FirstPerson(user, zh, en, secrets.token_urlsafe(12)) for user, zh, en, _ in FIRST]
        opened = accounts.open_many([Opening(p.username, p.title, p.password, True) for p in people], by=by, now=now)
        posts.begin_terms([(post, one.id) for post, one in zip(made, opened, strict=True)], by=by, now=now)
    return people


def _ensure_fit(code: str, name: str, hosts: Sequence[str], zone: str) -> None:
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise NotATown(detail=code)
    if not name.strip() or not hosts:
        raise NotATown(detail=name or "—")
    if any(not h.isascii() or "/" in h or " " in h or ":" in h.strip("[]") and not h.startswith("[") for h in hosts):
        raise NotATown(detail=", ".join(hosts))
    if zone not in zoneinfo.available_timezones():
        raise NotATown(detail=zone)
    for row in Tenant.objects.all():
        if row.code == code:
            raise AlreadyFounded(code=code)
        if shared := sorted(set(row.hosts) & set(hosts)):
            raise HostTaken(host=shared[0], code=row.code)
