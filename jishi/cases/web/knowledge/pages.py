"""知识库: a page for everybody, and the desk of whoever keeps the answers of a body (spec 10 §2)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jishi.bodies import queries as bodies
from jishi.cases.actions import knowing
from jishi.cases.queries import knowing as looking
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.desk.forms import TEXT, matter_label, matter_of
from jishi.duties import queries as duties
from jishi.foundation.refusals import NotFound, Refused

LONGEST = 100  # characters of a search
STATES = (
    ("", gettext_lazy("全部")), ("holds", gettext_lazy("算数的")), ("stale", gettext_lazy("过期的")),
    ("ended", gettext_lazy("撤掉的")),
)  # fmt: skip


class ItemForm(forms.Form):
    """What one item says; rules are the verbs'."""

    question = forms.CharField(label=gettext_lazy("问题"), max_length=200, help_text=gettext_lazy("照居民的问法写"))
    asked = forms.CharField(
        label=gettext_lazy("还会怎么问"), required=False, max_length=1800, widget=TEXT,
        help_text=gettext_lazy("一行一种，最多 8 行；问法越多越找得到"),
    )  # fmt: skip
    answer = forms.CharField(
        label=gettext_lazy("答复"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("人人看得到；写单位的固定电话，不写个人的"),
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("依据"), max_length=200, help_text=gettext_lazy("哪部法、哪一条，或者哪份文件")
    )
    matter = forms.CharField(
        label=gettext_lazy("事项"), required=False, max_length=120, widget=forms.TextInput(attrs={"list": "matters"})
    )
    valid_to = forms.DateField(
        label=gettext_lazy("从哪天起不算数"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("不写就一直算数；到那天自动不再提供"),
    )  # fmt: skip

    def __init__(self, *args: Any, owners: list[tuple[int, str]], now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        if len(owners) > 1:
            self.fields["owner"] = forms.TypedChoiceField(
                label=gettext_lazy("由谁管"), coerce=int, choices=owners, widget=forms.RadioSelect
            )
        self.only = owners[0][0] if owners else 0

    def clean_matter(self) -> str:
        """Give the code of the matter that was named."""
        said = str(self.cleaned_data["matter"])
        row = matter_of(said, self.now)
        if said.strip() and row is None:
            raise forms.ValidationError(_("分类里没有“%(said)s”，从提示里选一个。") % {"said": said})
        return row.code if row else ""

    def said(self) -> knowing.Said:
        """Give what is to be kept."""
        told = self.cleaned_data
        return knowing.Said(
            told["question"], told["answer"], told["source"], told["matter"], told["asked"].splitlines(),
            told["valid_to"],
        )  # fmt: skip

    @property
    def owner(self) -> int:
        """The body that will answer for it."""
        return int(self.cleaned_data.get("owner") or self.only)


class EndForm(forms.Form):
    """Why an item is taken away."""

    why = forms.CharField(label=gettext_lazy("为什么撤掉"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Give everybody what holds today; a search stands in the address."""
    said = request.GET.get("q", "").strip()[:LONGEST]
    found = looking.public(
        said=said, tenant_id=request.tenant.id, now=request.now, lang=lang(), after=request.GET.get("after", "")
    )
    query = urlencode({"q": said}) if said else ""
    return render(request, "cases/knowledge/public.html", {"page": found, "said": said, "query": query})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*knowing.KEEPERS)
def board(request: HttpRequest) -> HttpResponse:
    """Show what the reader's bodies keep; POST writes one more."""
    data = request.POST if request.method == "POST" else None
    form = ItemForm(data, owners=_owners(request), now=request.now)
    if data is not None and form.is_valid():
        made = _tried(form, lambda: knowing.write(
            form.said(), owner_body_id=form.owner, by=request.actor, now=request.now
        ))  # fmt: skip
        if made:
            messages.success(request, _("记下了。从今天起话务台用得上，人人查得到。"))
            return redirect("knowledge-kept")
    state = request.GET.get("show", "")
    page = looking.kept(
        by=request.actor, now=request.now, lang=lang(), state=state, after=request.GET.get("after", "")
    )
    return render(request, "cases/knowledge/board.html", {
        "page": page, "form": form, "may_write": bool(_owners(request)), "matters": _matters(),
        "tabs": [(code, label, code == state) for code, label in STATES],
    }, status=422 if form.errors else 200)  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*knowing.KEEPERS)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show one item; POST says it anew."""
    told = looking.one(number, by=request.actor, now=request.now, lang=lang())
    if told is None:
        raise NotFound
    form = ItemForm(
        request.POST if request.method == "POST" else None, owners=[], now=request.now, initial=_initial(told)
    )
    if request.method == "POST" and form.is_valid():
        seen = seen_version(request)
        if _tried(form, lambda: knowing.change(
            number, form.said(), by=request.actor, now=request.now, version=seen
        )):  # fmt: skip
            messages.success(request, _("改好了。"))
            return redirect("knowledge-kept")
    return _one(request, told, form, EndForm(), status=422 if form.errors else 200)


@never_cache
@require_POST
@staffed(*knowing.KEEPERS)
def end(request: HttpRequest, number: int) -> HttpResponse:
    """Take one item away."""
    told = looking.one(number, by=request.actor, now=request.now, lang=lang())
    if told is None:
        raise NotFound
    form = EndForm(request.POST)
    if form.is_valid():
        seen = seen_version(request)
        if _tried(form, lambda: knowing.end(
            number, why=form.cleaned_data["why"], by=request.actor, now=request.now, version=seen
        )):  # fmt: skip
            messages.success(request, _("撤掉了，不再提供。"))
            return redirect("knowledge-kept")
    return _one(request, told, ItemForm(owners=[], now=request.now, initial=_initial(told)), form, status=422)


def _one(request: HttpRequest, told: looking.Told, form: ItemForm, ending: EndForm, *, status: int) -> HttpResponse:
    return render(request, "cases/knowledge/one.html", {
        "told": told, "form": form, "ending": ending, "matters": _matters(),
        "may": told.mine and told.row.ended_at is None,
    }, status=status)  # fmt: skip


def _tried(form: forms.Form, press: Callable[[], object]) -> bool:
    """Do it; a refusal that a word can mend stands in the form."""
    try:
        press()
    except Refused as no:
        if no.status not in (409, 422):
            raise
        form.add_error(None, f"{no.sentence(lang())} {no.next_step(lang())}")
        return False
    return True


def _owners(request: HttpRequest) -> list[tuple[int, str]]:
    day, known = localdate(request.now), bodies.names()
    own = [known[i] for i in sorted(request.actor.body_ids) if i in known and known[i].lasts_on(day)]
    return [(b.id, b.called(lang())) for b in own]


def _initial(told: looking.Told) -> dict[str, Any]:
    row = told.row
    matter = duties.matter(row.matter) if row.matter else None
    return {
        "question": row.question, "asked": "\n".join(row.asked), "answer": row.answer, "source": row.source,
        "matter": matter_label(matter, lang()) if matter else "", "valid_to": row.valid_to,
    }  # fmt: skip


def _matters() -> list[str]:
    return [matter_label(m, lang()) for m in duties.leaves()]
