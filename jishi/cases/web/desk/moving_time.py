"""挂起、延期、挂账、催办、督办、剔除 on the page of one case: the fields of each, and its one call."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import banking, clocks, exclusion, supervision, urging

SHORT = forms.Textarea(attrs={"rows": 2})
DAY = forms.DateInput(attrs={"type": "date"})
PAUSE_GROUNDS = (
    ("awaiting_caller", _("等诉求人答复\n最长 10 个工作日；要写明请他补充什么")),
    ("weather", _("天气，以发布的为准\n写明预警的发布单位和编号")),
    ("procedure_elsewhere", _("别处的法定程序正在进行\n写明机关、案号和期限")),
    ("construction_window", _("按施工计划要等的窗口期\n写明计划和日期")),
)
SUPERVISION_GROUNDS = (
    ("overdue", _("逾期")), ("shirking", _("推诿")), ("faked_result", _("虚假办结")),
    ("public_interest", _("涉及公共利益")),
)  # fmt: skip
EXCLUSION_GROUNDS = (
    ("lawful_no", _("依法不能满足，已经解释")), ("impossible_now", _("客观上暂时办不到，有写明日期的计划")),
    ("not_true", _("情况不实，有证据")), ("outside_reach", _("不在政府职责范围内")),
    ("same_facts", _("同一件事已经答复，没有新情况")), ("disaster", _("自然灾害等突发事件")),
)  # fmt: skip
RATES = (("contacted", _("联系率")), ("solved", _("解决率")), ("satisfied", _("满意率")))
TOLD = _("写给诉求人的话")


class PauseForm(forms.Form):
    """申请挂起."""

    ground = forms.ChoiceField(label=_("理由"), choices=PAUSE_GROUNDS, widget=forms.RadioSelect)
    until = forms.DateField(label=_("停到哪一天"), widget=DAY)
    words = forms.CharField(label=_("要等什么"), max_length=1000, widget=SHORT)
    evidence = forms.CharField(label=_("佐证"), max_length=500, required=False, help_text=_("文号、计划或发布的预警"))
    told_caller = forms.CharField(
        label=TOLD, max_length=1000, required=False, widget=SHORT,
        help_text=_("不写，对诉求人的承诺照走，只停本单位的办理时间"),
    )  # fmt: skip


class ExtensionForm(forms.Form):
    """申请延期."""

    workdays = forms.IntegerField(label=_("延几个工作日"), min_value=1, max_value=10, help_text=_("从原到期日往后数"))
    reason = forms.CharField(label=_("给诉求人看的理由"), max_length=1000, widget=SHORT)


class BankForm(forms.Form):
    """申请挂账."""

    why = forms.CharField(label=_("为什么现在办不了"), max_length=1000, widget=SHORT)
    waits_for = forms.CharField(label=_("等什么条件"), max_length=500)
    told_caller = forms.CharField(label=TOLD, max_length=1000, widget=SHORT, help_text=_("至少 20 个字"))
    review_on = forms.DateField(label=_("哪天再看"), widget=DAY, help_text=_("最远 6 个月"))


class SupervisionForm(forms.Form):
    """督办."""

    ground = forms.ChoiceField(label=_("理由"), choices=SUPERVISION_GROUNDS, widget=forms.RadioSelect)
    words = forms.CharField(label=_("要求对方做什么"), max_length=1000, widget=SHORT)


class ExclusionForm(forms.Form):
    """申请剔除."""

    rates = forms.MultipleChoiceField(label=_("不计入哪些率"), choices=RATES, widget=forms.CheckboxSelectMultiple)
    ground = forms.ChoiceField(label=_("理由"), choices=EXCLUSION_GROUNDS, widget=forms.RadioSelect)
    evidence = forms.CharField(label=_("证据"), max_length=2000, widget=SHORT)
    told_caller = forms.CharField(label=TOLD, max_length=1000, widget=SHORT, help_text=_("至少 20 个字"))
    from_period = forms.CharField(label=_("从哪个月起"), max_length=7, help_text=_("写成 2026-11 这样"))
    report = forms.CharField(
        label=_("哪一位诉求人的"), max_length=24, required=False, help_text=_("受理编号；只有一位时不用填")
    )


def ask_suspension(do: Any) -> object:
    said = do.said
    what = clocks.Pause(said["ground"], said["words"], said["until"], said["told_caller"], said["evidence"])
    return clocks.ask_suspension(do.case_id, what=what, **do.who)


def suspend(do: Any) -> object:
    return clocks.suspend(do.case_id, **do.who)


def deny_suspension(do: Any) -> object:
    return clocks.deny_suspension(do.case_id, why=do.said["words"], **do.who)


def resume(do: Any) -> object:
    return clocks.resume(do.case_id, words=do.said["words"], **do.who)


def ask_extension(do: Any) -> object:
    said = do.said
    return clocks.ask_extension(do.case_id, workdays=said["workdays"], reason_for_caller=said["reason"], **do.who)


def extend(do: Any) -> object:
    return clocks.extend(do.case_id, **do.who)


def deny_extension(do: Any) -> object:
    return clocks.deny_extension(do.case_id, why=do.said["words"], **do.who)


def ask_banking(do: Any) -> object:
    said = do.said
    what = banking.Wanted(said["why"], said["waits_for"], said["told_caller"], said["review_on"])
    return banking.ask(do.case_id, what=what, **do.who)


def bank(do: Any) -> object:
    return banking.bank(do.case_id, **do.who)


def deny_banking(do: Any) -> object:
    return banking.deny(do.case_id, why=do.said["words"], **do.who)


def came_true(do: Any) -> object:
    return banking.note_came_true(do.case_id, words=do.said["words"], **do.who)


def take_up(do: Any) -> object:
    return banking.take_up(do.case_id, words=do.said["words"], **do.who)


def urge(do: Any) -> object:
    return urging.urge(do.case_id, words=do.said["words"], **do.who)


def supervise(do: Any) -> object:
    return supervision.open_(do.case_id, ground=do.said["ground"], demand=do.said["words"], **do.who)


def answer(do: Any) -> object:
    return supervision.answer(do.case_id, text=do.said["words"], **do.who)


def lift(do: Any) -> object:
    return supervision.lift(do.case_id, why=do.said["words"], **do.who)


def open_again(do: Any) -> object:
    return supervision.open_again(do.case_id, missing=do.said["words"], **do.who)


def ask_exclusion(do: Any) -> object:
    said = do.said
    what = exclusion.Wanted(
        said["rates"], said["ground"], said["evidence"], said["told_caller"], said["from_period"], said["report"]
    )
    return exclusion.ask(do.case_id, what=what, **do.who)

