"""Messages in the shapes in which other systems export them, to try the import with."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from random import Random

from jishi.portal.demo.nouns import PastCase
from jishi.portal.demo.past import past_cases
from jishi.portal.demo.town import town
from jishi.portal.demo.whose import LOCAL

BOARD_COLUMNS = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "反对数", "点赞数")
HOTLINE_COLUMNS = (
    "工单编号",
    "来电时间",
    "受理渠道",
    "诉求类型",
    "来电人",
    "联系电话",
    "是否保密",
    "诉求标题",
    "诉求内容",
    "所属区域",
    "详细地址",
    "一级分类",
    "二级分类",
    "三级分类",
    "紧急程度",
    "承办单位",
    "办理状态",
    "办理时限",
    "办结时间",
    "答复内容",
)
LAST_DAY = dt.date(2026, 6, 30)
_CHANNELS = {
    "phone": "电话",
    "web": "网站",
    "grid": "网格上报",
    "visit": "来访",
    "link": "小程序",
    "import": "部门转办",
}
_KINDS = {
    "report": "诉求",
    "complaint": "投诉",
    "inquiry": "咨询",
    "help": "求助",
    "suggestion": "建议",
    "tip_off": "举报",
}


@lru_cache(maxsize=2)
def _year(n: int, seed: int) -> tuple[PastCase, ...]:
    return tuple(past_cases(n, seed=seed, today=LAST_DAY))


def hotline_rows(n: int, seed: int = 1) -> list[dict[str, str]]:
    """This will give `n` messages in the shape of a public message board."""
    rng = Random(f"board-{seed}")
    names = {m.code: m.name for m in town().matters}
    users = [f"U{rng.randrange(10**6, 10**7)}" for _ in range(max(1, n * 3 // 4))]
    rows = []
    for number, case in enumerate(_year(n, seed), start=1):
        local = case.said_at.astimezone(LOCAL)
        when = f"{local.year}/{local.month}/{local.day} {local.hour}:{local.minute:02d}:{local.second:02d}"
        subject = rng.choice(
            ("{p}{m}", "{p}{m}无人管", "反映{p}{m}问题", "请解决{p}{m}", "咨询{p}{m}")
        ).format(p=case.place.name, m=names[case.matter])
        likes = int(rng.paretovariate(0.9)) - 1 if rng.random() < 0.3 else 0
        values = (
            str(600_000 + number * 7),
            rng.choice(users),
            subject,
            when,
            case.text,
            str(likes // 9),
            str(min(likes, 900)),
        )
        rows.append(dict(zip(BOARD_COLUMNS, values, strict=True)))
    return rows


def export_rows(n: int, seed: int = 1) -> list[dict[str, str]]:
    """This will give `n` messages in the shape of a municipal hotline's export."""
    made = town()
    matters = {m.code: m.name for m in made.matters}
    bodies = {b.code: b.name for b in made.bodies}
    divisions = {d.code: d.name for d in made.divisions}
    rows = []
    for case in _year(n, seed):
        local = case.said_at.astimezone(LOCAL)
        ended = next((s.at for s in reversed(case.steps) if s.what == "closed"), None)
        levels = (case.matter[:2], case.matter[:5], case.matter)
        values = (
            case.external_id,
            f"{local:%Y-%m-%d %H:%M:%S}",
            _CHANNELS[case.channel],
            _KINDS[case.kind],
            f"{case.caller_name}先生/女士" if case.caller_name else "匿名",
            case.caller_contact,
            "是" if case.voice == "confidential" else "否",
            f"{case.place.name}{matters[case.matter]}",
            case.text,
            divisions[case.place.street],
            f"云溪市{divisions[case.place.street]}{case.place.name}",
            *(matters[level] for level in levels),
            {"normal": "一般", "urgent": "紧急", "emergency": "特急"}[case.urgency],
            bodies[case.body],
            "已办结" if ended else "办理中",
            "5个工作日",
            f"{ended.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}" if ended else "",
            case.reply,
        )
        rows.append(dict(zip(HOTLINE_COLUMNS, values, strict=True)))
    return rows
