"""The life of an errand, read from institutions/procedures/errand.toml, and the words of its rows (spec 10 §12)."""

from collections.abc import Mapping

from django.db import models

from jishi.foundation import procedures

ERRAND = procedures.load("errand")


class ErrandStatus(models.TextChoices):
    DUE = "DUE", "待办"
    TAKEN = "TAKEN", "已接"
    DONE = "DONE", "办好了"
    FOUND = "FOUND", "发现问题"
    NOT_POSSIBLE = "NOT_POSSIBLE", "办不了"
    DROPPED = "DROPPED", "不用办了"


class ErrandKind(models.TextChoices):
    VERIFY_BEFORE = "verify_before", "派前核实"
    VERIFY_AFTER = "verify_after", "办后核查"
    PATROL = "patrol", "巡查点"
    HELP = "help", "代办"
    DELIVER = "deliver", "送通知"


class Finding(models.TextChoices):
    """What was found, in one press. Words may be added; none are asked for."""

    SO = "so", "是这样"
    NOT_SO = "not_so", "不是这样"
    MENDED = "mended", "已经好了"
    NOT_MENDED = "not_mended", "还没好"
    IN_ORDER = "in_order", "没有问题"
    DONE = "done", "办好了"


FINDINGS: Mapping[str, tuple[Finding, ...]] = {
    ErrandKind.VERIFY_BEFORE: (Finding.SO, Finding.NOT_SO),
    ErrandKind.VERIFY_AFTER: (Finding.MENDED, Finding.NOT_MENDED),
    ErrandKind.PATROL: (Finding.IN_ORDER,),
    ErrandKind.HELP: (Finding.DONE,),
    ErrandKind.DELIVER: (Finding.DONE,),
}
LOOKING = frozenset({ErrandKind.VERIFY_BEFORE, ErrandKind.VERIFY_AFTER, ErrandKind.PATROL})  # no part of the work
OPEN_ERRAND = frozenset(s for s in ErrandStatus if s in ERRAND.open_states)
