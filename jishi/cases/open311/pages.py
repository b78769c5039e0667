"""开发者: the page for those who write programs, with one line of curl per call. The build runs these lines."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from jishi.cases.open311 import asking, telling
from jishi.cases.queries import public
from jishi.cases.queries.public import Wanted


@dataclass(frozen=True, slots=True)
class Line:
    """One call: what it gives, and the line that makes it. Braces are filled with what stands here now."""

    what: str | Promise
    curl: str


LINES = (
    Line(_("有哪些接口地址"), "curl '{base}/discovery.json'"),
    Line(_("可以反映哪些事"), "curl '{base}/test/v2/services.json'"),
    Line(_("一类事要补问什么"), "curl '{base}/test/v2/services/{code}.json'"),
    Line(
        _("反映一件事"),
        "curl -X POST '{base}/test/v2/requests.json' -d 'api_key={key}' -d 'service_code={code}' "
        "-d 'lat={lat}' -d 'long={long}' --data-urlencode 'description=Street light is out'",
    ),
    Line(_("凭口令取编号"), "curl '{base}/test/v2/tokens/{token}.json'"),
    Line(_("最近九十天公开的事"), "curl '{base}/v2/requests.json?status=open&page_size=10'"),
    Line(_("一件事"), "curl '{base}/v2/requests/{number}.json'"),
    Line(_("从那时起变了什么"), "curl '{base}/v2/requests.json?updated_after=2026-01-01&page_size=10&extensions=true'"),
    Line(_("某处附近"), "curl '{base}/v2/requests.json?lat={lat}&long={long}&radius=500'"),
    Line(_("只数有多少件"), "curl '{base}/v2/requests.json?just_count=true'"),
    Line(_("办到了哪一步"), "curl '{base}/v2/servicerequestupdates.json'"),
    Line(
        _("给一件事补充一句"),
        "curl -X POST '{base}/test/v2/servicerequestupdates.json' -d 'api_key={key}' "
        "-d 'service_request_id={trial_number}' -d 'description=Still dark tonight'",
    ),
    Line(_("这个地方归不归这里管"), "curl '{base}/v2/coverage.json?lat={lat}&long={long}'"),
)


@require_GET
def developers(request: HttpRequest) -> HttpResponse:
    """Show how a program reports and reads, with lines that work as they stand once the key is filled in."""
    known, served = Blanks(facts(request)), asking.served_by(request.tenant)
    return render(request, "cases/open311/developers.html", {
        "lines": [(line.what, line.curl.format_map(known)) for line in LINES], "base": known["base"],
        "served": served, "names": ", ".join(s.name for s in served),
    })  # fmt: skip


class Blanks(dict[str, str]):
    """What is not known here stays a blank that can be read: YOUR_KEY."""

    def __missing__(self, name: str) -> str:
        return f"YOUR_{name.upper()}"


def facts(request: HttpRequest) -> dict[str, str]:
    """Give what fills the lines: our address, a matter, the newest public report and where it lies."""
    found = {"base": request.build_absolute_uri("/open311")}
    codes = [row["service_code"] for row in telling.services()]
    if codes:
        found["code"] = codes[0]
    newest = next(iter(public.listed(Wanted(), tenant_id=request.tenant.id, limit=1)), None)
    if newest is not None:
        found["number"] = newest.number
    placed = newest if newest is not None and newest.lat is not None else None
    found |= {"lat": str(placed.lat), "long": str(placed.lng)} if placed else {"lat": "31.2304", "long": "121.4737"}
    return found
