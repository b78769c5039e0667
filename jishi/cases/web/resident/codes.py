"""What a code says to a resident: where it came in, on what ground, what was found, how it ended; in plain words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

CHANNELS: Mapping[str, Callable[[], str]] = {
    "web": lambda: _("在网上说的"),
    "phone": lambda: _("打电话说的"),
    "visit": lambda: _("当面说的"),
    "grid": lambda: _("告诉网格员的"),
    "import": lambda: _("从热线转来的"),
    "api": lambda: _("从别的系统转来的"),
    "patrol": lambda: _("巡查时看到的"),
    "open311": lambda: _("从外面的程序发来的"),
}
GROUNDS: Mapping[str, Callable[[], str]] = {
    "not_our_duty": lambda: _("不是本单位职责"),
    "wrong_place": lambda: _("不在本单位辖区"),
    "missing_facts": lambda: _("缺少必要信息"),
    "already_handled": lambda: _("已经办过"),
}
DECLINES: Mapping[str, Callable[[], str]] = {
    "emergency_line": lambda: _("应由 110、119、120 等紧急热线处置"),
    "other_procedure": lambda: _("走其他法定程序"),
    "same_facts": lambda: _("同一件事已经答复，没有新情况"),
    "secret_or_private": lambda: _("涉及国家秘密、商业秘密或他人隐私"),
    "beyond_duty": lambda: _("属于市场或社会自行解决的事"),
    "unlawful": lambda: _("内容违法"),
}
COVERS: Mapping[str, Callable[[], str]] = {
    "person": lambda: _("能认出人的内容（姓名、电话、住处、人脸）"),
    "plate": lambda: _("车牌"),
    "child": lambda: _("未成年人"),
    "health": lambda: _("病情、伤情"),
    "secret": lambda: _("国家秘密、商业秘密"),
    "unlawful": lambda: _("违法或者侮辱性的内容"),
    "nothing": lambda: _("看过，没有要遮的"),
}
NOT_BACK: Mapping[str, Callable[[], str]] = {
    "done_as_said": lambda: _("核对过现场，答复里说的已经做到"),
    "planned": lambda: _("已列计划，答复里写的日子还没到"),
    "not_lawful": lambda: _("想要的结果依法办不到，依据已经写明"),
    "another_matter": lambda: _("说的是另一件事，要另外登记"),
}
UNSEALS: Mapping[str, Callable[[], str]] = {
    "verify": lambda: _("不问本人就无法核实"),
    "danger": lambda: _("本人或者他人有危险"),
    "court": lambda: _("法院、检察院、监察机关依法调取"),
    "protect": lambda: _("保护举报人免受打击报复"),
}
ELEMENTS: Mapping[str, Callable[[], str]] = {
    "time_of_contact": lambda: _("什么时候联系的"),
    "with_whom": lambda: _("跟谁联系的"),
    "measures": lambda: _("做了什么"),
    "by_when": lambda: _("什么时候做完"),
}
OUTCOMES: Mapping[str, Callable[[], str]] = {
    "solved": lambda: _("已解决"),
    "partly": lambda: _("部分解决"),
    "explained": lambda: _("已解释"),
    "planned": lambda: _("已列计划"),
    "not_true": lambda: _("情况不实"),
}
CONTACTED: Mapping[str, Callable[[], str]] = {
    "yes": lambda: _("联系过"),
    "no": lambda: _("没联系"),
    "unclear": lambda: _("记不清"),
    "no_answer": lambda: _("没有回答"),
}
SOLVED: Mapping[str, Callable[[], str]] = {
    "yes": lambda: _("解决了"),
    "partly": lambda: _("解决了一部分"),
    "no": lambda: _("没有解决"),
    "unclear": lambda: _("说不清"),
    "no_answer": lambda: _("没有回答"),
}
SATISFIED: Mapping[str, Callable[[], str]] = {
    "satisfied": lambda: _("满意"),
    "basically": lambda: _("基本满意"),
    "not": lambda: _("不满意"),
    "no_answer": lambda: _("没有回答"),
}


def say(table: Mapping[str, Callable[[], str]], code: Any) -> str:
    """Say a code in the reader's words; an unknown code stays itself, in plain sight."""
    return table[code]() if code in table else str(code or "")
