"""Whom to sign in as: somebody for every role, all invented, each in the body where the work is done."""

from __future__ import annotations

from jishi.portal.demo.nouns import Person

# username · name · post · post in English · roles · body · grid
PEOPLE: tuple[tuple[str, str, str, str, tuple[str, ...], str | None, str | None], ...] = (
    ("huawu1", "林知夏", "话务员", "hotline operator", ("operator",), "sqzx", None),
    ("huawu2", "陶一鸣", "话务员", "hotline operator", ("operator",), "sqzx", None),
    ("paidan1", "何清源", "派单员", "dispatcher", ("dispatcher",), "sqzx", None),
    ("paidan2", "谢知微", "派单员", "dispatcher", ("dispatcher",), "sqzx", None),
    ("shenhe1", "沈望舒", "审核员", "reviewer", ("reviewer",), "sqzx", None),
    ("shenhe2", "章定远", "审核员", "reviewer", ("reviewer",), "sqzx", None),
    ("huifang1", "唐晓禾", "回访员", "feedback caller", ("feedback",), "hfzx", None),
    ("shuiwu1", "江流远", "水务局承办员", "handler, Water Bureau", ("handler",), "swj", None),
    ("paishui1", "管朝阳", "排水中心承办员", "handler, Drainage Centre", ("handler",), "psyh", None),
    ("zhujian1", "严筑新", "住建局承办员", "handler, Housing and Construction Bureau", ("handler",), "zjj", None),
    ("chengguan1", "顾立本", "城管执法局承办员", "handler, City Management Bureau", ("handler",), "cgj", None),
    ("gongan1", "秦守一", "公安局承办员", "handler, Public Security Bureau", ("handler",), "gaj", None),
    ("shichang1", "孟公平", "市场监管局承办员", "handler, Market Regulation Bureau", ("handler",), "scjg", None),
    ("reli1", "温如春", "热力公司承办员", "handler, Heating Company", ("handler",), "rlgs", None),
    ("renshe1", "齐安业", "人社局承办员", "handler, Human Resources Bureau", ("handler",), "rsj", None),
    ("hexi1", "方向阳", "河西街道承办员", "handler, Hexi Street", ("handler",), "hxjd", None),
    ("qiaodong1", "俞东来", "桥东街道承办员", "handler, Qiaodong Street", ("handler",), "qdjd", None),
    ("cuizhu1", "竺青", "翠竹社区书记", "secretary, Cuizhu Community", ("handler",), "sqcz", None),
    ("shifang1", "石敬之", "石坊社区书记", "secretary, Shifang Community", ("handler",), "sqsf", None),
    ("wangge1", "孙小满", "专职网格员", "grid worker", ("grid_worker",), "sqcz", "990181001002003"),
    ("wangge2", "韩立秋", "专职网格员", "grid worker", ("grid_worker",), "sqsf", "990181002002002"),
    ("lingdao1", "周怀瑾", "领导小组办公室主任", "head, leading group's office", ("office", "ruler"), "ldxz", None),
    ("qingdan1", "吕成章", "清单与日历管理员", "keeper of lists and calendars", ("office",), "ldxz", None),
    ("shenji1", "程直", "审计员", "auditor", ("auditor",), "ldxz", None),
    ("xitong1", "余启明", "系统管理员", "system administrator", ("system_admin",), "sqzx", None),
    ("anquan1", "卫知白", "安全管理员", "security administrator", ("security_admin",), "sqzx", None),
    ("jumin1", "白露", "居民", "resident", ("resident",), None, None),
    ("jumin2", "田野", "居民", "resident", ("resident",), None, None),
    ("duban1", "岳明衡", "督办员", "supervisor", ("supervisor",), "sqzx", None),
    ("chengguanfz1", "夏承安", "城管执法局分管负责人", "deputy head, City Management Bureau", ("head",), "cgj", None),
    ("tiaojie1", "宋和平", "河西街道人民调解员", "people's mediator, Hexi Street", ("mediator",), "hxjd", None),
    ("tiaojie2", "梁亦安", "桥东街道人民调解员", "people's mediator, Qiaodong Street", ("mediator",), "qdjd", None),
)


def people() -> tuple[Person, ...]:
    """This will give the people of the town with work phones and mail addresses that reach nobody."""
    return tuple(
        Person(
            username, name, post, post_en, roles, body, f"139 0000 {2000 + n:04d}", f"{username}@yunxi.example", grid
        )
        for n, (username, name, post, post_en, roles, body, grid) in enumerate(PEOPLE, start=1)
    )
