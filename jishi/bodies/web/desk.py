"""单位和岗位: the register of bodies, the posts of each, and who holds them from when (spec 90 §4.1).

Rights hang on posts. Who opens an account sees its first password once, on the page after the press, and nowhere else.
"""

import secrets
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.accounts import queries as accounts_known
from jishi.accounts.actions import accounts
from jishi.bodies import queries
from jishi.bodies.actions import bodies, posts
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, SignInNeeded

KEEPERS = ("security_admin", "office")
LEVELS = {
    "city_dept": gettext_lazy("部门"), "street": gettext_lazy("街道（镇）"), "community": gettext_lazy("社区（村）"),
    "company": gettext_lazy("公共企业"), "centre": gettext_lazy("诉求受理中心"),
    "office": gettext_lazy("领导小组办公室"), "other": gettext_lazy("其他"),
}  # fmt: skip
ROLES = {
    "operator": gettext_lazy("话务员"), "dispatcher": gettext_lazy("派单员"), "handler": gettext_lazy("承办员"),
    "head": gettext_lazy("单位负责人"), "reviewer": gettext_lazy("审核员"), "feedback": gettext_lazy("回访员"),
    "supervisor": gettext_lazy("督办员"), "grid_worker": gettext_lazy("网格员"),
    "mediator": gettext_lazy("调解员"), "office": gettext_lazy("领导小组办公室"), "ruler": gettext_lazy("终审岗"),
    "auditor": gettext_lazy("审计员"), "system_admin": gettext_lazy("系统管理员"),
    "security_admin": gettext_lazy("安全管理员"),
}  # fmt: skip


@never_cache
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """Show every body of today with its posts counted; `q` looks in names and codes."""
    _keeper(request)
    return _register(request)


@require_POST
def found(request: HttpRequest) -> HttpResponse:
    """Found one body, from today on."""
    by, now = _keeper(request), _now(request)
    said = {k: str(v).strip() for k, v in request.POST.items()}
    short = said.get("short_name") or said.get("name", "")
    if not all(said.get(k) for k in ("code", "name", "division_code")):
        raise Invalid(detail=_("代码、名称、区划代码都要填。"))
    row = bodies.Founding(
        said["code"], said["name"], short, said.get("level", ""), said["division_code"].ljust(12, "0"),
        name_en=said.get("name_en", ""), parent=said.get("parent", ""), work_phone=said.get("work_phone", ""),
        calendar="always" if said.get("always") else "office",
    )  # fmt: skip
    bodies.found_many([row], active_from=localdate(now), by=by, now=now)
    messages.success(request, _("单位已设立。下一步：设岗位，办任职。"))
    return redirect("body", code=row.code)


@never_cache
@require_GET
def body(request: HttpRequest, code: str) -> HttpResponse:
    """Show one body: its posts, who holds them, and what may be done."""
    _keeper(request)
    return _body(request, _found(code, _now(request)))


@never_cache
@require_POST
def act(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Create a post, begin a term (for a new person too), end one."""
    by, now = _keeper(request), _now(request)
    which = _found(code, now)
    if verb == "post":
        _create(request, which, by, now)
        messages.success(request, _("岗位已设立。"))
    elif verb == "begin":
        told = _begin(request, which, by, now)
        if told:
            return _body(request, which, told=told)
        messages.success(request, _("任职已办，权限从现在起生效。"))
    elif verb == "end":
        term = _number(request.POST.get("term"))
        if term not in {h.term_id for p in queries.posts_of(which.id, now=now) for h in p.holders}:
            raise NotFound
        posts.end_term(term, by=by, now=now)
        messages.success(request, _("任职已结束，权限同时收回。"))
    else:
        raise Http404
    return redirect("body", code=code)


def _create(request: HttpRequest, which: queries.BodyName, by: Actor, now: datetime) -> None:
    roles = [r for r in request.POST.getlist("roles") if r in ROLES]
    title = request.POST.get("title", "").strip()[:80]
    if not title or not roles:
        raise Invalid(detail=_("岗位要有名称，至少选一种职责。"))
    area = request.POST.get("area", "").strip()
    if area and not (area.isascii() and area.isdigit() and len(area) <= 12):
        raise Invalid(detail=_("管哪一片：区划代码的开头几位数字。"))
    new = posts.NewPost(which.id, title, roles, request.POST.get("title_en", "").strip()[:120], area)
    posts.create_posts([new], by=by, now=now)


def _begin(request: HttpRequest, which: queries.BodyName, by: Actor, now: datetime) -> dict[str, Any] | None:
    """Begin a term; who is new gets an account, whose first password is given back to be shown once."""
    post = _number(request.POST.get("post"))
    if post not in {p.id for p in queries.posts_of(which.id, now=now)}:
        raise NotFound
    username, name = (request.POST.get(k, "").strip() for k in ("username", "name"))
    known = accounts_known.by_username(username)
    if known is not None:
        posts.begin_term(post, known, by=by, now=now)
        return None
    if not username or not name:
        raise Invalid(detail=_("没有这个登录名。新的人请把姓名也填上。"))
    password = secrets.token_urlsafe(12)
    opened = accounts.open_account(username, name, password, staff=True, by=by, now=now)
    posts.begin_term(post, opened.id, by=by, now=now)
    return {"username": opened.username, "name": opened.name, "password": password}


def _register(request: HttpRequest) -> HttpResponse:
    now, words = _now(request), request.GET.get("q", "").strip()[:60]
    counted = queries.posts_counted(now=now)
    rows = [
        {"body": b, "level": LEVELS[b.level], "name": b.called(_lang()), "posts": counted.get(b.id, (0, 0))}
        for b in queries.all_bodies(on=localdate(now))
        if words in b.name or words in b.code or words.lower() in b.name_en.lower()
    ]
    page = {"rows": rows, "q": words, "levels": LEVELS, "whole": [r["body"] for r in rows] if not words else []}
    return render(request, "bodies/register.html", page)


def _body(request: HttpRequest, which: queries.BodyName, *, told: dict[str, Any] | None = None) -> HttpResponse:
    rows = queries.posts_of(which.id, now=_now(request))
    people = accounts_known.names_of({h.account_id for p in rows for h in p.holders})
    shown = [
        {
            "post": p, "title": p.title_en if _lang() == "en" and p.title_en else p.title,
            "roles": [ROLES.get(r, r) for r in p.roles],
            "holders": [{"term": h.term_id, "since": h.since, "name": people.get(h.account_id, "")} for h in p.holders],
        }
        for p in rows
    ]  # fmt: skip
    page = {
        "body": which, "name": which.called(_lang()), "level": LEVELS[which.level], "rows": shown, "roles": ROLES,
        "told": told, "may_open": request.actor.has("security_admin"),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "bodies/body.html", page)


def _keeper(request: HttpRequest) -> Actor:
    """:raises SignInNeeded: nobody. :raises NotAllowed: not who keeps the register."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind != "staff":
        raise SignInNeeded
    if not by.has(*KEEPERS):
        raise NotAllowed(why=_("单位和岗位由安全管理员和领导小组办公室维护。"))
    return by


def _found(code: str, now: datetime) -> queries.BodyName:
    row = queries.by_code([code], on=localdate(now)).get(code)
    if row is None:
        raise NotFound
    return row


def _number(text: str | None) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound
    return int(text)


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _lang() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"
