"""One reading of many spellings: widths, invisible characters, digits and traditional forms folded, the
original kept."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Traditional → simplified for characters that are frequent in residents' messages and have exactly one simplified form
# (Unicode kSimplifiedVariant with a single value). Characters that split by meaning (乾 著 瞭 藉 …) are left
# out on purpose.
_TRADITIONAL = (
    "國學說話語請謝讓記設許論證評議護讀變這過還進遠運達選適連遲邊點無為爲業東車輛輕軟載轉輪軌電間問門開關閉們"
    "個來時會對於從後發經給結統線級紅約紙組細終綠維網緊編縣總繼續織繳絕養飯飲館馬驗騎駛駕騙樓樹標樣橋機權歐"
    "歲歷歸殺氣決況減準溝滅潔濕灣漁漲災熱燈營爾獎獨現環產畫異當療癢皺盡監盤眾礎禮種稱積穩窮競筆節簡範築糧紀"
    "純紛納練緣罰羅習聞聯聲聽職膚臨興舊藝藥葉處號蟲術衛補裝製複見規視覺觀觸訂計訓託訪詢試該詳誠誤課調談講財責"
    "貨費貼資買賣質購貴賬貧賠賞贈趙趕躍軍辦農鄉鄰醫釋針鐵錢鎖鎮銀鋼錄錯鍵鐘長閱陳陽陰隊階際險隨雜雲電霧靈靜響"
    "頁頂項順須頭題額願類顧風飛餘館魚鳥鴨黃齊齡龍龜區單嚴場塊壞壓壩報執塵墊夠夥奪婦媽孫寧實審寫寶專將尋導層屬"
    "島嶺帶幣幫幹庫廁廠廢廣廳張強彈彌徑復懷態慮憂應戰戶擔據掃掛採換損搖搶擋擠擴擺擾攔敗數斷曬曉書極構樂橫檔"
    "檢歡殘毀沒湯滿滯澆濟濤瀏煙煩燒爐牆狀獄瑪瘋盜碼確禍離稅穀窩竄筍籃類糾紮紐絲緩縫縮罷聖膽臟艙蓋蔭薦虛螞蠟"
    "裏裡褲訊診詐詞誰諾謀豐負貢貪貫賀賓賴贏跡蹤軋較輔輸轄轟遊違遺郵釘鈴鉛銅鋪鋁鍋鏈閃閒閘闊闖隱難頒預頻顆顏飄飾"
    "餓饒駐鬆鬥鬧魯鮮鹽麥麗麼黨齒臺灣體區兩嗎啟員塗墳夢奮嬰孿寢屆崗巖帳幾廟彙徹恆悶惡愛憶懇戲挾掙揀搗撐擁擇攜敵"
    "斬於暢曆條棄棟榮樁殼毆氾淚淨漢澤濃瀝瀉爛爭牽猶獻畢疊癥瘡矚磚禦窪竊糞紋綁綜緒緝縱績繞繩羨翹聳肅脅腦腫膠舖蓮"
    "蔣蘇蘭衝襲訴詭誌誘請譽賊賤賦踐輩輿辭辯邁鄧鄭釀銷鋒鑒鑽闆陣陸陝頓頗顯顫飼駁騰驅驚髒鬍鳳鴻鵝龐"
    "園圍圓團圖偉傑債傷價儀億優償側備剛創劇動務勞勢勝協卻參喪噴慶慣慘揮撥擬擊攤楊濱灑爺獵畝礙繪罵腳臘蕭薩"
    "藍貸贊軸輝鄒閣隸韓馮駱鴿僅傳傾嚇堅幟廚彎憑懸戀拋擱暈櫃欄殯渦渾滲潑澀濾煉犧獲癱盧礦篩羣蝦蝕襯詩誕謠譜"
    "貓趨轎邏鍛鏽閥雞餃騷鬱聖"
)
_SIMPLIFIED = (
    "国学说话语请谢让记设许论证评议护读变这过还进远运达选适连迟边点无为为业东车辆轻软载转轮轨电间问门开关闭们"
    "个来时会对于从后发经给结统线级红约纸组细终绿维网紧编县总继续织缴绝养饭饮馆马验骑驶驾骗楼树标样桥机权欧"
    "岁历归杀气决况减准沟灭洁湿湾渔涨灾热灯营尔奖独现环产画异当疗痒皱尽监盘众础礼种称积稳穷竞笔节简范筑粮纪"
    "纯纷纳练缘罚罗习闻联声听职肤临兴旧艺药叶处号虫术卫补装制复见规视觉观触订计训托访询试该详诚误课调谈讲财责"
    "货费贴资买卖质购贵账贫赔赏赠赵赶跃军办农乡邻医释针铁钱锁镇银钢录错键钟长阅陈阳阴队阶际险随杂云电雾灵静响"
    "页顶项顺须头题额愿类顾风飞余馆鱼鸟鸭黄齐龄龙龟区单严场块坏压坝报执尘垫够伙夺妇妈孙宁实审写宝专将寻导层属"
    "岛岭带币帮干库厕厂废广厅张强弹弥径复怀态虑忧应战户担据扫挂采换损摇抢挡挤扩摆扰拦败数断晒晓书极构乐横档"
    "检欢残毁没汤满滞浇济涛浏烟烦烧炉墙状狱玛疯盗码确祸离税谷窝窜笋篮类纠扎纽丝缓缝缩罢圣胆脏舱盖荫荐虚蚂蜡"
    "里里裤讯诊诈词谁诺谋丰负贡贪贯贺宾赖赢迹踪轧较辅输辖轰游违遗邮钉铃铅铜铺铝锅链闪闲闸阔闯隐难颁预频颗颜飘饰"
    "饿饶驻松斗闹鲁鲜盐麦丽么党齿台湾体区两吗启员涂坟梦奋婴孪寝届岗岩帐几庙汇彻恒闷恶爱忆恳戏挟挣拣捣撑拥择携敌"
    "斩于畅历条弃栋荣桩壳殴泛泪净汉泽浓沥泻烂争牵犹献毕叠症疮瞩砖御洼窃粪纹绑综绪缉纵绩绕绳羡翘耸肃胁脑肿胶铺莲"
    "蒋苏兰冲袭诉诡志诱请誉贼贱赋践辈舆辞辩迈邓郑酿销锋鉴钻板阵陆陕顿颇显颤饲驳腾驱惊脏胡凤鸿鹅庞"
    "园围圆团图伟杰债伤价仪亿优偿侧备刚创剧动务劳势胜协却参丧喷庆惯惨挥拨拟击摊杨滨洒爷猎亩碍绘骂脚腊萧萨"
    "蓝贷赞轴辉邹阁隶韩冯骆鸽仅传倾吓坚帜厨弯凭悬恋抛搁晕柜栏殡涡浑渗泼涩滤炼牺获瘫卢矿筛群虾蚀衬诗诞谣谱"
    "猫趋轿逻锻锈阀鸡饺骚郁圣"
)
_HAN = dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True))
_DASHES = frozenset("‐‑‒–—―−﹘﹣－")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u20e3\u034f")
# List marks such as ① stay what they are: as a digit they would grow into the number behind them.
_LIST_MARKS = ((0x2460, 0x249B), (0x24EA, 0x24FF), (0x2776, 0x2793), (0x3220, 0x3229), (0x3280, 0x3289))


@dataclass(frozen=True)
class Normalised:
    """A folded text and the way back: `origin[i]` is the place in the original of the folded character `i`."""

    text: str
    origin: Sequence[int]
    length: int

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """This will give the half-open span of the original that the folded span [start, end) was made from."""
        if start >= end:
            at = self.origin[start] if start < len(self.origin) else self.length
            return at, at
        after = self.origin[end] if end < len(self.origin) else self.length
        # What cannot be seen behind the last character (a keycap, a joiner) goes with it.
        return self.origin[start], max(self.origin[end - 1] + 1, after)


def _fold(char: str) -> str:
    point = ord(char)
    if char in "\n\t ":
        return char
    if char in _DASHES:
        return "-"
    if char in _FILLERS or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
        return ""
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs"):
        return ""
    if category.startswith("Z"):
        return "\n" if category in ("Zl", "Zp") else " "
    if any(low <= point <= high for low, high in _LIST_MARKS):
        return char
    if category == "Nd":
        return str(unicodedata.decimal(char))
    folded = unicodedata.normalize("NFKC", char)
    return "".join(_HAN.get(c, c) for c in folded)


class _Folds(dict[int, str]):
    """Every character that was ever met, by code point, with what it folds to; a table for `str.translate`."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()  # those that fold to none or to several

    def __missing__(self, point: int) -> str:
        folded = _fold(chr(point))
        if len(folded) != 1:
            self.uneven.add(chr(point))
        self[point] = folded
        return folded


_FOLDS = _Folds()


def normalise(text: str) -> Normalised:
    """This will fold one text; the batch form is `normalise_all`."""
    return normalise_all((text,))[0]


def normalise_all(texts: Iterable[str]) -> list[Normalised]:
    """This will fold full and half width, compatibility forms, digits of any script, dashes and traditional characters,
    and drop what cannot be seen (zero width, control, variation selectors; line feed and tab stay).

    The original is never changed; `original_span` leads back. Nothing is refused.
    """
    return [_normalised(text) for text in texts]


def _normalised(text: str) -> Normalised:
    if text.isascii() and text.isprintable():
        return Normalised(text, range(len(text)), len(text))
    folded = text.translate(_FOLDS)
    if _FOLDS.uneven.isdisjoint(text):
        return Normalised(folded, range(len(text)), len(text))
    lengths = (len(_FOLDS[ord(char)]) if char in _FOLDS.uneven else 1 for char in text)
    origin = [at for at, length in enumerate(lengths) for _ in range(length)]
    return Normalised(folded, origin, len(text))
