# ruff: noqa: E501 — tables of words and patterns read better on one line
"""The published test set of the minimiser: own sentences, marked ⟦kind:words⟧, with neighbours that must stay readable.

No sentence, name or number comes from a real message. Numbers are made by rule; check digits are computed.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .minimise import minimise

_MARK = re.compile(r"⟦(\w+):([^⟧]*)⟧")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_SPOKEN = str.maketrans("0123456789", "〇幺二三四五六七八九")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class GoldenText:
    """One sentence and the personal places in it, as (start, end, kind)."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Measured:
    """Counts of one kind: gold spans, spans found, gold spans covered, found spans that are right."""

    gold: int
    found: int
    covered: int
    right: int

    @property
    def recall(self) -> float:
        return self.covered / self.gold if self.gold else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


def read(marked: str) -> GoldenText:
    """This will read a sentence with ⟦kind:words⟧ marks."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    at = done = 0
    for match in _MARK.finditer(marked):
        plain = marked[done : match.start()]
        start = at + len(plain)
        spans.append((start, start + len(match[2]), match[1]))
        parts += (plain, match[2])
        at, done = start + len(match[2]), match.end()
    return GoldenText("".join((*parts, marked[done:])), tuple(spans))


def _mobile(i: int) -> str:
    return (
        f"1{'3456789'[i % 7]}{(i * 7919 + 13) % 10}{(i * 104729 + 27183) % 10000:04d}{(i * 65537 + 31415) % 10000:04d}"
    )


def spellings(number: str) -> tuple[str, ...]:
    """This will write an 11-digit mobile number in the ways people write it."""
    a, b, c = number[:3], number[3:7], number[7:]
    return (
        number, f"{a} {b} {c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", number.translate(_WIDE), f"+86 {number}", f"0086{number}",
        number.translate(_CHINESE), number.translate(_SPOKEN), number.replace("0", "O"), "l" + number[1:], f"{a}\u200b{b}\u200b{c}",
        f"({a}){b}{c}", " ".join(number), f"{a}{b} {c}", f"{a} {b}{c}", f"86-{a}-{b}-{c}", f"{number[:5]} {number[5:]}",
        "".join(d + "\ufe0f\u20e3" for d in number), f"{a}_{b}_{c}", f"{a}—{b}—{c}", f"{a}·{b}·{c}",
    )  # fmt: skip


def _identity(i: int, separator: str = "") -> str:
    body = f"{('330302', '370283', '110105', '430104', '320583')[i % 5]}{1941 + i % 70}{1 + i % 12:02d}{1 + i * 7 % 28:02d}{i * 37 % 1000:03d}"
    number = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _ID_WEIGHTS, strict=True)) % 11]
    return separator.join((number[:6], number[6:14], number[14:]))


def _card(i: int, length: int) -> str:
    body = (("622202", "621700", "622848", "436742")[i % 4] + f"{i * 982451653 % 10**12:012d}0000")[: length - 1]
    total = 0
    for k, digit in enumerate(reversed(body)):
        value = int(digit) * (2 - k % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


_PHONE_FRAMES = (
    "路灯坏了三天没人修，请打⟦phone:{}⟧联系我。", "我的手机⟦phone:{}⟧,下水道堵了。", "电话⟦phone:{}⟧", "联系方式：⟦phone:{}⟧（晚上也可以）",
    "⟦phone:{}⟧是我的号码，2024年3月5日楼道停电。", "共12栋楼的水压都低，回电⟦phone:{}⟧。",
)  # fmt: skip
_FIXED = (
    "0577-88551234",
    "(0532)83456789",
    "010-62345678",
    "0571 8765 4321",
    "02163214321",
    "0755-26543210转8012",
    "021-6432-1234",
)
_ID_FRAMES = (
    "身份证号⟦identity:{}⟧，申请低保。",
    "本人⟦identity:{}⟧办理居住证被退回。",
    "证件号码:⟦identity:{}⟧",
    "两次登记均为⟦identity:{}⟧,仍查不到。",
)
_CARD_FRAMES = ("退款请打到银行卡⟦card:{}⟧。", "卡号:⟦card:{}⟧,物业费一直没退。", "押金转账至⟦card:{}⟧三个月没回音。")
_NAMES = (
    "王建国",
    "李秀英",
    "张伟",
    "刘芳",
    "陈志强",
    "杨丽娟",
    "赵敏",
    "黄海燕",
    "周杰",
    "吴桂兰",
    "徐明",
    "孙晓梅",
    "胡国庆",
    "朱红",
    "林志玲",
    "何文静",
    "郭涛",
    "马永福",
    "高翔",
    "欧阳雪",
)
_NAME_FRAMES = (
    "联系人：⟦name:{}⟧，希望尽快处理。", "我叫⟦name:{}⟧，家里停水两天。", "投诉人⟦name:{}⟧反映垃圾无人清运。", "业主⟦name:{}⟧说电梯困过人。", "姓名:⟦name:{}⟧\n事由:噪音",
    "户主⟦name:{}⟧的房屋漏水。", "当事人⟦name:{}⟧，路边摔倒。", "楼上住户⟦name:{}⟧，半夜装修。",
)  # fmt: skip
_TITLED = (
    "⟦name:王女士⟧来电反映路灯不亮。", "昨天⟦name:李先生⟧在小区门口摔倒。", "物业⟦name:张⟧经理一直推脱。", "请联系⟦name:刘阿姨⟧。", "社区⟦name:陈⟧书记答应修路。", "居民⟦name:赵大爷⟧腿脚不便。", "保洁⟦name:孙大姐⟧可以作证。",
    "装修的⟦name:杨师傅⟧把垃圾堆在楼道。", "⟦name:欧阳女士⟧家的空调外机掉了。", "派出所⟦name:周⟧警官做了登记。", "⟦name:郑建军⟧主任批的条子。", "房东⟦name:马先生⟧不退押金。", "楼下⟦name:高先生⟧养了六只狗。", "卫生站⟦name:吴⟧医生不在岗。",
    "⟦name:何小姐⟧的快递丢了。", "一位⟦name:张姓女士⟧联系过我。", "投诉人:⟦name:刘严⟧联系电话见附件。", "我是一名⟦health:肢体三级残疾人⟧。", "身份证⟦identity:33030219560*******⟧。", "联系人⟦name:李某⟧，请回电。", "业主⟦name:张某某⟧占用车位。", "投诉人：⟦name:刘**⟧", "租户⟦name:陈某⟧半夜唱歌。", "⟦name:徐⟧老师班上有学生摔伤。", "找⟦name:许⟧科长三次都不在。",
)  # fmt: skip
_ROOMS = (
    "3号楼2单元501室", "12栋1203", "5幢302室", "A座1806室", "三号楼二单元五零一室", "8号楼1单元602", "16栋2单元3楼东户", "2#楼1101室", "6栋-1002室", "9幢401房", "10号楼3单元12楼1203室", "B座2205房间", "七栋三零二", "4号楼1单元1号", "21栋201", "15号楼702室", "C栋504室", "1号院3单元402室",
)  # fmt: skip
_ROOM_FRAMES = (
    "阳光花园⟦address:{}⟧漏水。",
    "我住在幸福家园⟦address:{}⟧，楼上太吵。",
    "地址：滨江小区⟦address:{}⟧",
    "请上门到⟦address:{}⟧查看暖气。",
)
_OTHER = (
    "楼上⟦address:602室⟧天天装修。", "我家在⟦address:二单元301室⟧。", "住文化路12号⟦address:303室⟧。", "住址:和平里小区⟦address:12-3-501⟧", "海棠苑⟦address:7-1204室⟧屋顶渗水。", "⟦address:五组23号⟧门前的路断了。", "翠湖花园⟦address:12#501⟧暖气不热。",
    "车牌⟦plate:鲁B12345⟧长期占道。", "⟦plate:浙C·D1234⟧堵住消防通道。", "一辆⟦plate:粤BD12345⟧新能源车乱停。", "⟦plate:京A8K567⟧撞坏护栏。", "渣土车⟦plate:湘A1234挂⟧漏土。", "白色面包车⟦plate:苏E·6Y789⟧停在盲道上。",
    "邮箱⟦mail:li.ming@example.com⟧", "请回复到⟦mail:zhang_3@mail.example.cn⟧。", "发票寄⟦mail:abc-1@example.org⟧即可。", "微信号：⟦messenger:wang_jg88⟧", "加我微信⟦messenger:liu123456⟧发照片。", "QQ⟦messenger:123456789⟧可以联系。", "vx:⟦messenger:sunny_2020⟧", "qq号⟦messenger:87654321⟧在线。",
    "护照⟦passport:E12345678⟧签注过期。", "通行证号码⟦passport:H12345678⟧。", "护照号:⟦passport:EA1234567⟧", "护照⟦passport:G12345678⟧被扣。",
    "户号⟦account:3301234567⟧欠费停电。", "燃气表号:⟦account:88001234⟧", "社保卡号⟦account:A1234567⟧查不到。", "水表号⟦account:20394857⟧读数不对。", "学号：⟦account:2023010203⟧", "账号⟦account:jishi2024⟧登不上。",
    "我母亲患有⟦health:糖尿病⟧，买药不便。", "他确诊⟦health:肺癌⟧后没有办大病报销。", "我是⟦health:二级残疾人⟧，没有坡道。", "邻居有⟦health:精神分裂症⟧。", "孩子得了⟦health:白血病⟧，想申请救助。", "我父亲查出⟦health:尿毒症⟧。", "丈夫因⟦health:中风⟧卧床。", "儿子是⟦health:自闭症⟧，学校不收。",
    "他家⟦religion:信基督教⟧。", "邻居⟦religion:信奉伊斯兰教⟧，常有聚会。", "房东⟦religion:是基督徒⟧。" , "她⟦religion:信佛⟧，每天敲木鱼。",
    "我是⟦ethnicity:回族⟧，食堂没有清真窗口。", "租户是⟦ethnicity:维吾尔族⟧。", "民族：⟦ethnicity:苗族⟧", "一位⟦ethnicity:彝族⟧老人走失。",
    "楼下租客⟦record:坐过牢⟧。", "邻居有⟦record:前科⟧，大家害怕。", "他⟦record:刑满释放⟧后找不到工作。", "我儿子⟦record:吸过毒⟧，现在想找工作。", "房东⟦record:被判过刑⟧。",
    "身份证⟦identity:330302650712123⟧是旧号。", "工号⟦account:A10234⟧的司机态度差。", "我的号是⟦phone:138****5678⟧。",
)  # fmt: skip
HARD = (
    "坑深30厘米，长1.5米，在解放路100号门口。", "2024年3月15日14:30开始停水，至2024-03-18未恢复。", "依据《物业管理条例》第三十五条第二款。", "温政发〔2023〕15号文件要求整改。", "物业费每平方米2.85元，总价1380000元。", "合同金额13800000000元。",
    "工单编号20240315001234567未回复。", "受理编号13812345678没有查到。", "统一社会信用代码91330300712549876X。", "从2019年1月3日到2020年5月6日多次反映。", "坐标120.13812345678，30.27412345678。", "3号楼楼顶漏水，5号楼没有。", "2单元门禁坏了。", "小区共503户，只有12个车位。",
    "有6层洋房44栋724户。", "三室两厅的房子漏水。", "空调室外机太吵，108分贝。", "人民路与建设路交叉口信号灯不亮。", "乘坐12路公交到3号线5号口。", "清真寺门前消防通道被占。", "教堂旁边的井盖丢了。", "宣传乙肝疫苗接种的横幅挡住路口。", "残疾人通道被电动车占用。", "癌症筛查政策什么时候到我们社区？",
    "土家族自治县的路何时修？", "民族路12号门口积水。", "刑满释放人员安置政策在哪里查？", "现任书记没有来过，前任主任也没有。", "如何先生成账单？", "最高工程师职称怎么评？", "希望有关经理部门回复。", "双方和老师们沟通过。", "工程师傅们很辛苦。", "业主高度关注此事，业主于昨日开会。", "居民白天无法休息，居民安全没有保障。",
    "村民向政府反映，村民任何时候都能来。", "对于某些人来说不公平。", "由于某种原因停工。", "物业经理和社区书记都不管。", "班主任要求家长签字。", "请局长和市长关注。", "拨打12345和110都没用，400-820-8820打不通。", "水表读数1234567，电表56789。", "每天7:00到22:00施工，音量85分贝。", "1至3月、5至8月、10至12月停过水。", "12-15号楼没有热水，1-200号车位漏水。",
    "2023-2024年度采暖季只有16度。", "长沙到株洲100-200公里。", "微信小程序打不开，微信支付失败。", "QQ群里有200人。", "地铁6号线18:30后停运。", "楼高33层，每层4户，共132户。", "宽3.5米、深0.8米的坑，已有3个月。", "第1234567号提案怎么样了？", "国道G104和S234路口。", "A12区的停车场收费10元/小时。", "型号G12345678的设备坏了。", "湘江边的草坪枯了，京沪高速堵车。",
    "政务中心301室办事窗口没人。", "医保窗口只开1个，排队2小时。", "2022年12月31日前交房，逾期365天。", "面积89.56平方米，公摊18.32%。", "电梯载重1000公斤，限乘13人。", "邮编325000，区号0577。", "周边学校有3所，王府井大街在修路。", "张江路、李家村、陈家坞的公交站牌掉了。", "黄河路和长江路之间。", "马路边的石头没人清。", "白天黑夜都在施工。", "安全第一，严重影响周边居民。",
    "一五一十地告诉社区。", "一二三四五六七八九十个数都数不清。", "三五成群的狗，七八条。", "没有人感染新冠，大家不用担心。", "会不会得癌症没人知道。", "养老院的食堂不卫生。", "佛教协会旁边的停车场收费高。", "教育局局长信箱在哪里？", "孩子上小学需要什么材料？", "村委会主任选举什么时候开始？",
)  # fmt: skip


def texts() -> list[GoldenText]:
    """This will build the whole set: the same sentences in the same order every time."""
    marked: list[str] = []
    for i in range(3):
        for k, spelled in enumerate(spellings(_mobile(i * 29 + 5))):
            marked.append(_PHONE_FRAMES[(i + k) % len(_PHONE_FRAMES)].format(spelled))
    marked += [_PHONE_FRAMES[k % 4].format(number) for k, number in enumerate(_FIXED)]
    marked += [_ID_FRAMES[i % 4].format(_identity(i, " " if i % 7 == 3 else "")) for i in range(40)]
    marked += [_CARD_FRAMES[i % 3].format(_card(i, 16 if i % 2 else 19)) for i in range(20)]
    marked += [_CARD_FRAMES[1].format(" ".join(re.findall(".{1,4}", _card(i, 19)))) for i in range(20, 26)]
    marked += [_NAME_FRAMES[(i + k) % 8].format(name) for i, name in enumerate(_NAMES) for k in (0, 3, 5)]
    marked += [_ROOM_FRAMES[(i + k) % 4].format(room) for i, room in enumerate(_ROOMS) for k in (0, 1, 2)]
    return [read(m) for m in (*marked, *_TITLED, *_OTHER, *HARD)]


def _covers(found: tuple[int, int, str], gold: tuple[int, int, str]) -> bool:
    return found[2] == gold[2] and found[0] <= gold[0] and gold[1] <= found[1]


def _right(found: tuple[int, int, str], gold: tuple[int, int, str]) -> bool:
    common = min(found[1], gold[1]) - max(found[0], gold[0])
    return found[2] == gold[2] and 2 * common >= max(found[1] - found[0], gold[1] - gold[0])


def measure(golden: Iterable[GoldenText] | None = None) -> dict[str, Measured]:
    """This will count, per kind and under `all`, what the minimiser finds in the set.

    A gold span is covered when one found span of its kind holds all of it; a found span is right when it shares at least half of
    the longer of the two.
    """
    cases = list(texts() if golden is None else golden)
    counts: Counter[tuple[str, str]] = Counter()
    for case, seen in zip(cases, minimise(c.text for c in cases), strict=True):
        found = [(s.start, s.end, s.kind) for s in seen.spans]
        for gold in case.spans:
            counts[gold[2], "gold"] += 1
            counts[gold[2], "covered"] += any(_covers(f, gold) for f in found)
        for f in found:
            counts[f[2], "found"] += 1
            counts[f[2], "right"] += any(_right(f, gold) for gold in case.spans)
    for (_, what), count in list(counts.items()):
        counts["all", what] += count
    return {
        kind: Measured(*(counts[kind, what] for what in ("gold", "found", "covered", "right")))
        for kind in sorted({kind for kind, _ in counts})
    }


def misses(golden: Iterable[GoldenText] | None = None) -> list[str]:
    """This will list, for people, every gold span not covered and every found span that is wrong."""
    lines = []
    cases = list(texts() if golden is None else golden)
    for case, seen in zip(cases, minimise(c.text for c in cases), strict=True):
        found = [(s.start, s.end, s.kind) for s in seen.spans]
        lines += [
            f"missed {g[2]} {case.text[g[0] : g[1]]!r} in {case.text!r}"
            for g in case.spans
            if not any(_covers(f, g) for f in found)
        ]
        lines += [
            f"wrong {f[2]} {case.text[f[0] : f[1]]!r} in {case.text!r}"
            for f in found
            if not any(_right(f, g) for g in case.spans)
        ]
    return lines
