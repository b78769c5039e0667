"""导入: upload, the dry run's report row by row, then the application. A request does what fits into a few seconds."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.cases.actions import column_maps, sheets
from jishi.cases.actions import importing as verbs
from jishi.cases.queries import work
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.work.forms import FileForm
from jishi.foundation import numbers
from jishi.foundation.refusals import Refused

ROLES = ("operator", "dispatcher")  # who may take reports in; an administrator reads no content (trust §4.2)
SECONDS = 3.0  # of work in one request; a part that has begun is finished
SHOWN = 50


@never_cache
@require_http_methods(["GET", "POST"])
@staffed(*ROLES)
def start(request: HttpRequest) -> HttpResponse:
    """Show the files that came, and take a new one to be checked."""
    known = column_maps.column_maps(request.actor.tenant_id)
    maps = [(m.code, _map_label(m)) for m in known]
    form = FileForm(request.POST or None, request.FILES or None, maps=maps, auto_id="import_%s", initial={
        "columns": maps[0][0]
    })  # fmt: skip
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("import-run", run=_begin(request, form))
        except Refused as no:
            refused = no
    return render(request, "cases/work/import.html", {
        "form": form, "runs": work.import_runs(by=request.actor), "maps": known, "dense": True,
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }, status=422 if refused or form.errors else 200)  # fmt: skip


def _map_label(known: Any) -> str:
    name = known.name_en if lang() == "en" else known.name
    gap = ", " if lang() == "en" else "、"
    return f"{name}（{known.label}）\n{gap.join(known.wanted)}"


def _begin(request: HttpRequest, form: FileForm) -> int:
    file = form.cleaned_data["file"]
    if file.size > sheets.LARGEST:  # told before it is read into memory
        raise sheets.FileTooLarge(size=f"{file.size / 2**20:.1f}", limit=sheets.LARGEST // 2**20)
    by = request.actor
    columns = column_maps.column_map(form.cleaned_data["columns"], tenant_id=by.tenant_id)
    walk = verbs.begin(file.read(), file.name, columns=columns, applies=False, by=by, now=request.now, keeps=True)
    return walk.run_id


@never_cache
@require_GET
@staffed(*ROLES)
def run(request: HttpRequest, run: int) -> HttpResponse:
    """Show how far a file is, and what became of its rows."""
    by = request.actor
    found = work.import_run(run, by=by)
    after = request.GET.get("after", "0")
    result = request.GET.get("result", "refused")
    rows = work.import_rows(
        run, by=by, result=result if result in verbs.RESULTS else "refused",
        after=int(after) if numbers.names_a_row(after) and len(after) < 9 else 0, limit=SHOWN + 1,
    )  # fmt: skip
    counts = found.counts
    over = counts["at"] >= counts["total"]
    return render(request, "cases/work/import_run.html", {
        "run": found, "counts": counts, "over": over, "dense": True, "result": result,
        "rows": [{"row": r, "why": r.sentence(lang())} for r in rows[:SHOWN]],
        "after": rows[SHOWN - 1].line if len(rows) > SHOWN else "",
        "may_apply": over and found.has_file and not counts.get("applies"),
        "takes": counts.get("created", 0) + counts.get("changed", 0),
        "tabs": [{"code": r, "count": counts.get(r, 0), "label": result_labels()[r]} for r in verbs.RESULTS],
        "reasons": [{"code": c, "count": n} for c, n in counts.get("reasons", {}).items()],
        "stages": [_stage(s) for s in found.stages],
    })  # fmt: skip


def _stage(said: dict[str, Any]) -> dict[str, Any]:
    why = [(abstained_labels().get(k, k), n) for k, n in said["abstained"].items()]
    none = sum(said["abstained"].values())
    return {**said, "name": stage_labels().get(said["stage"], said["stage"]), "none": none, "why": why}


@require_POST
@staffed(*ROLES)
def step(request: HttpRequest, run: int) -> HttpResponse:
    """Do as many parts as fit into a few seconds; the page asks again until the file is done."""
    by, began = request.actor, time.monotonic()
    try:
        walk = verbs.resume(run, by=by)
    except verbs.RunIsOver:
        return redirect("import-run", run=run)
    while not walk.is_over and time.monotonic() - began < SECONDS:
        verbs.step(walk, by=by, now=timezone.now(), tenant_code=request.tenant.code)
    return redirect("import-run", run=run)


@require_POST
@staffed(*ROLES)
def apply(request: HttpRequest, run: int) -> HttpResponse:
    """Begin to take in a file whose dry run was read."""
    walk = verbs.apply_checked(run, by=request.actor, now=request.now)
    return redirect("import-run", run=walk.run_id)


def result_labels() -> dict[str, str]:
    return {"created": _("新收"), "known": _("收过"), "changed": _("有变"), "refused": _("没收")}


def stage_labels() -> dict[str, str]:
    return {
        "read": _("读文件"), "check": _("逐行核对"), "minimise": _("遮个人信息"), "locate": _("找地方"),
        "classify": _("判事项"), "duplicates": _("找相近的事"), "route": _("按清单定单位"), "deadline": _("算答复日"),
        "store": _("入库"),
    }  # fmt: skip


def abstained_labels() -> dict[str, str]:
    return {
        "no_place_named": _("没说地方"), "which_compound": _("说不准哪个小区"), "two_places": _("说了两个地方"),
        "several_places": _("地方不止一处"), "elsewhere": _("在别的市县"),
        "name_is_a_plain_word": _("地名像普通词"), "equally_likely": _("两个事项一样像"), "unsure": _("把握不够"),
        "cannot_tell": _("说不准"),
        "too_short": _("字太少"), "language": _("不是中文"), "skipped": _("这一步出错，跳过了"),
        "matter_unknown": _("事项未定"), "no_code_book": _("没有事项分类"), "not_asked": _("没有比"),
        "calendar_not_known": _("那一年的日历还没公布"), "said_before": _("说过"),
        "ask": _("先问清再定"), "contested": _("两家都沾边"), "fallback": _("没有兜底单位"), "refused": _("不能这样派"),
    }  # fmt: skip
