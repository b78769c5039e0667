# ruff: noqa: E501
"""How well are hot topics found? A marked set of invented reports: fourteen topics, ninety single matters,
one person who writes forty times. A third does not say where, a fourth is of no known matter, a fifth has no place; two neighbouring
compounds are without water in the same days. What is one topic was written down before anything was grouped.

Nobody's words stand here and no chance: the set is the same on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .clusters import Group, Said, groups
from .clusters_heat import course
from .figures import Share, b_cubed

_START = 20_000 * 24.0 + 8.0  # an hour of some Monday morning
_AT = (112.98, 28.20)
_STEP = 0.012  # degrees between the places of two topics
EVERY_HOURS = 6.0
ONSET = 3  # the sender with whom a person would say: this is one thing
# matter, place, what is said there (each line one resident's way to say it)
_TOPICS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("01.01", "翠竹苑", ("早上起就停水了", "一天没有水，做不了饭", "停水，物业也不知道原因", "什么时候来水", "水龙头一滴水都没有")),
    ("01.02", "银杏里", ("又停电了，冰箱里的菜都坏了", "晚上没有电", "停电三个小时没人说", "电什么时候来", "一家家都是黑的，没电")),
    ("02.01", "青石路", ("有个大坑，电动车摔了", "路面塌了一块，坑很深", "坑一直没人填", "车轮陷进坑里", "大坑越来越大")),
    ("02.02", "枫林路", ("路灯全灭了", "一路的路灯都不亮", "晚上没有路灯，黑得看不见", "路灯坏了没人修", "路灯灭了好几天")),
    ("03.01", "桂花园", ("工地半夜打桩，睡不着", "凌晨还在打桩", "夜里施工吵，打桩声音大", "打桩到两点", "孩子被打桩吵醒")),
    ("03.02", "荷塘街", ("夜市油烟熏人", "油烟直往家里灌", "烧烤油烟大，不敢开窗", "满街油烟没人管", "油烟味一直到半夜")),
    ("04.01", "松柏小区", ("垃圾堆了五天没人清", "垃圾桶满了，臭得很", "垃圾没有人来收", "楼下垃圾成山", "垃圾发臭，苍蝇多")),
    ("04.02", "柳岸花园", ("地下车库积水", "车库被水淹了", "车库的水没到脚踝", "积水抽不出去，车开不了", "雨停了车库还有水")),
    ("05.01", "金鼎大厦", ("电梯坏了，老人下不了楼", "两部电梯停了一部", "电梯修了三天没修好", "电梯又停了，走二十层", "电梯门打不开")),
    ("05.02", "云溪小学", ("门口早上堵车，孩子过马路危险", "放学时校门口堵死了", "接送的车把路口堵住", "校门口没有人疏导，堵", "堵车堵到主路上")),
    ("06.01", "东湖新城", ("开发商要捆绑买车位", "不买车位不给交房", "车位和房子捆绑销售", "强制买车位，不合理", "车位捆绑，投诉没有用")),
    ("01.01", "翠竹园", ("没有水用，问了物业说不清楚", "停水半天了", "水停了也没有通知", "打电话问停水没人接", "家家都没水")),
    ("01.03", "青石路二巷", ("路面渗水，一直在流", "管子漏水流了一地", "巷子里水管破了", "漏水没人修，结冰滑倒人", "水从地下冒出来")),
    ("06.02", "12路公交", ("改线以后不到医院了", "公交改线，老人看病不方便", "改线没有人问过我们", "把站点撤了，要求恢复", "公交改线要走一公里")),
)  # fmt: skip
_SINGLE = (
    "红绿灯坏了", "长椅断了一条腿", "请问社保卡丢了到哪里补办", "广场舞声音太大", "楼道里堆满了纸箱", "树枝挡住了窗户",
    "请问居住证怎么办理", "健身器材松动", "门口有人乱贴广告", "快递柜挡住了通道", "流浪狗追人", "请问老年卡在哪里办",
    "下水道有味道", "楼上漏水到我家", "墙皮掉了", "小店不开发票", "请问生育津贴多久到账", "公厕没有水", "共享单车乱停",
    "外墙瓷砖松了", "请问图书馆几点关门", "网络信号差", "有人占了消防通道停车", "窨井盖响得睡不着", "请问落户要什么材料",
)  # fmt: skip
_TAILS = ("，请处理", "，希望解决", "", "，已经反映过一次", "，谢谢", "，影响生活")


@dataclass(frozen=True, slots=True)
class Topics:
    """What was found of the marked topics. `delays`: hours from the onset of each found one to when it was found."""

    right_in_ten: Share
    delays: tuple[float, ...]
    fragments: float
    missed: int
    b_cubed: float
    topics: int
    reports: int


@cache
def marked() -> tuple[tuple[Said, ...], tuple[int, ...]]:
    """Give the reports in order of time, and of each the number of its topic (-1: none)."""
    rows: list[tuple[Said, int]] = []
    for t, (matter, place, ways) in enumerate(_TOPICS):
        at = (_AT[0] + _STEP * (t % 4), _AT[1] + _STEP * (t // 4))
        for k in range(6 + (5 * t) % 9):
            says_where, knows, placed = (k + t) % 3 != 1, (k + 2 * t) % 4 != 2, (k + t) % 5 != 3
            text = f"{place if says_where else '这里'}{ways[k % len(ways)]}{_TAILS[(k + t) % len(_TAILS)]}"
            spot = (at[0] + 0.0007 * (k % 3), at[1] + 0.0007 * (k % 2)) if placed else (math.nan, math.nan)
            hour = _START + 9.0 * t + (3.0 + t % 4) * k
            named = frozenset({place} if says_where else ())
            rows.append((Said(text, hour, f"t{t}-{k - (k % 5 == 4)}", matter if knows else "", *spot, named), t))
    for k in range(90):
        text = f"{'甲乙丙丁戊己庚辛'[k % 8]}{1 + k * 7 % 90}栋{_SINGLE[k % len(_SINGLE)]}{_TAILS[k * 5 % len(_TAILS)]}"
        spot = (_AT[0] - 0.05 + 0.0011 * (k * 37 % 90), _AT[1] - 0.05 + 0.0011 * (k * 61 % 90))
        rows.append((Said(text, _START + k * 53 % 240, f"s{k}", f"{20 + k % 25}.01", *spot), -1))
    for k in range(40):
        rows.append((Said(f"明月楼楼下的棋牌室吵，第{k}次说", _START + 3.0 * k, "one", "03.03", *_AT), -1))
    rows.sort(key=lambda row: (row[0].at_hours, row[0].text))
    return tuple(said for said, _ in rows), tuple(topic for _, topic in rows)


@cache
def measure() -> Topics:
    """This will group the marked reports as the board does, and say how many topics it finds, how late, in how many
    pieces, and how like the two groupings are."""
    said, topics = marked()
    found = groups(said)
    of = [_topic(group, topics) for group in found]
    now = said[-1].at_hours
    courses = [course(said, group.rows, now=now) for group in found]
    hottest = sorted(range(len(found)), key=lambda i: (-(c.peak if (c := courses[i]) else 0.0), found[i].rows))[:10]
    delays = _delays(said, topics)
    pieces = [n for t in range(len(_TOPICS)) if (n := of.count(t))]
    true = [[str(i) for i, topic in enumerate(topics) if topic == t] for t in range(len(_TOPICS))]
    alike = b_cubed([[str(i) for i in g.rows] for g in found], true)
    return Topics(
        Share(sum(of[i] >= 0 for i in hottest), len(hottest)), tuple(delays),
        sum(pieces) / len(pieces) if pieces else 0.0, len(_TOPICS) - len(pieces), alike["f1"], len(_TOPICS), len(said),
    )  # fmt: skip


def _topic(group: Group, topics: Sequence[int]) -> int:
    """The topic of which more than half of a group speaks; -1 where there is none."""
    own = [topics[i] for i in group.rows]
    most = max(sorted(set(own)), key=own.count)
    return most if most >= 0 and 2 * own.count(most) > len(own) else -1


def _delays(said: Sequence[Said], topics: Sequence[int]) -> list[float]:
    """Hours between the third sender of each topic and the first look, every six hours, at which its group is there."""
    onsets: dict[int, float] = {}
    senders: dict[int, set[str]] = {}
    for one, topic in zip(said, topics, strict=True):
        senders.setdefault(topic, set()).add(one.sender)
        if topic >= 0 and topic not in onsets and len(senders[topic]) >= ONSET:
            onsets[topic] = one.at_hours
    delays: dict[int, float] = {}
    look, end = said[0].at_hours, said[-1].at_hours + EVERY_HOURS
    while look <= end and len(delays) < len(onsets):
        if any(onset <= look and topic not in delays for topic, onset in onsets.items()):
            known = [i for i, one in enumerate(said) if one.at_hours <= look]
            there = {_topic(g, topics) for g in groups([said[i] for i in known])}
            delays |= {t: look - onsets[t] for t in there - {-1} - set(delays) if onsets.get(t, end) <= look}
        look += EVERY_HOURS
    return [delays[topic] for topic in sorted(delays)]
