# ruff: noqa: E501 — sentences read better on one line
"""Writes the test set of the minimiser, `data/minimiser.jsonl`: the same seed gives the same lines.

    python -m jishi.kernels.text.tests.making_spans

Every sentence comes from a frame written for it; nothing is taken from a real message. Mobile numbers use prefixes that are given to nobody
(160, 161, 163, 164, 168, 169, 179, 194), identity numbers are born in 2030–2099 or 1900–1911, mail addresses end in example names.
A sample of 230 lines and every miss were read after writing; a frame that reads wrong with a filling is mended here, never in the file.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from jishi.kernels.text.golden import GoldenText, read

FILE = Path(__file__).parent / "data" / "minimiser.jsonl"
SEED = 20261122
Chance = random.Random

_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_CIRCLE = str.maketrans("0123456789", "〇一二三四五六七八九")
_FORMAL = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_LETTERS = str.maketrans("01", "Ol")
_LETTERS_TOO = str.maketrans("01", "oI")


def _digits(rng: Chance, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def mobile(rng: Chance) -> str:
    """This will make an eleven-digit number that no provider has given out."""
    return rng.choice(("160", "161", "163", "164", "168", "169", "179", "194")) + _digits(rng, 8)


def _spelled_mobile(rng: Chance, how: int) -> str:
    n = mobile(rng)
    a, b, c = n[:3], n[3:7], n[7:]
    ways = (
        n, f"{a} {b} {c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", n.translate(_WIDE), f"+86 {n}", f"+86-{a}-{b}-{c}", f"0086{n}", f"86 {n}",
        n.translate(_CHINESE), n.translate(_SPOKEN), n.translate(_CIRCLE), n.translate(_FORMAL), n.translate(_LETTERS), n.translate(_LETTERS_TOO),
        " ".join(n), f"({a}){b}{c}", f"（{a}）{b}－{c}", f"{a}{b} {c}", f"{a} {b}{c}", f"{a}_{b}_{c}", f"{a}—{b}—{c}", f"{a}·{b}·{c}",
        f"{a}\u200b{b}\u200b{c}", f"{n[:4]} {n[4:7]} {n[7:]}", f"{n[:3]} {n[3:6]} {n[6:]}", f"{n[:5]} {n[5:]}", f"0{n}", f"{a}****{c}", f"{a}××××{c}", f"{a}xxxx{c}",
        f"{a}　{b}　{c}", f"{a} - {b} - {c}", f"{a.translate(_WIDE)}-{b.translate(_WIDE)}-{c.translate(_WIDE)}", f"{n[:1]}-{n[1:]}",
    )  # fmt: skip
    return ways[how % len(ways)]


MOBILE_WAYS = 34  # the last way above, one digit and a dash, is left out: a list number reads the same


def fixed(rng: Chance, how: int) -> str:
    """This will make a number of a telephone that stands in a house."""
    area, short = rng.choice((("010", 8), ("021", 8), ("0577", 8), ("0532", 8), ("0731", 8), ("0359", 7), ("0838", 7), ("0915", 7)))
    local = rng.choice("2345678") + _digits(rng, short - 1)
    half = short // 2
    ways = (
        f"{area}-{local}", f"({area}){local}", f"（{area}）{local}", f"{area} {local}", f"{area}{local}", f"{area}-{local[:half]}-{local[half:]}",
        f"{area}—{local}", f"+86 {area[1:]} {local}", f"{area}-{local}转{_digits(rng, 3)}", f"{area}-{local}-{rng.randint(1, 9)}{_digits(rng, 2)}",
        f"{area.translate(_WIDE)}－{local.translate(_WIDE)}", f"{area} {local[:half]} {local[half:]}",
    )  # fmt: skip
    return ways[how % len(ways)]


def _local_phone(rng: Chance) -> str:
    return rng.choice("678") + _digits(rng, 7) if rng.random() < 0.7 else rng.choice("345678") + _digits(rng, 6)


_AREAS = ("330302", "370283", "110105", "430104", "320583", "510107", "610113", "440305", "350102", "211002", "130203", "420106")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(rng: Chance) -> str:
    """This will make an 18-digit number of somebody not yet born, with its check digit."""
    body = f"{rng.choice(_AREAS)}{rng.randint(2030, 2099)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{_digits(rng, 3)}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def _spelled_identity(rng: Chance, how: int) -> str:
    n = identity(rng)
    old = f"{rng.choice(_AREAS)}{rng.randint(0, 11):02d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{_digits(rng, 3)}"
    ways = (
        n, n.lower(), f"{n[:6]} {n[6:14]} {n[14:]}", f"{n[:6]}-{n[6:14]}-{n[14:]}", n[:17].translate(_WIDE) + n[17], old, f"{n[:3]} {n[3:6]} {n[6:10]} {n[10:14]} {n[14:]}",
        n[:17].translate(_CHINESE) + n[17].translate(_CHINESE), f"{n[:6]}********{n[14:]}", f"{n[:14]}****", n[:17].translate(_LETTERS) + n[17], f"{n[:6]} {n[6:10]} {n[10:14]} {n[14:]}",
        f"{n[:10]}****{n[14:]}", old,
    )  # fmt: skip
    return ways[how % len(ways)]


def card(rng: Chance, length: int) -> str:
    """This will make a card number that ends in its check digit."""
    body = (rng.choice(("622202", "621700", "622848", "436742", "621226", "356889", "955880", "625965")) + _digits(rng, 13))[: length - 1]
    total = 0
    for k, digit in enumerate(reversed(body)):
        value = int(digit) * (2 - k % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _spelled_card(rng: Chance, how: int) -> str:
    n = card(rng, (16, 19, 19, 18, 17)[how % 5])
    fours = [n[i : i + 4] for i in range(0, len(n), 4)]
    ways = (n, " ".join(fours), "-".join(fours), n.translate(_WIDE), f"{n[:6]} {n[6:]}", n.translate(_CHINESE), "  ".join(fours), n.translate(_LETTERS))
    return ways[(how // 5) % len(ways)]


_PASSPORT = ("E########", "G########", "EA#######", "EJ#######", "P########", "D########", "S########", "e########", "H########", "M########", "ED#######")
_PLATES = ("鲁B#####", "浙C·D####", "粤BD#####", "京A#K###", "湘A####挂", "苏E·#Y###", "沪A-D#####", "川A F####", "皖S####学", "渝DF#####", "闽A·#####", "云A####警", "桂B##A##", "冀R#####D",
           "陕AF#####", "津B·F####", "辽B#N###", "豫A#####F", "藏A·#####", "宁A##### ")  # fmt: skip
_MAILS = ("li.ming##@example.com", "zhang_#@mail.example.cn", "ABC-##@example.org", "w###@example.net", "chen.yu+home@example.com", "n#n@sub.example.com.cn", "######@example.com")
_CHATS = ("wang_jg##", "liu######", "sunny_20##", "wxid_a#b#c#d#", "Qing-he###", "tian##xia", "lao_yang_##")


def _fill(rng: Chance, shape: str) -> str:
    return "".join(rng.choice("0123456789") if c == "#" else c for c in shape).strip()


_SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙朱胡郭林郑罗宋谢唐韩曹许邓萧冯程蔡彭潘袁董余苏叶吕魏蒋杜丁沈姜范江傅钟卢汪戴崔任廖陆姚夏谭邹熊孟秦薛侯段郝孔邵史毛贺赖龚梁肖贾")
_RARE = tuple("高何马方石金易雷文田龙万段常武乔洪温庄严莫尚游柴鲁")
_TWO = ("欧阳", "上官", "司马", "诸葛", "令狐")
_GIVEN_TWO = (
    "建国", "秀英", "志强", "丽娟", "海燕", "桂兰", "晓梅", "国庆", "文静", "永福", "淑芬", "俊杰", "玉兰", "志远", "雨桐", "浩然", "子涵", "梓萱", "金花", "德明", "春生", "爱华", "红霞", "立新", "小军",
    "佳怡", "振华", "美玲", "少华", "家豪", "雪梅", "庆丰", "世杰", "婉清", "思远", "卫东", "秋菊", "凤英", "长根", "水生", "嘉欣", "明辉", "一鸣", "淋淋", "媛媛", "冬梅", "天佑", "若曦", "银凤", "宝珠", "彩虹", "胜利",
)  # fmt: skip
_GIVEN_ONE = tuple("伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚英华玲飞鑫波辉斌浩宇婷琳慧莉娟凯峰鹏")


def _full(rng: Chance) -> str:
    if rng.random() < 0.05:
        return rng.choice(_TWO) + rng.choice((*_GIVEN_TWO, *_GIVEN_ONE))
    surname = rng.choice(_RARE if rng.random() < 0.12 else _SURNAMES)
    return surname + (rng.choice(_GIVEN_TWO) if rng.random() < 0.72 else rng.choice(_GIVEN_ONE))


def _surname(rng: Chance) -> str:
    return rng.choice(_RARE if rng.random() < 0.12 else _SURNAMES)


def _building(rng: Chance) -> str:
    n = rng.randint(1, 36)
    return rng.choice((f"{n}号楼", f"{n}栋", f"{n}幢", f"{rng.choice('ABCD')}座", f"{n}#楼", f"{_spoken(n)}号楼", f"{_spoken(n)}栋", f"{n}号"))


def _spoken(n: int) -> str:
    tens, ones = divmod(n, 10)
    return ("十" if tens == 1 else "零一二三四五六七八九"[tens] + "十" if tens else "") + ("零一二三四五六七八九"[ones] if ones or not tens else "")


def _number(rng: Chance) -> str:
    return f"{rng.randint(1, 28)}0{rng.randint(1, 8)}"


def _room(rng: Chance, how: int) -> str:
    b, r, u = _building(rng), _number(rng), rng.randint(1, 4)
    b = b if b[-1] != "号" else b + "楼"
    n, f = rng.randint(1, 30), int(r[:-2])
    ways = (
        f"{b}{u}单元{r}室", f"{b}{u}单元{r}", f"{b}{r}室", f"{b}{r}", f"{b}{r}房", f"{b}{u}单元{f}楼东户", f"{b}{u}单元{f}层{r}室", f"{b}-{r}室", f"{b}{_spoken(u)}单元{r.translate(_CHINESE)}室",
        f"{b}{u}单元{f}楼左手户", f"{b}{r}号房", f"{n}-{u}-{r}", f"{n}#{r}", f"{n}栋{u}-{r}", f"{n}幢{u}单元{r}户", f"{b} {u}单元 {r}室", f"{b}第{u}单元{r}室", f"{n}-{r}室", f"{b}{u}单元{f}楼{rng.randint(1, 4)}号", f"{n}号楼{r}房间",
    )  # fmt: skip
    return ways[how % len(ways)]


ROOM_WAYS = 20

PHONE_FRAMES = (
    "路灯坏了三天没人修，请打⟦{}⟧联系我。", "我的手机⟦{}⟧,下水道堵了。", "电话⟦{}⟧", "联系方式：⟦{}⟧（晚上也可以）", "⟦{}⟧是我的号码，2024年3月5日楼道停电。", "共12栋楼的水压都低，回电⟦{}⟧。",
    "垃圾三天没清，物业电话⟦{}⟧没人接", "打⟦{}⟧找社区，说是归城管管。", "房东留的号码是⟦{}⟧，一直关机。", "施工牌上写着⟦{}⟧，打过去说不知道。", "请回⟦{}⟧，8:00到18:00都可以", "招租电话⟦{}⟧贴满了楼道",
    "本人手机号:⟦{}⟧ 事由：3号楼电梯停运", "车主⟦{}⟧不挪车，堵住出口。", "有事拨⟦{}⟧。井盖直径60厘米。", "收费员让我加⟦{}⟧，交了500元。",
)  # fmt: skip
CALL_FRAMES = ("联系电话：⟦{}⟧", "请拨打⟦{}⟧", "物业座机⟦{}⟧没人接", "家里电话是⟦{}⟧", "固话⟦{}⟧")
ID_FRAMES = (
    "身份证号⟦{}⟧，申请低保。", "本人⟦{}⟧办理居住证被退回。", "证件号码:⟦{}⟧", "两次登记均为⟦{}⟧,仍查不到。", "孩子的身份证⟦{}⟧录错了一位。", "公民身份号码为⟦{}⟧，补贴没到账。", "户口本上⟦{}⟧，社保里是另一个。", "（身份证：⟦{}⟧）请核实",
)  # fmt: skip
CARD_FRAMES = ("退款请打到银行卡⟦{}⟧。", "卡号:⟦{}⟧,物业费一直没退。", "押金转账至⟦{}⟧，一直没回音。", "工资卡⟦{}⟧没有到账", "养老金账户⟦{}⟧被冻结。", "收款账号⟦{}⟧，开户行在城东支行。")
PASSPORT_FRAMES = ("护照⟦{}⟧签注过期。", "护照号码：⟦{}⟧", "通行证⟦{}⟧办不了登记。", "台胞证号码为⟦{}⟧，买不了票", "持护照⟦{}⟧入住被拒。")
PLATE_FRAMES = (
    "车牌⟦{}⟧长期占道。", "⟦{}⟧堵住消防通道。", "一辆⟦{}⟧新能源车乱停。", "白色面包车⟦{}⟧停在盲道上。", "渣土车⟦{}⟧漏土，3月2日21:40", "车号⟦{}⟧，占了2个车位", "请让⟦{}⟧的车主挪车。",
)  # fmt: skip
MAIL_FRAMES = ("邮箱⟦{}⟧", "请回复到⟦{}⟧。", "发票寄⟦{}⟧即可。", "材料已发⟦{}⟧，没有回音。", "E-mail：⟦{}⟧")
CHAT_FRAMES = ("微信号：⟦{}⟧", "加我微信⟦{}⟧发照片。", "vx:⟦{}⟧", "微信⟦{}⟧可以联系", "抖音号⟦{}⟧发了视频", "我的微信是⟦{}⟧。")
QQ_FRAMES = ("QQ⟦{}⟧可以联系。", "qq号⟦{}⟧在线。", "QQ：⟦{}⟧", "企鹅号⟦{}⟧，发定位给你")
NAME_FRAMES = (
    "联系人：⟦{}⟧，希望尽快处理。", "我叫⟦{}⟧，家里停水两天。", "投诉人⟦{}⟧反映垃圾无人清运。", "业主⟦{}⟧说电梯困过人。", "姓名:⟦{}⟧\n事由:噪音", "户主⟦{}⟧的房屋漏水。", "当事人⟦{}⟧，路边摔倒。", "楼上住户⟦{}⟧，半夜装修。",
    "申请人：⟦{}⟧", "我是⟦{}⟧，住在三楼。", "本人⟦{}⟧，反映路灯问题。", "法人⟦{}⟧不露面。", "举报人：⟦{}⟧，请保密。", "老板叫⟦{}⟧，工钱拖了四个月。", "包工头⟦{}⟧跑了。", "我爸叫⟦{}⟧，在工地受了伤。", "发帖人：⟦{}⟧", "我名⟦{}⟧，家里的房子裂了。",
    "邻居⟦{}⟧把花盆摆在过道。", "村民⟦{}⟧的地被占了。", "负责人⟦{}⟧（已离职）收了押金。", "我方律师（⟦{}⟧）提起反诉。", "派出所所长(⟦{}⟧)接手此案。", "焊工（⟦{}⟧）没有证。", "董事长⟦{}⟧，一直没有出面。", "受害人⟦{}⟧，被骗三万。", "⟦{}⟧，男，退休工人，反映养老金问题。", "⟦{}⟧，女，租住在西区，孩子上不了学。", "收件人：⟦{}⟧", "我妻子⟦{}⟧，产检被拒。",
    "编写人⟦{}⟧", "此致敬礼！反映人：⟦{}⟧", "经办人是⟦{}⟧，盖了章。", "我儿子⟦{}⟧，今年上小学。", "租客⟦{}⟧，欠租半年。", "法定代表人为⟦{}⟧。", "组长⟦{}⟧，私自把鱼塘填了。",
)  # fmt: skip
POLITE_FRAMES = (
    "⟦{0}女士⟧来电反映路灯不亮。", "昨天⟦{0}先生⟧在小区门口摔倒。", "请联系⟦{0}阿姨⟧。", "居民⟦{0}大爷⟧腿脚不便。", "保洁⟦{0}大姐⟧可以作证。", "装修的⟦{0}师傅⟧把垃圾堆在楼道。", "房东⟦{0}先生⟧不退押金。", "楼下⟦{0}小姐⟧养了六只猫。", "⟦{0}奶奶⟧一个人住四楼。", "市民⟦{0}女士⟧：公交太少。",
    "感谢⟦{0}先生⟧帮忙。",
)  # fmt: skip
TITLE_FRAMES = (
    "物业⟦{0}⟧经理一直推脱。", "社区⟦{0}⟧书记答应修路。", "派出所⟦{0}⟧警官做了登记。", "卫生站⟦{0}⟧医生不在岗。", "尊敬的⟦{0}⟧书记：您好！", "请⟦{0}⟧局长关注此事。", "⟦{0}⟧市长，您好！", "找⟦{0}⟧科长三次都不在。", "⟦{0}⟧老师班上有学生摔伤。", "尊敬的⟦{0}⟧厅长：我想问政策。", "村里⟦{0}⟧主任签了字。",
    "⟦{0}⟧所长说下周来看。", "开发公司⟦{0}⟧董事长收了钱。", "请⟦{0}⟧县长为我们做主。", "⟦{0}⟧院长让我们等通知。", "残联⟦{0}⟧理事长：您好！",
)  # fmt: skip
HIDDEN_NAME_FRAMES = ("联系人⟦{0}某⟧，请回电。", "业主⟦{0}某某⟧占用车位。", "投诉人：⟦{0}**⟧", "租户⟦{0}某⟧半夜唱歌。", "村民⟦{0}*⟧家的墙塌了。", "姓名：⟦{0}××⟧", "一位⟦{0}姓女士⟧联系过我。", "业主⟦{0}某⟧，拒交物业费。")
# Names of a story: no cue word stands before them, or an office does and a word follows that no name ends with.
STORY_FRAMES = (
    "房款被⟦{}⟧个人挥霍。", "钱都转给了⟦{}⟧前妻。", "该房经⟦{}⟧介绍买下。", "公司由⟦{}⟧（财务总监）管账。", "⟦{}⟧拍板定下的方案。", "受⟦{}⟧父亲的委托。", "企业在⟦{}⟧名下。", "社区书记⟦{}⟧亲自带人来拆。", "市政府秘书长⟦{}⟧公开承诺过。", "副队长⟦{}⟧包庇他们。", "董事长⟦{}⟧状告合作企业。",
    "尊敬的⟦{}⟧局长：您好！", "我是⟦{}⟧，家在河西。", "街道办主任⟦{}⟧答应三天内处理。", "公司股东⟦{}⟧一直不露面。", "请解决，万分感谢！！⟦{}⟧2024年5月24日",
)  # fmt: skip
STORY_LISTS = (
    "请追缴⟦{}⟧、⟦{}⟧、⟦{}⟧等人的资产。", "1、⟦{}⟧300万元。2、⟦{}⟧120.5万元。3、⟦{}⟧88万元。", "股东⟦{}⟧、⟦{}⟧、⟦{}⟧都没有出资。", "⟦{}⟧（财务总监）、⟦{}⟧、⟦{}⟧三人至今没有到案。", "⟦{}⟧出具了收条，找⟦{}⟧、⟦{}⟧和⟦{0}⟧都没有用。",
)  # fmt: skip
_GIVEN_RARE = ("穗昀", "儿芷", "絮棠", "恬", "绢", "蕴菘", "麓", "翦", "弈珂", "澎", "苡", "邈")
BRACKET_FRAMES = (
    "钱款转给了⟦{}⟧（经理的前妻）。", "店开在⟦{}⟧(组长的父亲)名下，没人查。", "签收的是⟦{}⟧（物业公司的法定代表人），不肯认账。", "领补贴的⟦{}⟧（会计的妻子）不住村里。",
)  # fmt: skip
RARE_LISTS = (
    "请追回⟦{0}⟧、⟦{1}⟧、⟦{2}⟧、⟦{3}⟧领走的分红。", "到场的有⟦{0}⟧、⟦{3}⟧、⟦{1}⟧、⟦{2}⟧。", "欠款：1、⟦{0}⟧300元。2、⟦{1}⟧1200元。3、⟦{2}⟧800元。4、⟦{3}⟧560元。",
)  # fmt: skip
BOUGHT_FRAMES = ("认购了金湖府（方苑茂⟦{}⟧）的认购书。", "方园茂⟦{}⟧商品房一直没有交房。", "我签约的湖畔⟦{}⟧，首付已付。")
ROOM_FRAMES = (
    "阳光花园⟦{}⟧漏水。", "我住在幸福家园⟦{}⟧，楼上太吵。", "地址：滨江小区⟦{}⟧", "请上门到海棠苑⟦{}⟧查看暖气。", "翠湖花园⟦{}⟧，暖气不热", "家住和平里小区⟦{}⟧，没有热水。", "锦绣苑⟦{}⟧在搞群租，加了六个厕所。", "投诉东方明珠小区⟦{}⟧麻将馆扰民",
)  # fmt: skip
ACCOUNTS = ("户号⟦33########⟧欠费停电。", "燃气表号:⟦8800####⟧", "社保卡号⟦A#######⟧查不到。", "水表号⟦203#####⟧读数不对。", "学号：⟦20230#####⟧", "用户编号⟦5#######⟧，电费多扣", "准考证号⟦3301########⟧打不开", "病历号⟦00######⟧的费用没退", "宽带账号⟦jishi20##⟧登不上。",
            "医保卡号：⟦B########⟧", "公积金号⟦1100######⟧提不出来", "燃气卡号⟦3######⟧充不了值", "工号⟦A1####⟧的司机态度差。", "缴费编号⟦61######⟧", "住院号⟦12####⟧没给清单")  # fmt: skip
HEALTH = (
    "我母亲患有⟦{}⟧，买药不便。", "他确诊⟦{}⟧后没有办大病报销。", "孩子得了⟦{}⟧，想申请救助。", "我父亲查出⟦{}⟧。", "丈夫因⟦{}⟧卧床。", "老伴有⟦{}⟧，没有电梯下不了楼。", "我老婆被诊断为⟦{}⟧，单位要辞退。", "邻居患⟦{}⟧，半夜喊叫。",
)  # fmt: skip
ILLS = ("糖尿病", "肺癌", "白血病", "尿毒症", "中风", "抑郁症", "精神分裂症", "高血压", "冠心病", "帕金森", "癫痫", "乳腺癌", "肝硬化", "自闭症", "脑瘫", "类风湿关节炎", "肺结核", "乙肝")
HEALTH_OTHER = (
    "我是⟦health:二级残疾人⟧，没有坡道。", "因为我是⟦health:重度残疾人⟧，出门要人背。", "⟦health:天生残疾人⟧的我不知道找谁。", "父母均⟦health:重病在床⟧，收入没有了。", "舅妈靠低保，父亲⟦health:腿脚残疾⟧，做点零工。", "我是一名⟦health:肢体三级残疾人⟧。", "我妻子⟦health:怀孕⟧了，楼上装修太吵。", "经鉴定我为⟦health:三级伤残⟧，赔偿没到位。", "他是⟦health:精神病人⟧，家里没人管。", "我儿子是⟦health:自闭症⟧，学校不收。", "诊断为⟦health:右腿骨折⟧，工伤没认定。", "我爸⟦health:截肢⟧了，医院不认。",
    "老人⟦health:瘫痪⟧在床，上门办证行不行？", "我患有⟦health:神经衰弱⟧，半夜施工受不了。", "老婆⟦health:怀有身孕⟧，等车四十分钟。", "我奶奶⟦health:失明⟧，过马路没有提示音。", "他是⟦health:聋哑人⟧，窗口没有手语。",
)  # fmt: skip
RELIGION = (
    "他家⟦religion:信基督教⟧。", "邻居⟦religion:信奉伊斯兰教⟧，常有聚会。", "房东⟦religion:是基督徒⟧。", "她⟦religion:信佛⟧，每天敲木鱼。", "我母亲⟦religion:信天主教⟧，想问安葬的事。", "租客⟦religion:加入了全能神⟧，我很担心。", "我是⟦religion:穆斯林⟧，单位食堂没有清真窗口。", "他⟦religion:信仰道教⟧，常在家里烧纸。", "楼上住户⟦religion:是虔诚的佛教徒⟧。",
    "我老婆⟦religion:皈依佛教⟧以后不回家。",
)  # fmt: skip
ETHNICITY = (
    "我是⟦ethnicity:{}⟧，食堂没有清真窗口。", "租户是⟦ethnicity:{}⟧。", "民族：⟦ethnicity:{}⟧", "一位⟦ethnicity:{}⟧老人走失。", "⟦name:李某⟧，男，⟦ethnicity:{}⟧，1960年生。", "楼下的⟦ethnicity:{}⟧小伙卖烤串。", "我爱人是⟦ethnicity:{}⟧人，孩子上户口怎么办？",
)  # fmt: skip
PEOPLES = ("回族", "苗族", "彝族", "维吾尔族", "土家族", "壮族", "满族", "藏族", "朝鲜族", "汉族", "侗族", "蒙古族")
RECORD = (
    "楼下租客⟦record:坐过牢⟧。", "邻居有⟦record:前科⟧，大家害怕。", "他⟦record:刑满释放⟧后找不到工作。", "我儿子⟦record:吸过毒⟧，现在想找工作。", "房东⟦record:被判过刑⟧。", "我丈夫⟦record:服过刑⟧，孩子政审过不了吗？", "那个保安是⟦record:社区矫正对象⟧。", "我弟弟⟦record:被判处缓刑⟧，单位开除合法吗？", "租客⟦record:贩过毒⟧，派出所知道。",
    "他⟦record:取保候审⟧出来又来闹。", "物业经理⟦record:蹲过监狱⟧。", "我哥有⟦record:犯罪记录⟧，能开网约车吗？", "楼上那人⟦record:被拘留过⟧。", "邻居⟦record:劳改释放⟧，天天喝酒。",
)  # fmt: skip


def marked(rng: Chance) -> Iterator[str]:
    """This will give the sentences that hold something personal, marked ⟦kind:words⟧."""

    def many(kind: str, frames: tuple[str, ...], makers: list[str]) -> Iterator[str]:
        start = rng.randrange(len(frames))
        for k, said in enumerate(makers):
            frame = frames[(start + k) % len(frames)]
            yield frame.replace("⟦{", f"⟦{kind}:{{").format(said)

    yield from many("phone", PHONE_FRAMES, [_spelled_mobile(rng, i % MOBILE_WAYS) for i in range(MOBILE_WAYS * 6)])
    yield from many("phone", PHONE_FRAMES, [fixed(rng, i) for i in range(60)])
    yield from many("phone", CALL_FRAMES, [_local_phone(rng) for _ in range(20)])
    yield from many("identity", ID_FRAMES, [_spelled_identity(rng, i) for i in range(14 * 9)])
    yield from many("card", CARD_FRAMES, [_spelled_card(rng, i) for i in range(80)])
    yield from many("passport", PASSPORT_FRAMES, [_fill(rng, _PASSPORT[i % len(_PASSPORT)]) for i in range(44)])
    yield from many("plate", PLATE_FRAMES, [_fill(rng, _PLATES[i % len(_PLATES)]) for i in range(60)])
    yield from many("mail", MAIL_FRAMES, [_fill(rng, _MAILS[i % len(_MAILS)]) for i in range(35)])
    yield from many("messenger", CHAT_FRAMES, [_fill(rng, _CHATS[i % len(_CHATS)]) for i in range(35)])
    yield from many("messenger", QQ_FRAMES, [rng.choice("123456789") + _digits(rng, rng.randint(6, 9)) for _ in range(16)])
    yield from many("name", NAME_FRAMES, [_full(rng) for _ in range(len(NAME_FRAMES) * 7)])
    yield from many("name", POLITE_FRAMES, [_surname(rng) for _ in range(len(POLITE_FRAMES) * 5)])
    yield from many("name", TITLE_FRAMES, [_surname(rng) if i % 4 else _full(rng) for i in range(len(TITLE_FRAMES) * 6)])
    yield from many("name", HIDDEN_NAME_FRAMES, [_surname(rng) for _ in range(len(HIDDEN_NAME_FRAMES) * 5)])
    yield from many("address", ROOM_FRAMES, [_room(rng, i) for i in range(ROOM_WAYS * 10)])
    for _ in range(4):
        yield from (_account(rng, shape) for shape in ACCOUNTS)
    yield from (HEALTH[i % len(HEALTH)].replace("⟦{}", f"⟦health:{ILLS[(i * 5) % len(ILLS)]}") for i in range(72))
    yield from (ETHNICITY[i % len(ETHNICITY)].format(PEOPLES[(i * 5) % len(PEOPLES)]) for i in range(42))
    yield from (*HEALTH_OTHER, *RELIGION, *RECORD)
    yield from _stories(Chance(SEED + 1))
    yield from _rare(Chance(SEED + 2))


def _stories(rng: Chance) -> Iterator[str]:
    """Those that were added after a second reading, with a chance of their own: the lines before them stay."""
    def full() -> str:
        return rng.choice(_SURNAMES) + rng.choice(_GIVEN_TWO)

    for frame in STORY_FRAMES * 5:
        yield frame.replace("⟦{", "⟦name:{").format(full())
    for frame in STORY_LISTS * 4:
        names = rng.sample([s + g for s in _SURNAMES[:40] for g in _GIVEN_TWO[:30]], 3)
        yield frame.replace("⟦{0}", f"⟦name:{names[0]}").replace("⟦{}", "⟦name:{}").format(*names)
    for frame in BOUGHT_FRAMES * 5:
        yield frame.replace("⟦{", "⟦address:{").format(f"{rng.randint(1, 28)}-{rng.randint(10, 45)}{rng.randint(1, 6):02d}")
    yield "街道办主任⟦name:张某某⟧收了钱不办事。"


def _rare(rng: Chance) -> Iterator[str]:
    """Given names that are in no table; the place tells that a name stands there, or that many do."""
    def rare() -> str:
        return rng.choice(_SURNAMES) + rng.choice(_GIVEN_RARE)

    for frame in BRACKET_FRAMES * 4:
        yield frame.replace("⟦{", "⟦name:{").format(rare())
    for frame in RARE_LISTS * 6:
        names = [*rng.sample([s + g for s in _SURNAMES[:40] for g in _GIVEN_TWO[:30]], 3), rare()]
        yield frame.replace("⟦{", "⟦name:{").format(*names)


def _account(rng: Chance, shape: str) -> str:
    return _fill(rng, shape).replace("⟦", "⟦account:")


# What looks alike and must stay: {n} one digit or two, {d} a depth or length, {y} a year, {t} a clock, {L} a long number.
HARMLESS = (
    "坑深{n}厘米，长{d}米，在解放路{c}号门口。", "{y}年{m}月{n}日{t}开始停水，至{y}-0{k}-1{k}未恢复。", "依据《物业管理条例》第{n}条第{k}款。", "温政发〔{y}〕{n}号文件要求整改。", "物业费每平方米{d}元，总价{p}元。", "合同金额1{L}00元。", "工单编号{y}0{k}15{L}未回复。", "受理编号1{k}{L}没有查到。",
    "从{y}年1月{k}日到{y}年{m}月{n}日多次反映。", "坐标120.{L}，30.{L}。", "{k}号楼楼顶漏水，{n}号楼没有。", "{k}单元门禁坏了。", "小区共{h}户，只有{n}个车位。", "有{k}层洋房{n}栋{h}户。", "三室两厅的房子漏水。", "空调室外机太吵，{h}分贝。", "乘坐{n}路公交到{k}号线{k}号口。", "地铁{k}号线{t}后停运。", "国道G{h}和S{h}路口。",
    "拨打12345和110都没用，400-820-{q}打不通。", "水表读数{q}{h}，电表{q}。", "每天{t}到22:00施工，音量{n}分贝。", "{k}至{m}月停过水。", "{n}-{b}号楼没有热水，1-{h}号车位漏水。", "{y}-{z}年度采暖季只有1{k}度。", "楼高{n}层，每层{k}户，共{h}户。", "宽{d}米、深0.{k}米的坑，已有{k}个月。", "第{q}{h}号提案怎么样了？",
    "停车场收费{k}元/小时，{n}元封顶。", "型号DK{q}{q}的设备坏了。", "政务中心{h}室办事窗口没人。", "医保窗口只开{k}个，排队{k}小时。", "{y}年12月31日前交房，逾期{h}天。", "面积{n}.{b}平方米，公摊{n}.3%。", "电梯载重1000公斤，限乘{n}人。", "邮编{Z}，区号0577。", "一期{n}栋，二期{b}栋，容积率{d}。", "{h}路公交车{t}就停班了。",
    "107国道{n}公里处路面塌陷。", "G{n}高速{n}号出口堵车。", "K{n}+{h}处护栏坏了。", "建议增加{h}路和{h}路的班次。", "房价每平米{q}元，首付{p}元。", "公积金贷款{n}万元，{n}年还清。", "电费单价0.{b}元/度，用了{h}度。", "{h}米长的路有{n}盏灯不亮。", "招标编号ZB-{y}-{q}，开标时间{t}。", "合同编号：HT{y}{q}{h}", "许可证号：浙{y}{q}号",
    "统一社会信用代码91330300{q}{q}6X。", "条码69{L}00扫不出来。", "依据GB{q}-{y}标准，楼距不够{n}米。", "建筑面积{q}平方米，绿地{h}平方米。", "变压器编号{q}，容量{h}kVA。", "路灯杆号{q}不亮。", "井盖编号YS{q}缺失。", "监控点位{h}号画面黑屏。", "电梯注册代码3110330302{y}{q}{h}过期。", "快递单号SF{L}{q}没有派送。",
    "票号{L}的发票没有盖章。", "火车G{h}次晚点{n}分钟。", "飞机噪声{n}分贝，航班CA{q}。", "{h}班的学生有{n}人。", "考了{h}.5分，排第{n}名。", "投票{h}票赞成，{n}票反对。", "涨了{n}.{k}%，跌了{k}个点。", "每吨{d}元，用水{n}吨。", "保质期{h}天，批号{y}0{k}{n}。", "租金{q}元一个月，押{k}付{k}。", "网址http://www.example.gov.cn/{y}/{q}.html打不开",
    "{n}号楼{k}单元电梯停了{k}次。", "{k}栋和{n}栋之间的路灯坏了", "{n}栋楼下堆了{h}袋垃圾。", "{n}号楼东侧的围墙有裂缝", "小区{n}号楼一楼大厅漏水", "A座门口{k}个摄像头坏了", "{n}栋1楼的商铺噪音大", "{k}号楼{n}层以上没有水压", "{n}号楼前{h}平方米绿地被占", "{k}区{n}栋共{h}家住户没有燃气", "地下室-{k}层积水{n}厘米", "{n}号楼消防栓没水，{b}号楼也是",
    "路口{n}号公交站牌倒了", "{c}号院门前积水", "中山路{c}号门口的树倒了", "{c}弄{n}号的路灯", "民族路{n}号门口积水。", "楼距只有{n}.{k}米，采光{k}小时。", "一层{n}户两部电梯。", "会议室{h}座，去了{n}人。", "教学楼{h}教室灯坏了。", "门诊{h}诊室排队。", "服务大厅{n}号窗口态度不好。", "大学{n}号宿舍楼没有热水。",
)  # fmt: skip
HARMLESS_WORDS = (
    "清真寺门前消防通道被占。", "教堂旁边的井盖丢了。", "宣传乙肝疫苗接种的横幅挡住路口。", "残疾人通道被电动车占用。", "癌症筛查政策什么时候到我们社区？", "土家族自治县的路何时修？", "刑满释放人员安置政策在哪里查？", "回族食堂的油烟直排。", "佛教协会旁边的停车场收费高。", "糖尿病门诊排队三小时。", "精神病院门口没有斑马线。", "社区矫正中心在几楼？",
    "高血压药医保报多少？", "大家都怕得癌症，请查水质。", "没有人感染新冠，大家不用担心。", "会不会得癌症没人知道。", "残疾人停车位被占。", "戒毒所旁边的路黑。", "教堂路到民族路的公交太少。", "苗族文化节哪天开？", "居民担心辐射致癌。", "母婴室里没有热水。", "孕妇优先窗口没人。", "养老院的食堂不卫生。",
    "现任书记没有来过，前任主任也没有。", "如何先生成账单？", "最高工程师职称怎么评？", "希望有关经理部门回复。", "双方和老师们沟通过。", "工程师傅们很辛苦。", "业主高度关注此事，业主于昨日开会。", "居民白天无法休息，居民安全没有保障。", "村民向政府反映，村民任何时候都能来。", "对于某些人来说不公平。", "由于某种原因停工。", "物业经理和社区书记都不管。", "班主任要求家长签字。", "请局长和市长关注。",
    "受害人从其他渠道听说。", "同车女士帮忙刷了卡。", "受害人有三十多个。", "业主强烈要求更换物业。", "业主和平解决了纠纷。", "居民严重不满。", "负责人何时能来？", "老板和司机都走了。", "村民常年走泥路。", "邻居成天吵闹。", "家长方便接送。", "儿子上学要走三里路。", "司机时常甩站。", "学生安全谁来管？", "员工全部放假。", "投诉人向社区反映过。", "联系人没有接电话。", "祝领导们工作顺利！", "祝书记新年快乐！", "应当一次公开全部房源。", "关爱残疾人的通道被车占了。", "校长（高中部）说要补课。", "负责人（周末）不在。",
    "申请人应当提交材料。", "负责人任意收费。", "户主万一不在怎么办？", "教师和学生都反对。", "组长负责制没有落实。", "领导高度重视。", "各位领导：你们好！", "领导和书记都来看过。", "村书记兼主任。", "党支部书记选举什么时候开始？", "教育局局长信箱在哪里？", "向主任反映了三次。", "经主任批准才能进。", "由所长带队检查。", "任局长期间修的路。", "车主任性停车。", "城管队长期不来。", "路边站长椅坏了。",
    "微信小程序打不开，微信支付失败。", "QQ群里有200人。", "微信群主把人踢了。", "抖音上有人发视频。", "支付宝交水费失败。", "一五一十地告诉社区。", "一二三四五六七八九十个数都数不清。", "三五成群的狗，七八条。", "周边学校有三所，王府井大街在修路。", "张江路、李家村、陈家坞的公交站牌掉了。", "黄河路和长江路之间。", "马路边的石头没人清。", "白天黑夜都在施工。", "安全第一，严重影响周边居民。", "孔子学院旁边堵车。", "鲁迅公园的长椅坏了。",
    "毛主席像前的灯坏了。", "雷锋路到张衡路没有路灯。", "杨柳树的飞絮太多。", "高新区的马路坑洼。", "方便面吃坏了肚子。", "温室里的花没人浇。", "金额不对，钱款未退。", "程序走完没有？", "计划什么时候公布？", "段落里有错字。", "谢谢领导！", "感谢各位工作人员。", "万科物业收费高。", "江南小区停水。", "史上最差的物业。", "何家村要拆迁吗？", "胡同里停满了车。", "宋城景区门票贵。", "石家庄的快递到不了。", "马鞍山路堵车。",
    "门口的石狮(物业经理的父亲捐的)倒了。", "马桶（给母亲）换了三次。", "汤圆、陈皮、毛豆、韩式泡菜都涨价了。", "1、毛豆3元。2、陈皮4元。3、米粉2元。4、汤圆5元。", "程序（见物业主任）走了两遍。",
    "张家界、黄石、唐山、许昌的高铁票难买。", "白糖、黄豆、毛巾、马桶刷全部过期。", "施工队（队长的弟弟）夜里倒土。", "许可证（法定代表人）要换。", "宋体、黄色、史料、孔雀四个展板坏了。",
    "追缴水费、电费、物业费等人民生活费用。", "1、白菜3元。2、黄瓜4元。3、马铃薯2元。", "主任张贴公告三天了。", "书记周末不在。", "长沙、武汉、郑州、杭州的高铁票难买。", "陈醋、黄酒、白糖等涨价了。", "杜鹃、海棠、梅花、石榴等花木枯死。", "金属、石材、木材的加工噪音。", "王府井、李家村、陈家坞等站牌掉了。", "老师江边带学生散步。", "经理和平处理了。",
    "购房合同第5-1203号条款不清。", "业主投诉文件编号5-4304没有下文。", "预售证号5-4304的公示在哪里？", "黄山、庐山、华山的门票涨了。", "我是业主，家里漏水。", "我是一名教师，想问职称。", "尊敬的市局局长：您好！", "董事长办公室一直没人。", "村书记家门口的路灯亮着。", "公司股东大会一直不开。", "银杏、香樟、金桂三种树。", "房产、车辆、存款都查封了。", "温水、冷水、开水都没有。",
    "东户型的采光差。", "南门口的保安不管。", "左侧门打不开。", "一楼大厅漏水。", "二楼平台积水。", "顶楼邻居家的太阳能。", "单元门坏了。", "五室一厅怎么收费？", "办公室没人。", "值班室空着。", "配电室冒水。", "教室太热。", "活动室什么时候开？", "地下室有人住。", "阅览室关门早。",
)  # fmt: skip


def _harmless(rng: Chance, frame: str) -> str:
    fill: dict[str, Callable[[], object]] = {
        "n": lambda: rng.randint(11, 49), "b": lambda: rng.randint(50, 98), "k": lambda: rng.randint(2, 9), "h": lambda: rng.randint(110, 989), "q": lambda: rng.randint(1001, 9899),
        "c": lambda: rng.randint(2, 398), "d": lambda: f"{rng.randint(1, 9)}.{rng.randint(1, 9)}", "y": lambda: rng.randint(2008, 2026), "m": lambda: rng.randint(1, 12),
        "t": lambda: f"{rng.randint(6, 22)}:{rng.choice(('00', '30', '15'))}", "L": lambda: _digits(rng, 9), "p": lambda: rng.randint(10, 200) * 10000, "z": lambda: rng.randint(2009, 2027),
        "Z": lambda: f"{rng.randint(21, 71)}{rng.randint(1, 9)}000",
    }  # fmt: skip
    out = []
    at = 0
    while at < len(frame):
        if frame[at] == "{":
            out.append(str(fill[frame[at + 1]]()))
            at += 3
        else:
            out.append(frame[at])
            at += 1
    return "".join(out)


def harmless(rng: Chance) -> Iterator[str]:
    """This will give the sentences in which nothing is personal."""
    for _ in range(5):
        yield from (_harmless(rng, frame) for frame in HARMLESS)
    yield from HARMLESS_WORDS


def texts(seed: int = SEED) -> list[GoldenText]:
    """This will write the whole set."""
    rng = Chance(seed)
    return [read(m) for m in dict.fromkeys((*marked(rng), *harmless(rng)))]


def lines(seed: int = SEED) -> str:
    """This will give the file as it is kept: one JSON object on a line."""
    rows = ({"text": t.text, "spans": [list(s) for s in t.spans]} for t in texts(seed))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    FILE.write_text(lines(), encoding="utf-8")
