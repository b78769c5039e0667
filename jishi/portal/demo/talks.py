"""What people of the demonstration come to terms about, and what the town works on at its root. All invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Talk:
    """A dispute: what the caller said, with whom, and how far it has come."""

    text: str
    matter: str
    kind: str
    what: str
    caller: str
    other: str
    chair: str  # user name
    upto: str  # PROPOSED, SITTING, AGREED, ENDED
    terms: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Root:
    """A topic: `days`: nominated and chosen so many days ago; `upto`: how far it has come."""

    title: str
    matters: tuple[str, ...]
    kind: str
    evidence: str
    by: str
    upto: str
    days: int = 2
    lead: str = ""
    causes: str = ""
    measures: tuple[tuple[str, str, int, str], ...] = ()  # what, body, day after the choice, what was done
    indicator: str = "asked"
    target: int = 0
    result: str = ""


MEDIATORS = (
    ("tiaojie1", "hxjd", "宋和平", "河西街道人民调解委员会",
     ("neighbours", "property", "family"), ("普通话", "云溪话")),
    ("tiaojie2", "qdjd", "梁亦安", "桥东街道人民调解委员会",
     ("neighbours", "property", "consumer", "labour", "land", "other"), ("普通话", "云溪话", "手语")),
)  # fmt: skip

TALKS = (
    Talk("翠竹苑3号楼楼上半夜拖家具、放音乐，说过几次都不听，想请人帮着说和。", "08.01.03", "neighbours",
         "楼上夜里的响声", "老周", "楼上住户老钱", "tiaojie1", "SITTING",
         notes="楼下说孩子要高考，夜里睡不好；楼上是夜班，愿意垫毡子。"),
    Talk("翠竹苑5号楼楼上卫生间漏水，把我家顶泡了，修谁出钱谈不拢。", "02.01.04", "property",
         "漏水泡了顶，修谁出钱", "小林", "楼上住户", "tiaojie2", "AGREED",
         terms="楼上三天内做好防水；泡坏的顶各出一半，楼上先付。"),
    Talk("翠竹苑2号楼门口停车，两家抢一个位置，天天吵。", "15.04.02", "neighbours", "门口一个车位两家停",
         "老何", "对门老范", "tiaojie1", "PROPOSED"),
    Talk("翠竹苑6号楼两家合用的晾衣架，一家搬走了另一家的衣服，为这个吵到现在。", "15.04.02", "neighbours",
         "合用的晾衣架", "小鲁", "隔壁住户", "tiaojie2", "ENDED"),
)  # fmt: skip

ROOTS = (
    Root("下雨就积水的井", ("01.02.01", "01.02.03"), "cluster",
         "连着几周，雨水井下雨就堵，一条街上反复有人说，退来退去。", "psyh", "CLOSED", days=85, lead="psyh",
         causes="管径偏小，落叶没有及时清，井口常被占。",
         measures=(("把老街的雨水井全部清一遍", "psyh", 20, "清了四十六口井，拍了前后的水位。"),
                   ("落叶季每周扫一次井口", "qdjd", 45, "街道和排水中心排了班，写在墙上。")),
         indicator="asked", target=20,
         result="井清完以后没有再堵，件数在目标以内；剩下管径小的列入管网改造。"),
    Root("楼道里的充电和堆物", ("04.01.04", "02.03.04"), "cluster",
         "楼道堆物和飞线充电反复出现，劝走又回来，几个小区都是这样。", "hxjd", "WORKING", days=12, lead="hxjd",
         causes="没有地方充电，也没有地方放车；光劝没有用。",
         measures=(("每个小区找出能装充电棚的地方", "hxjd", 10, "十一个小区定了位置，公示七天。"),
                   ("充电棚装好通电", "zjj", 60, "")), indicator="asked", target=10),
    Root("没人管的老小区", ("02.02.04",), "banked", "弃管小区的事挂账最多，等来等去都是等一个牵头的。", "cgj",
         "NOMINATED", days=3),
    Root("冬天的路灯", ("03.02.01",), "season", "每年入冬，路灯不亮的事比夏天多一倍，去年也是这样。", "zjj",
         "PASSED_OVER", days=20),
)  # fmt: skip
