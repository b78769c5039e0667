"""The page of the key broker's list: who may sign for what; two approvers change it, each with a passkey."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.accounts import queries
from jishi.accounts.actions import key_list
from jishi.accounts.actions.key_list import Listed, NoBroker
from jishi.foundation import keys
from jishi.foundation.refusals import Invalid, NotAllowed, Refused

LONGEST = 8000  # characters of what a browser gives back
MAY = {"receive": _("受理单位：核查时看"), "unseal": _("申请、批准解封"), "list": _("改这张名单")}
KINDS = {"add": _("加上"), "remove": _("去掉"), "destroy": _("销毁一把数据钥匙")}


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the list; POST puts a change into words, asks for it, or makes it."""
    try:
        listed = key_list.shown_to(request.actor)
    except (NoBroker, keys.KeyNotAvailable) as none:
        if not key_list.keeps(request.actor):
            raise NotAllowed from none
        return _show(request, Listed((), ()), refused=none, status=200 if request.method == "GET" else none.status)
    if request.method == "GET":
        return _show(request, listed)
    try:
        return _do(request, listed)
    except Refused as no:
        return _show(request, key_list.shown_to(request.actor), refused=no, status=no.status)


def _do(request: HttpRequest, listed: Listed) -> HttpResponse:
    said, who = request.POST, {"by": request.actor, "now": request.now}
    do, shown = said.get("do", ""), said.get("credential", "")[:LONGEST]
    if do == "add":
        host = request.get_host()
        return _show(request, listed, wishes=key_list.wishes_to_add(
            said.get("username", "")[:60], said.getlist("may"), host=host, **who))  # fmt: skip
    if do == "remove":
        return _show(request, listed, wishes=[key_list.wish_to_remove(said.get("passkey", "")[:2000], by=who["by"])])
    if do == "ask":
        try:
            wish = json.loads(said.get("wish", "")[:LONGEST])
        except (ValueError, RecursionError) as no:
            raise Invalid(detail="wish") from no
        key_list.ask(wish if isinstance(wish, dict) else {}, shown=shown, **who)
    elif do == "make" and said.get("number", "").isdecimal():
        key_list.make(int(said["number"][:12]), shown=shown, **who)
    else:
        raise Invalid(detail="do")
    return redirect("key-list")


def _show(request: HttpRequest, listed: Listed, *, wishes: Any = (), refused: Refused | None = None,
          status: int = 200) -> HttpResponse:  # fmt: skip
    lang = get_language() or "zh"
    mine = request.actor.account_id
    others = [one for one in listed.waiting if one["by"]["account"] != mine]
    signing = {one["number"]: _asks(request, key_list.wish_to_make(one["number"])) for one in others}
    first = [(f"w{n}", _asks(request, one)) for n, one in enumerate(wishes, 1)]
    second = [(f"m{number}", asks) for number, asks in signing.items()]
    facts = {
        "signing": [
            {"press": f"s{n}", "credential": f"c{n}", "data": f"d{n}", "asks": asks} for n, asks in [*first, *second]
        ],
        "sentence": keys.sentence(lang), "people": [_person(one) for one in listed.people], "may": MAY.items(),
        "waiting": [
            {"number": one["number"], "kind": KINDS.get(one["kind"], one["kind"]), "by": one["by"]["name"],
             "about": one["about"], "may": [MAY.get(m, m) for m in one["about"].get("may", ())],
             "asks": one["number"] in signing}
            for one in listed.waiting
        ],
        "wishes": [
            {"text": json.dumps(one), "kind": KINDS[one["kind"]], "about": one["about"],
             "may": [MAY[m] for m in one["about"].get("may", ())]}
            for one in wishes
        ],
        "refused_what": refused.sentence(lang) if refused else "",
        "refused_now": refused.next_step(lang) if refused else "",
    }  # fmt: skip
    return render(request, "accounts/key_list.html", facts, status=status)


def _person(one: Any) -> dict[str, Any]:
    return {**one, "may": [MAY.get(m, m) for m in one["may"]], "short": one["credential"][:12]}


def _asks(request: HttpRequest, wish: Any) -> dict[str, Any]:
    who = (request.actor.tenant_id, request.actor.account_id or 0)
    challenge = key_list.broker().challenge_for(wish, who=who)
    return queries.asked_of_passkey(challenge, request.actor.account_id or 0, host=request.get_host())
