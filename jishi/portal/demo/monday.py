"""What lies on the desks on an ordinary morning, so that each of them can be tried: invented, and lived by verbs.

A past life ends where it ended. What waits for somebody — an answer, a decision, another body's part — is told here:
who said what, which matter it is, how many days ago, and how far it has come.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """One matter. `who`: the resident with an account who said it; nobody: a caller on the telephone.

    `upto`: how far it has come, the name of a road in `demo_monday`; `days`: said so many days ago.
    """

    who: str
    matter: str
    text: str
    days: int
    upto: str
    voice: str = "open"
    reply: str = ""
    answers: tuple[tuple[str, str], ...] = ()


# Where the lamp is.
IN_COMPOUND, ON_STREET = (("lamp", "compound"),), (("lamp", "road"),)
RESIDENTS = (
    Said("jumin1", "01.02.01", "翠竹苑5号楼前面的雨水井堵着，上回下雨水漫到单元门口。", 3, "asked",
         reply="昨天上午已与您通话。雨水井清了两个，试水能下去；下一场雨后我们再来看一次。"),
    Said("jumin1", "03.02.01", "翠竹苑3号楼到北门那段路灯不亮，老人晚上不敢走。", 1, "working", answers=IN_COMPOUND),
    Said("jumin1", "01.02.01", "翠竹苑5号楼单元门口又积水了，和前几天说的是一口井。", 2, "merged"),
    Said("jumin1", "02.02.04", "翠竹苑北门边没人管的绿化带堆着旧家具，过人都难。", 12, "closed",
         reply="前天下午已到现场并与您通话。旧家具当天搬走，绿化带边上装了围栏；社区每周看一次。"),
    Said("jumin2", "03.02.01", "石坊新村8号楼门口的路灯闪了一个星期，后来就不亮了。", 4, "not_solved",
         reply="昨天下午已与您通话。灯泡换了，线路查过没有问题；再闪请随时告诉我们，我们当天来。", answers=IN_COMPOUND),
    Said("jumin2", "01.02.01", "石坊新村12号楼后面雨水篦子堵了，落叶一直没人扫。", 6, "waits_for_caller"),
    Said("jumin2", "02.01.04", "石坊新村12号楼楼上漏水，把我家墙泡花了，请帮着说一说。", 0, "received"),
    Said("jumin2", "03.02.01", "石坊新村东门里面的路灯只亮一半，倒垃圾要打手电。", 20, "closed", answers=IN_COMPOUND,
         reply="当天上午已与您通话。东门里面四盏灯全换了新的，当晚看过都亮；请再看看。"),
)  # fmt: skip

# What waits at the desks besides: each road ends where somebody has something to do.
WAITING = (
    Said("", "01.02.01", "翠竹苑2号楼门口的井盖边上一直冒水，修过一次又堵。", 3, "not_solved",
         reply="前天上午已与您通话。管道疏通了二十米，水能下去；井盖周围的石块也已经清走。"),
    Said("", "03.02.01", "翠竹路近云溪大道的路灯白天亮、晚上不亮，修过还是这样。", 4, "not_solved",
         reply="大前天下午已与您通话。时控开关换了新的，当晚看过能按时亮；费电的事也改过来了。", answers=ON_STREET),
    Said("", "01.02.01", "石坊新村3号楼旁边的雨水井被旁边的棚子压住，清不了。", 1, "part_asked"),
    Said("", "01.02.01", "翠竹苑南门外的雨水井被摊位盖住，一下雨就淹人行道。", 2, "part_signed"),
    Said("", "01.02.01", "翠竹苑4号楼背面的井一下雨就冒，说是里面的管子断了。", 0, "return_asked"),
    Said("", "03.02.01", "桥东街道石坊新村西门外的路灯杆歪了，灯也不亮。", 0, "return_asked", answers=ON_STREET),
    Said("", "02.02.04", "翠竹苑南门外一排棚子占着人行道，电线也拉在外面，没有物业管。", 1, "whistled"),
    Said("", "02.02.04", "翠竹苑北门外的废弃岗亭塌了半边，里面堆满东西，没人认。", 2, "acting"),
    Said("", "01.02.01", "石坊新村15号楼前面挖开的雨水管还没有接上，说要等检修。", 3, "suspension_asked"),
    Said("", "01.02.01", "翠竹苑10号楼旁边的雨水井没有堵，是井圈松了，车一过就响。", 2, "undone"),
    Said("", "03.02.01", "石坊新村5号楼后面整排路灯不亮，配件说要等。", 2, "extension_asked", answers=IN_COMPOUND),
    Said("", "01.02.01", "翠竹苑9号楼门前地势低，清多少次井都没用，得换大管子。", 4, "banking_asked"),
    Said("", "03.02.01", "河西街道办门口的路灯坏了一片，公交站那一段全黑。", 3, "supervised", answers=ON_STREET),
    Said("", "01.02.01", "翠竹苑7号楼的雨水井又堵了，其实那里没有井，是反映错了地方。", 7, "exclusion_asked",
         reply="昨天上午已与您通话。现场一起看过，楼前没有雨水井，积水是地面低洼，已用砂石垫平。"),
    Said("", "04.04.01", "有车半夜往翠竹苑北面空地倒渣土，车牌我记下了，别说是我讲的。", 2, "unsealing_asked",
         voice="confidential"),
    Said("", "02.01.03", "翠竹苑西墙外的挡土墙鼓了一块，墙根往外冒水。", 1, "ruled"),
    Said("", "02.01.03", "翠竹苑后面的挡土墙裂了一道缝，下雨往下掉土。", 0, "contested"),
)  # fmt: skip

OUTSIDE = "翠竹苑物业服务中心"


@dataclass(frozen=True)
class Move:
    """A community that is torn down: where its people go, and when that is over."""

    left: str
    receiving: str
    cause: str
    households: int
    ends_when: str
    document_no: str


MOVE = Move("990181001004", "990181002002", "shanties", 42, "安置房交付，每户都说过住到哪里，社区的事逐项有人接。",
            "云治办〔2026〕31号（演示）")  # fmt: skip
