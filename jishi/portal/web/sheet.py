"""Invented values for the sheet of components: every state of every component once."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# fmt: off
ICONS = (
    "aa", "again", "back", "bell", "bin", "book", "cam", "chart", "check", "clip", "clock", "close",
    "cloud", "day", "desk", "done", "down", "edit", "eye", "file", "filter", "grid", "group", "hide",
    "hold", "home", "house", "in", "info", "key", "lang", "law", "left", "link", "list", "lock", "map",
    "merge", "mic", "mine", "minus", "money", "more", "off", "offer", "out", "people", "phone", "pin",
    "plus", "print", "question", "right", "run", "save", "scale", "search", "send", "shield", "sort",
    "speak", "split", "up", "user", "vote", "wait", "walk", "warn", "whistle",
)
# fmt: on


class SampleForm(forms.Form):
    """A form with one of each control, bound to wrong answers, so that errors are seen."""

    matter = forms.CharField(
        label=_("什么事"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("用您自己的话说，几个字也行"),
    )
    tel = forms.CharField(label=_("手机号"), min_length=11, required=False, help_text=_("只用于这一件事"))
    voice = forms.ChoiceField(
        label=_("能联系您吗"),
        widget=forms.RadioSelect,
        choices=[("open", _("可以")), ("confidential", _("保密")), ("anonymous", _("匿名"))],
    )
    ground = forms.ChoiceField(
        label=_("退回的理由"),
        widget=forms.RadioSelect,
        choices=[
            ("duty", _("不是本单位职责\n要引用清单上的一条")),
            ("place", _("地点不对\n写出正确的地点")),
            ("done", _("同一件事已经在办\n写出那一件的编号")),
            ("other", _("别的理由\n会先送去会商")),
        ],
    )
    channel = forms.ChoiceField(
        label=_("从哪里来"), choices=[("web", _("网上")), ("phone", _("电话")), ("grid", _("网格"))]
    )
    public = forms.BooleanField(label=_("对居民公开"), required=False, help_text=_("写的话居民看得到"))


@dataclass(frozen=True)
class SampleClock:
    due_at: dt.datetime
    share_used: float
    late: bool = False
    paused: bool = False
    text: str = ""


def facts() -> dict[str, Any]:
    """This will give the values of the sheet, counted from now, so that each clock shows its state."""
    now = timezone.now()

    def later(**gap: int) -> dt.datetime:
        return now + dt.timedelta(**gap)

    return {
        "dense": False,
        "icons": ICONS,
        "chips": [
            ("wait", _("待派")),
            ("run", _("办理中")),
            ("hold", _("挂起")),
            ("back", _("退回")),
            ("done", _("办结")),
            ("plain", _("对居民公开")),
            ("near", _("紧急")),
            ("risk", _("险情")),
        ],
        "clocks": [
            SampleClock(later(days=4), 0.12),
            SampleClock(later(hours=1, minutes=6), 0.45),
            SampleClock(later(minutes=17), 0.86),
            SampleClock(later(minutes=-4), 1.0, late=True),
            SampleClock(later(days=3), 0.4, paused=True, text=str(_("暂停，剩 3 天"))),
        ],
        "form": SampleForm(data={"matter": "", "tel": "1390000041", "voice": "open", "channel": "web"}),
        "trace_items": [
            {
                "mark": "yes",
                "title": _("市住建局 基本-033"),
                "text": _("事项、地点、权属都对上。"),
                "chip": _("选中"),
            },
            {
                "mark": "nope",
                "title": _("市水务局 基本-018"),
                "text": _("没选：地点不在堤防管理线内，差 11 米。"),
            },
            {
                "mark": "maybe",
                "title": _("市文旅局 基本-007"),
                "text": _("如果知道“是否在景区红线内”就可能对上。"),
            },
        ],
        "pairs": [
            (_("主办"), _("市水务局（基本-014）")),
            (_("协办"), _("市排水养护中心：管道检测")),
            (_("抄送"), ""),
        ],
        "life": [
            {
                "at": now,
                "title": _("在等：雨水管道检测报告"),
                "kind": "run",
                "text": _("等的是市排水养护中心，最晚 11月23日。"),
            },
            {
                "at": later(days=-1),
                "title": _("答复日推迟 2 个工作日"),
                "kind": "near",
                "text": _("市水务局申请，市诉求受理中心批准。理由原话："),
                "said": _("疏通后水仍退得慢，需用管道机器人查看 60 米暗管。"),
            },
            {
                "at": later(days=-3),
                "title": _("市城管执法局退回，转给市水务局"),
                "kind": "back",
                "note": _("退回理由：不是本单位职责。原话："),
                "note_said": _("井盖和路面没有损坏，是井内堵塞。"),
                "sub": _("这次转手用了 18 小时 7 分，记在“派单”这一段。"),
            },
            {
                "at": later(days=-4),
                "title": _("您说的"),
                "kind": "done",
                "icon": "speak",
                "said": _("北门口的雨水井堵了，一下雨就积水。"),
            },
        ],
        "amounts": [1, 2, 3, 4, 5],
        "kinds": [1, 2, 3, 4, 5, 6, 7, 8],
    }
