"""Merging, parting, ending at the desk: what is typed, and the one call of each press."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import choosing, handling, merging
from jishi.cases.models import Case, Termination
from jishi.cases.policies import PARTIES, Stand
from jishi.cases.queries import alike, belonging, listing, parting
from jishi.cases.refusals import NoSuchCase
from jishi.cases.states import CASE, Status
from jishi.cases.web.desk import reasons
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

IN_THE_TAB = ("leave", "split", "not-same")  # acts that stand beside a report or a proposal, not in the list of acts
WHY = forms.Textarea(attrs={"rows": 2})


class IntoForm(forms.Form):
    """并入: into which case."""

    into = forms.CharField(
        label=_("并入哪一件"), max_length=24, help_text=_("写那一件的编号，C 开头"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "no"}),
    )  # fmt: skip
    words = forms.CharField(label=_("为什么是同一件"), max_length=500, required=False, widget=WHY)


class MemberForm(forms.Form):
    """分出: which report, why."""

    report = forms.CharField(max_length=24, widget=forms.HiddenInput)
    words = forms.CharField(label=_("为什么分出来"), max_length=500, required=False, widget=WHY)


class SplitForm(forms.Form):
    """拆开: one report, two or three things; the first stays here."""

    report = forms.CharField(max_length=24, widget=forms.HiddenInput)
    report_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    first = forms.CharField(label=_("留在这一件的是"), max_length=500, widget=WHY)
    second = forms.CharField(label=_("另立一件的是"), max_length=500, widget=WHY)
    third = forms.CharField(label=_("还有一件，没有就不写"), max_length=500, required=False, widget=WHY)
    second_matter = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    third_matter = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    @property
    def parts(self) -> list[merging.Part]:
        given = self.cleaned_data
        said = [(given[name], given.get(f"{name}_matter") or "") for name in ("first", "second", "third")]
        return [merging.Part(text, matter) for text, matter in said if text.strip()]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        return {**given, "parts": self.parts} if not self.errors else given


class OtherForm(forms.Form):
    """不是同一件: which other case."""

    other = forms.CharField(max_length=24, widget=forms.HiddenInput)


class TerminationForm(forms.Form):
    """申请终止: what was needed, what the caller is told."""

    what_was_needed = forms.CharField(
        label=_("要诉求人配合什么"), max_length=1000, widget=WHY, help_text=_("没有这个配合，为什么办不下去")
    )
    told_caller = forms.CharField(
        label=_("写给诉求人的话"), min_length=20, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("至少 20 个字；同意终止以后他会看到"),
    )  # fmt: skip


def absorb(do: Any) -> object:
    return merging.absorb(do.case_id, into=_named(do.said["into"], do.by), why=do.said["words"], **do.who)


def restore(do: Any) -> object:
    return merging.restore(do.case_id, why=do.said["words"], **do.who)


def leave(do: Any) -> object:
    report = listing.report_id_of(do.said["report"], by=do.by)
    return merging.leave(
        do.case_id, report_id=report, why=do.said["words"], tenant_code=do.tenant_code, **do.who
    )  # fmt: skip


def split(do: Any) -> object:
    report = listing.report_id_of(do.said["report"], by=do.by)
    who = {**do.who, "version": do.said["report_version"]}
    return merging.split(
        report, case_id=do.case_id, parts=do.said["parts"], tenant_code=do.tenant_code, **who
    )  # fmt: skip


def community(do: Any) -> object:
    return merging.keep_as_community(do.case_id, why=do.said["words"], **do.who)


def not_same(do: Any) -> object:
    """Remember for every report of the case that the other is another matter."""
    other = _named(do.said["other"], do.by)
    ids = belonging.members_at(do.case_id, do.now)
    return [choosing.refuse_pairs(i, case_ids=[other], by=do.by, now=do.now) for i in sorted(ids)]


def ask_termination(do: Any) -> object:
    said = do.said
    return handling.ask_termination(
        do.case_id, what_was_needed=said["what_was_needed"], told_caller=said["told_caller"], **do.who
    )


def terminate(do: Any) -> object:
    return handling.terminate(do.case_id, **do.who)


def deny_termination(do: Any) -> object:
    return handling.deny_termination(do.case_id, why=do.said["words"], **do.who)


def asked_to_end(stand: Stand) -> bool:
    """Tell whether a termination waits for a decision."""
    return Termination.objects.filter(case=stand.case, verdict="").exists()


def not_asked_to_end(stand: Stand) -> bool:
    return not asked_to_end(stand)


def alike_to(found: Case, said: Any, open_acts: Any, *, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """Give what may be the same matter, for somebody who may merge now."""
    if not any(a.code == "absorb" for a in open_acts):
        return []
    first = said[0].report if said else None
    return [{"of": p, "why": reasons.told(p.reason)} for p in alike.proposals(found, first, by=by, now=now)]


def parted(found: Case, said: Any, *, by: Actor, now: datetime, lang: str) -> dict[str, Any]:
    """Give the parts of the first report that says several things, for somebody who may part it now."""
    may = found.status in CASE.open_states and PARTIES["dispatcher"](by, Stand(found, None))
    for one in said[:3] if may else ():
        told = parting.of_report(one.report, found, now=now, lang=lang)
        if told:
            return {"parted": told, "part_of": one.report}
    return {}


def of_tab(found: Case, *, by: Actor) -> dict[str, Any]:
    """Give who belongs and belonged to the case, what was merged into it, where it lives on."""
    stays = [replace(s, reason=reasons.told(s.reason)) for s in belonging.spells_of(found)]
    return {
        "stays": stays, "absorbed": belonging.absorbed_by(found, by=by), "ends": ENDS, "whys": WHYS,
        "may_part": sum(s.to_at is None for s in stays) > 1 or found.community,
    }  # fmt: skip


def asked(found: Case) -> Termination | None:
    """Give the termination that waits, for the page that decides on it; it waits while the case is handled."""
    if found.status != Status.HANDLING:
        return None
    return Termination.objects.filter(case=found, verdict="").select_related("asked_body").first()


ENDS = {
    "absorbed": _("并入别件"), "restored": _("拆回原件"), "left": _("分出"), "split": _("拆成几件"),
    "withdrawn": _("撤回"),
}  # fmt: skip
WHYS = {
    "received": _("登记"), "joined": _("加入"), "absorbed": _("并入"), "restored": _("拆回"), "parted": _("分出来"),
    "split": _("拆开"),
}  # fmt: skip


def _named(number: str, by: Actor) -> int:
    """Find the case that a person wrote down. :raises NoSuchCase: none of this number."""
    try:
        return listing.id_of(number.strip(), by=by)
    except NotFound:
        raise NoSuchCase(number=number.strip()) from None
