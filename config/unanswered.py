"""What the framework refuses by itself, said in words and in the form of whoever asked (RFC 9110 §15.5.6, RFC 9457)."""

import sys
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import Resolver404, resolve
from django.views import defaults
from psycopg import errors

from jishi.accounts.web.middleware import problem
from jishi.foundation.refusals import NotAvailableNow, Refused
from jishi.portal.middleware import refusal_page


class NoSuchAddress(Refused):
    code, status = "no_such_address", 404
    zh, en = "接口没有这个地址。", "The API has no such address."
    next_zh, next_en = "请对照 /api/v1/openapi.json。", "See /api/v1/openapi.json."


class NotThisWay(Refused):
    code, status = "method_not_allowed", 405
    zh, en = "这个地址不接受 {method}。", "This address does not take {method}."
    next_zh, next_en = "能用的是 {allowed}。", "Use {allowed}."


class OnlySent(Refused):
    """A browser opens an address that only takes a form; `way` is where one can read."""

    code, status = "only_sent", 405
    zh, en = "这个地址只收提交的表单，没有可看的页面。", "This address only takes a form; there is no page to read."
    next_zh, next_en = "从下面回到原来的地方，再做一次。", "Go back below and do it again from there."


class NotOurHost(Refused):
    code, status = "not_our_host", 400
    zh, en = "这个网址不是本平台的。", "This host is not one of this platform."
    next_zh, next_en = "请核对网址。", "Check the address."


class InWords:
    """Gives the framework's empty 405 a sentence: a problem at the API, a page with a way on in a browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        allowed = ", ".join(sorted(response.headers.get("Allow", "").split(", ")))
        if request.path.startswith("/api/"):
            told = problem(NotThisWay(method=str(request.method), allowed=allowed))
        elif not response.content and "text/html" in request.headers.get("Accept", ""):
            told = refusal_page(request, OnlySent(way=above(request.path)))
        else:
            return response
        told["Allow"] = allowed
        return told


def above(path: str) -> str:
    """Give the nearest address over this one: the desk of its room."""
    while path := path.rstrip("/").rpartition("/")[0]:
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return "/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Speak an unknown address: a problem at the API, else the page."""
    if request.path.startswith("/api/"):
        return problem(NoSuchAddress())
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Speak what could not be read; a host that is not ours is named as that."""
    if not isinstance(exception, DisallowedHost):
        return defaults.bad_request(request, exception)
    if request.path.startswith("/api/"):
        return problem(NotOurHost())
    return defaults.bad_request(request, exception, "400_host.html")


def went_wrong(request: HttpRequest) -> HttpResponse:
    """Speak a fault of ours; a database that was shut down under the request is named, and comes back (spec 90 §15)."""
    if not _database_is_away(sys.exception()):
        return defaults.server_error(request)
    if request.path.startswith("/api/"):
        return problem(NotAvailableNow(what_zh="数据库", what_en="The database"))
    answer = HttpResponse(loader.get_template("503.html").render(), status=503)
    answer["Retry-After"] = "5"
    return answer


def _database_is_away(fault: BaseException | None) -> bool:
    """Say whether the connection ended or none was to be had; a statement that failed by itself is a fault of ours."""
    if not isinstance(fault, OperationalError | InterfaceError):
        return False
    cause = fault.__cause__
    gone = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)
    return isinstance(cause, gone) or getattr(cause, "sqlstate", None) is None
