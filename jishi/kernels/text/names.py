# ruff: noqa: E501, SIM905 — tables of words and patterns read better on one line
"""Names of people behind a cue word (联系人王建国) or before a title (王女士).

A name is only taken where something beside it says that a person is named. The order: surname with title, strong cue, weak cue,
half-hidden name (李某, 张**); then every further occurrence of a full name found.
"""

import re
from collections.abc import Iterator

from .found import Found, found

CLEAR = frozenset(
    "柏王李张刘陈杨黄赵吴周徐孙朱胡郭林郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁董余苏叶吕魏蒋杜丁沈姜范傅钟卢汪戴崔廖陆姚夏谭邹熊孟秦阎薛侯段郝孔邵史毛顾赖贺尹施龚"
    "粟阚邝谌鄢虢胥蹇冼宓訾谯邰闫柴衡禹晁郗栾仝亓逄梁肖贾洪尤倪汤殷骆葛阮俞柳岳翟聂辛焦翁邢纪柯梅凌霍涂齐庞樊覃习蓝窦童颜郁欧舒屈颖褚卫祝裴阳麦鲍褚祁甄瞿佟荆耿冉骆鞠岑苗卞臧隋璩蒲芦闵邬邸"
)
UNCLEAR = frozenset(
    "缪奚敖高何马万白石钱田方向和于任时成车全公同从别来解单幸有路连安平水金黎庄管温关常文应查华包尚经房花古严宣支毕明游冷牛雷项党江武康季龙伍易乔谷强邱丘曲饶尧利农宁荣双盛申帅司汪闻巫席鲜相向"
    "喻元原占章詹郎甘景竺戚滕米贝伏计谈茅费薄边初楚储揭敬匡况乐廉令楼鲁逯满莫年牟木南欧皮朴普钦沙山商上佘盖师仇宗左祖晏言燕羊仰蔺冀简姬吉国杭侯胡桂苟弓巩宫郜付符封丰奉傅靳劲晋代党刁狄邸丛"
)
TWO = frozenset(
    "欧阳 司马 上官 诸葛 司徒 夏侯 皇甫 东方 令狐 慕容 公孙 长孙 宇文 尉迟 端木 轩辕 南宫 淳于 单于 百里 东郭 西门 申屠 澹台".split()
)
_SURNAMES = CLEAR | UNCLEAR
UNCLEAR -= CLEAR
GRAMMAR = frozenset("从和与向同从有全来时于成任单公经路连相别平元原上年国")
GIVEN = frozenset(
    "絮稳绢澎宽润祯珩浚煌锡湘洵茵骁骥骞鹃霆喆卉卿奎宪寅寿峥嵘嵩彰恺昶晗毓淳煊玮玟琨琬琰甫硕秉胤蕙蕴赋赞铠铨隽魁鼎"
    "虹丰少吉衡洪伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂兰英华玉萍红娥玲芬燕彩春菊凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉桦娣叶璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉娴瑾颖露瑶怡婵雁"
    "蓓纨仪荷丹蓉眉君琴蕊薇菁梦岚苑筠柔竹霭凝晓欢霄枫芸菲寒欣滢伊亚宜可姬舒影荔枝思娇娟毅俊峰力文辉永健世广志义兴良海山仁波宁贵福生龙元全国胜学祥才发武新利清飞彬富顺信子杰涛昌成康星光天达安"
    "岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江超浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以建家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘正"
    "东西南北金木水火土立长根水锋钢铁宝银铜锁柱忠孝礼智义恩惠慧雅雯轩宇涵梓浩然子睿皓煜晟昊曦彤诗雨琪欣悦萱语桐瑜诺一俊熙宸铭哲瀚景灿炫乔淑贤娜小大二三四五连喜来守培本传其昭庭继如景耀根焕鑫淼森磊晖旺旗"
    "卫党庚辛壬癸甲开国跃援朝抗美前方圆满珠巧翠花凯萌妮丹倩露娇婧媚璇珂佩佐佑侠儒兆凌仲伶佟俐倪健傲允元充兆光克冬冰凤凯勋勤千升卓南厚双叔启周和哲唯善喜嘉均坤城培塬增墨夏夕多天奕女好妙妤娇娟婕孟季安宗定宛家密寒尔山岭岳峻川工巍帆希"
    "常幸幼庄康廷建弋弘彦彬彭征律得微怀恒恬悠情惠愉愚慈懿成才扬承挺振捷敦数文方旋日旦旺昆易春昱时晋晓普晴智曼曾有朗望未本杏村来杭松柏柔柳栋桃桑棋植楚榆欣歆正武比民水汉江沁沐沛沫治泉波泓洛洪活济浦浩涵淇淑深渊清渝温源溪滔滨漫潇澄澜灵炜炳烨焱照熹燕爽牧玄珍珏珑理琢琪瑛瑜瑞瑶璋璟甜生用田申"
    "畅登益盈盼真石碧磊礼祎祖祥祺禄福禾秀秋科程穆立竣竹笑筱米粟素红纯纪纲细绍经绮维绪罡群翀翊翎翠翰耘聪肃育胜舜良艺节芊芝芯花苇英茗荃莉菡萌萍葵蓝蔚蔓蕾藏行衍裕西观言誉谊谦豪贝贤赫超越跃轶辉辰达迅远迪通逸道邦郁采里重野金鉴鑫钊铎锐镇长门闻阔阳隆雁雄雅雪雯雷震霖霞静韬韵音顺颂颜风飒飞馥馨驰骏高鸿鹤鹏麒麟默黎齐龙攀斐贝凡汝昕甜晖莹照奕谦鑫宸钰"
)
WORDS = frozenset(
    "张贴 张开 张榜 张望 高度 高速 高中 高层 高压 高温 高兴 高峰 高价 高空 高架 高新 高铁 高考 高额 何时 何地 何处 何况 何必 何种 马上 马路 马桶 马达 万元 万一 万科 万达 万人 白天 白色 白白 白蚁 石头 石材 石子 石块 "
    "钱款 钱财 钱都 田地 田间 田里 方便 方面 方式 方法 方案 方向 方可 向上 向前 向我 向他 和谐 和平 和其 和我 和他 于是 于此 任何 任意 任务 任由 任其 时间 时候 时常 时刻 时有 时代 成为 成功 成立 成本 成都 成员 成年 车辆 车库 "
    "车位 车主 车子 车祸 车道 车间 全部 全体 全家 全村 全国 全市 全款 全额 全程 全面 全天 全员 公司 公共 公园 公告 公安 公示 公交 公路 公开 公摊 公积 公章 公里 公平 公寓 同意 同时 同样 同一 同学 同事 从来 从此 从未 从事 来电 来访 来说 来到 "
    "解决 解释 解除 解答 解放 单位 单元 单独 单车 有关 有效 有人 有的 有些 有没 有限 有时 路面 路灯 路口 路段 路上 连续 连接 连夜 安全 安装 安静 安排 安置 安心 安居 平时 平台 平安 平均 平米 平方 水电 水管 水费 水压 水质 水沟 水泥 金额 金钱 金融 管理 管道 管网 "
    "管线 温度 温泉 关于 关注 关心 关系 关闭 常年 常常 常规 文明 文件 文化 文字 应该 应当 应急 应付 查看 查处 查询 查封 包括 包装 包工 包含 经常 经过 经济 经营 经理 经手 房屋 房子 房产 房价 房东 房租 花园 花费 花钱 花木 古树 古城 古井 严重 严格 严禁 严查 明确 明显 明知 明年 明天 "
    "游客 游泳 游玩 冷水 冷气 牛奶 雷雨 雷电 项目 党员 党委 党支 江边 江北 江南 江西 江苏 江水 武装 武汉 康复 季节 季度 龙头 易燃 易发 强烈 强制 强行 强拆 曲折 利用 利益 利息 农民 农村 农业 农田 双方 双向 申请 申报 申诉 周边 周围 周末 周年 周期 周一 周二 周三 周四 周五 周六 周日 夏天 夏季 "
    "夏日 程度 程序 许多 许可 许久 余额 余款 余下 施工 施救 祝福 史上 顾客 顾及 毛病 毛坯 毛巾 林地 林业 林木 林场 谢谢 唐山 苏州 杭州 汪洋 沈阳 郑州 郑重 孔洞 聂某 段时 段路 段时间 侯车 洪水 洪灾 纪律 纪委 纪念 柳州 梅雨 凌晨 齐全 齐心 欧式 舒适 屈服 卫生 卫浴 阳台 阳光 阳性 麦田 蓝色 蓝天 "
    "童年 颜色 汤水 尤其 尤为 黄色 黄金 黄土 黄河 黄泥 胡同 胡乱 胡说 曾经 曾多 曾向 曾在 罗列 宋城 徐州 吴江 陈述 陈旧 陈列 杨树 赵家 孙子 孙女 刘家 李家 王家 张家 章程 计划 计算 计费 计量 谈判 谈到 费用 边上 边缘 初期 初中 初步 储存 储备 景区 景观 简单 简直 年底 年前 年初 年龄 年纪 "
    "木材 木门 南门 南边 南侧 南面 南路 普通 普及 普遍 沙子 沙石 商品 商铺 商场 商家 商业 商户 上班 上下 上报 上级 上午 上述 上面 上学 师傅 师生 左右 左边 左侧 左转 原来 原因 原本 原则 原有 原告 元月 元旦 占用 占道 占地 米左 代表 代理 代办 封闭 封路 封堵 丰富 付款 付钱 付费 付出 符合 国家 国道 国土 "
    "国庆 司机 席位 相关 相应 相邻 相当 相信 荣誉 宁可 盛夏 满意 满足 乐意 言论 言语 别人 别墅 别的 楼上 楼下 楼道 楼顶 楼梯 楼层 楼盘 楼栋 楼房 楼面 支付 支持 支队 支部 毕业 毕竟 卫视 和物 和开 邻里 吉祥 平常 宫颈 居民 部分 分别 纷纷 强调 关联 应对 盖章 盖的 盖房 宗地 祖屋 祖坟 祖宅 皮肤 山上 山体 "
    "山下 鲜花 温馨 双休 双手 双眼 双腿 古井 温和 季某 桂花 敬请 敬老 令人 况且 米粉 米多 景点 连廊 连片 经查 经办 经核 解读 查实 查明 查找 农户 农机 利率 申领 申办 和业 和居 和社 向社 向物 向有 向政 向城 向街 于今 于昨 于前 于去 于上 于本 于年 成片 成天 别说 别让 单方 单价 元钱 年轻 年久 年老 年迈 时至 时任 时隔 "
    "路边 路旁 路过 来源 来往 来回 来解 有权 有责 有必 有意 有钱 有车 有房 全都 全新 全力 全县 全区 全省 公办 公用 公厕 公证 公布 公务 公正 同志 同步 同类 同等 高低 高额 高达 高铁 安乐 安保 安检 安抚 水井 水库 水表 水箱 水池 水位 水源 水渠 水田 金属 金桥 万户 万家 石油 石灰 白领 白酒 田土 方圆 方能 "
    "关怀 明鉴 明察 查清 普高 廉政 应有 高发 石家 马鞍 马某 江湖 武术 何去 常住 常务 常见 文教 查水 包干 包庇 房管 房源 房门 房顶 花坛 花草 严厉 明白 明明 游乐 冷漠 项链 党费 易拉 强迫 强买 曲线 双倍 谷雨 荣获 庄稼 庄重 华丽 华侨 宣传 宣布 宣称 经贸 顾问 洪涝 贺电 汤池 柳树 梅花 祝贺 施肥 施压 史料 孟夏 许诺 许下 曾是 曾有 程控 林园 林荫 梁柱 段落 罗马".split()
)
_POLITE = "先生|女士|小姐|太太|夫人|大爷|大妈|大娘|大叔|大伯|大姐|大哥|大嫂|阿姨|奶奶|爷爷|叔叔|婆婆|伯伯|姑娘|老太|老汉|老伯|同学|同志|师傅|师父|嫂子|老人家"
JOBS = (
    "理事长|董事长|厅长|行长|台长|主席|秘书长|检察长|省长|经理|主任|书记|局长|科长|所长|站长|队长|校长|院长|厂长|村长|镇长|乡长|区长|市长|县长|处长|部长|组长|班长|店长|会长|园长|支书|警官|警员|法官|检察官|律师|教授|医生|大夫|医师|护士|老师|教练|老板|工程师|总监|总经理|秘书|干事|委员|会计"
    "|副主任|副局长|副镇长|副书记|副经理|副所长|副院长|副市长|副县长|副区长|副厅长|副校长|副队长|副站长|网格员|房东|中介|保安|大队长|中队长|支队长"
)
_TITLE = re.compile(rf"(?:{_POLITE}|{JOBS}|总(?=[说的把让答表回告来在亲也都又不没曾要去派承,。:;!?、]|$)|领导)(?![期年达久椅沙])")
_POLITE_WORDS = frozenset(_POLITE.split("|"))
_STRONG = re.compile(
    r"(?:联系人|姓名|名字|我叫|名叫|叫做|本人叫|户主|投诉人|举报人|申请人|当事人|报案人|来电人|反映人|申诉人|委托人|受害人|被害人|求助人|信访人|发帖人|发贴人|编写人|报告人|上访人|控告人|留言者|反映者|被投诉人|被举报人|寄件人|户名|开户人|持卡人|我名|法定代表人|法人代表|法人|经办人"
    r"|签名|署名|收件人|收款人|承租人|监护人|死者|伤者|患者|受害者|留言人|报修人|产权人|权利人|亡故人|负责人是|老板是)(?:姓名)?(?:名叫|叫做|[:为是叫\s\-(]){0,3}"
)
_WEAK = re.compile(
    r"(?:业主|居民|村民|邻居|房东|租户|租客|住户|老板|老板娘|司机|包工头|儿子|女儿|丈夫|妻子|老公|老婆|父亲|母亲|爱人|哥哥|弟弟|姐姐|妹妹|孙子|孙女|本人|我是|员工|工人|学生|家属|负责人|经理|主任|副主任|书记|院长|校长|医生|老师"
    r"|局长|村长|站长|队长|所长|秘书长|法官|庭长|检察官|焊工|电工|教练|律师|会计|党员|同事|朋友|同学|干部|职工|委员|支书|保安|保洁员|网格员|楼长|工头|中介|销售|顾问|客服|民警|警官|前妻|前夫|战友|教师|毕业生|董事长|总经理|理事长|组长|班长|店长|厂长|领导|车主|房主|爸爸|妈妈|爷爷|奶奶|外公|外婆|岳父|岳母|婆婆|公公|侄子|侄女|外甥|女婿|儿媳|老伴|姐夫|妹夫|嫂子|弟媳|舅舅|舅妈|姑姑|姑父|伯父|表哥|表弟|堂兄|堂弟|继父|继母|养子|养女|经营者|股东|投资人|实控人|控制人|合伙人|创始人|推广人|债务人|欠款人|担保人|庭长|审判长|书记员|协警|辅警)(?:名叫|叫做|[:叫是\s(])?"
)
# Behind an office or a trade, in brackets: 我方律师(陈克明)
_BRACKETED = re.compile(rf"(?:{JOBS}|庭长|焊工|电工|司机|员工)\((?P<name>[\u4e00-\u9fff]{{2,3}})\)")
_MASKED = re.compile(r"某(?:某某?|[甲乙丙丁])?|[*×]{1,2}|[xX]{1,2}(?![A-Za-z0-9])|〇{1,2}|O{1,2}(?![A-Za-z0-9])")
_SOME_NOT_PERSON = frozenset("些个种项地处时天日段次家单部公小路街村区市县镇校厂店银")
_FOLLOWS = frozenset(
    "跑收欠打骂占找带叫请拿住租养放装开做涉违勾殴电手身住男女说称反的在于与和等向因被将家是要投来表联号性年及跟同对把给让已也都曾不没有就却还又先去到从,。;:!?、()[]《》\"'“”‘’\n\t -/…"
)
_BAD_BEFORE = frozenset(
    "如何 任何 工程 流程 全程 过程 里程 课程 最高 提高 升高 增高 偏高 上周 一周 每周 下周 本周 两周 四周 双方 对方 甲方 乙方 官方 警方 我方 地方 北方 南方 东方 院方 校方 厂方 店方 立马 长江 千万 百万 十万 道路 公安 治安 保安 资金 现金 基金 押金 租金 现任 前任 责任 主任 历任 新任 时任 信任 "
    "前往 对于 由于 关于 位于 在于 属于 至于 终于 小时 及时 当时 同时 随时 临时 平时 城管 主管 监管 机关 相关 有关 海关 正常 经常 非常 日常 反应 供应 响应 检查 调查 清明 证明 说明 声明 江苏 山东 单独 简单 完成 造成 变成 组成 构成 达成 汽车 停车 开车 公交 班车 公路 马路 交路 项目 承包 钱包 面包 书房 住房 购房 租房 楼房 "
    "杭州 国家 全国 家庭 温州 学生 不平 水平 公平 和平 自来 将来 原来 本来 上来 下来 过来 起来 出来 未来 语文 中文 论文 发文 公文 作文 分支 党支 毕业 中华 新华 年华 万里 党员 同党 保康 健康 小康 上山 下山 青山 江山 花园 棉花 严重 庄严 村庄 山庄 年龄 去年 今年 明年 昨年 往年 多年 青年 中国 我国 外国 "
    "经理 已经 曾经 神经 财经 直辖 楼王 大王 国王 小李 同车 开车 坐车 乘车 拼车 支队 大队 中队 环卫 房管 水利 工商 小王 小张 行李 主张 紧张 夸张 扩张 嚣张 安徽 西施 措施 实施 设施 施施 基施 市林 森林 园林 小林 成林 允许 不许 也许 或许 准许 默许 兴许 感谢 谢谢 答谢 病史 历史 盘史 业余 剩余 其余 多余 空余 内阳 太阳 阴阳 防卫 保卫 照顾 回顾 主顾 学习 实习 练习 补习 复习 自习 家纪 经纪 世纪 年纪 皮毛 班主".split()
)


def bad_before(text: str, at: int) -> bool:
    """Whether the letter here and the one before it make a word in which no name begins."""
    return at > 0 and text[at - 1 : at + 1] in _BAD_BEFORE


def _stands_free(text: str, at: int) -> bool:
    """Whether a name may begin here: nothing before, a mark, or a word that often stands before a name."""
    return (
        at == 0
        or not "\u4e00" <= text[at - 1] <= "\u9fff"
        or text[at - 1] in "的是人主民找为叫给问跟请被位方户客东师长记理业工村院局姓求望诉谢到站里司社委所队会办联"
    )


def _before_title(text: str, at: int, *, polite: bool) -> int | None:
    """The start of the name that ends at `at`, right before a title; None where there is none."""
    if at >= 2 and text[at - 2 : at] in TWO:
        return at - 2
    if at >= 2 and text[at - 1] == "姓" and text[at - 2] in _SURNAMES:
        return at - 2
    for size in (4, 3):
        if at >= size and text[at - size : at - size + 2] in TWO and _all_given(text[at - size + 2 : at]):
            return at - size
    for start in (at - 3, at - 2):
        if start >= 0 and _is_full_name(text, start, at, polite=polite):
            return start
    return at - 1 if at >= 1 and _is_surname_alone(text, at - 1, polite=polite) else None


def _all_given(signs: str) -> bool:
    return all(c in GIVEN or c in "某*×" for c in signs)


def _is_full_name(text: str, start: int, end: int, *, polite: bool) -> bool:
    if text[start] not in CLEAR:
        return _is_rare_full_name(text, start, end)
    doubled = end - start == 3 and text[start + 1] == text[start + 2]  # 陈淋淋
    called = text[start - 3 : start] == "尊敬的"
    if not _all_given(text[start + 1 : end]) and not doubled and not called and not (polite and _begins_clause(text, start)):
        return False
    if text[start : start + 2] in WORDS or bad_before(text, start):
        return False
    return polite or end - start == 3 or _stands_free(text, start)


def _is_rare_full_name(text: str, start: int, end: int) -> bool:
    """Whether a surname that is a word as well begins a full name: three signs that stand free, or two at the head of a clause where no
    place of that name has such a title (金华市长)."""
    if text[start] not in UNCLEAR or text[start] in GRAMMAR or text[start : start + 2] in WORDS or bad_before(text, start):
        return False
    if not _all_given(text[start + 1 : end]):
        return False
    if end - start == 3:
        return _stands_free(text, start)
    return _begins_clause(text, start) and text[end] not in "省市县区镇乡村校厂院"


def _begins_clause(text: str, at: int) -> bool:
    return at == 0 or not "\u4e00" <= text[at - 1] <= "\u9fff" or text[at - 2 : at] in ("书记", "主任", "经理", "业主")


def _is_surname_alone(text: str, at: int, *, polite: bool) -> bool:
    surname = text[at]
    if bad_before(text, at) or text[at : at + 2] in WORDS and text[at + 2 : at + 3] != "长":
        return False
    if surname in CLEAR:
        return True
    return surname in UNCLEAR and surname not in GRAMMAR and (polite or _stands_free(text, at))


def _is_named_leader(text: str, start: int, end: int) -> bool:
    """张领导 after a stop or a call (请张领导); 曾领导过 is a verb."""
    free = start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff" or text[start - 1] in "的请找望"
    return free and text[start] in CLEAR and (text[start] != "曾" or text[end : end + 1] in _HARD_STOP)


_CALLED = ("您好", "你好", ":", ",", "说")


def _titled(text: str) -> Iterator[Found]:
    for match in _TITLE.finditer(text):
        polite = match.group() in _POLITE_WORDS
        start = _before_title(text, match.start(), polite=polite)
        if start is None:
            continue
        unclear = text[start] in UNCLEAR and match.start() - start == 1
        if match.group() == "领导" and not _is_named_leader(text, start, match.end()) or text[start : match.end()] in ("毛主席", "习主席"):
            continue
        if text[start : match.start()] == "祝" and not text.startswith(_CALLED, match.end()):
            continue  # a wish: 祝书记新年快乐
        if unclear and match.group() in (
            "总",
            "同学",
            "同志",
            "老人家",
            "保安",
            "中介",
            "会计",
            "委员",
            "姑娘",
            "房东",
        ):
            continue
        # The job stays readable (it may be the matter itself), a form of address goes with the name.
        yield found(start, match.end() if polite else match.start(), "name", 0.9 if unclear else 0.95)


def _given_length(text: str, at: int, *, strong: bool, sure: bool) -> int:
    """How many signs of a given name stand at `at` (0 none, at most 2)."""
    two = text[at : at + 2]
    han = [("\u4e00" <= c <= "\u9fff") for c in two]
    ends_after_one = at + 1 >= len(text) or text[at + 1] in _FOLLOWS
    ends_after_two = at + 2 >= len(text) or text[at + 2] in _FOLLOWS or not "\u4e00" <= text[at + 2] <= "\u9fff"
    doubled = len(two) == 2 and two[0] == two[1] and two[0] not in _FOLLOWS  # 淋淋
    likely = [c in GIVEN or doubled for c in two]
    if len(two) == 2 and all(han) and all(likely) and (ends_after_two or (strong and not ends_after_one)):
        return 2
    closed = sure or all(likely) or text[at + 2 : at + 3] in _HARD_STOP
    if len(two) == 2 and all(han) and strong and closed and ends_after_two and not ends_after_one:
        return 2
    if han[:1] == [True] and ends_after_one and (likely[0] or sure) and text[at] not in _FOLLOWS:
        return 1
    if strong and han[:1] == [True] and likely[0]:
        return 2 if len(two) == 2 and all(likely) else 1
    return 0


def _is_han(signs: str) -> bool:
    return all("\u4e00" <= c <= "\u9fff" and c not in _FOLLOWS for c in signs)


def name_at(text: str, at: int, *, strong: bool) -> int | None:
    """The end of the name that begins at `at`, or None."""
    surname = text[at : at + 1]
    if not surname or surname not in _SURNAMES and text[at : at + 2] not in TWO:
        return None
    width = 2 if text[at : at + 2] in TWO else 1
    masked = _MASKED.match(text, at + width)
    if masked and (strong or surname in CLEAR or _may_be_masked(text, masked)):
        return _masked_end(text, at, masked.end())
    if _is_word(text, at) or (not strong and width == 1 and (surname not in CLEAR and surname in GRAMMAR)):
        return None
    given = _given_length(text, at + width, strong=strong, sure=strong and surname in CLEAR)
    if not given and surname in CLEAR:  # 夏井(…
        given = next((n for n in (1, 2) if text[at + width + n : at + width + n + 1] == "(" and _is_han(text[at + width : at + width + n])), 0)
    end = at + width + given
    if not given or (
        not strong and given + width == 2 and surname not in CLEAR and "\u4e00" <= text[end : end + 1] <= "\u9fff"
    ):
        return None
    return end


def _may_be_masked(text: str, masked: re.Match[str]) -> bool:
    """Whether a mask behind a surname that is a word as well hides a name: 严某某, 庄某，"""
    surname, behind = text[masked.start() - 1], text[masked.end() : masked.end() + 1]
    return surname not in GRAMMAR and (len(masked.group()) > 1 or behind in _HARD_STOP)


def _is_word(text: str, at: int) -> bool:
    """Whether an ordinary word stands here and not a name that begins like one (文明辉)."""
    if text[at : at + 2] not in WORDS:
        return False
    given, behind = text[at + 1 : at + 3], text[at + 3 : at + 4]
    return not (len(given) == 2 and all(c in GIVEN and c not in "有来小大多时可不得行在要工人员业家户区市县路村里乡会未" for c in given) and behind in _FOLLOWS)


def _masked_end(text: str, start: int, end: int) -> int | None:
    if text[end - 1] == "某" and end < len(text):
        after = text[end]
        if after in _SOME_NOT_PERSON:
            return None
        if after in GIVEN and after not in _FOLLOWS and (end + 1 >= len(text) or text[end + 1] in _FOLLOWS):
            return end + 1
    elif text[end - 1] in "*×" and text[end : end + 1] in GIVEN and text[end : end + 1] not in _FOLLOWS:
        return end + 1  # 杜*宝
    return end


_SAID_SO = frozenset(":是为(- ")
_HARD_STOP = frozenset(",。;:!?、()[] \n\t") | {""}


_OFFICE = re.compile(rf"(?:{JOBS}|法官|庭长|审判长|检察官|民警|警官|控制人|实控人|经营者|股东|投资人)(?:名叫|叫做|[:叫是(])?$")
# What somebody in an office does right behind the name.
_ACTS = re.compile(
    "公开|承诺|答应|签字|表示|要求|带领|主持|负责|亲自|拒绝|态度|下[裁达令]|收取|收了|打电|状告|指使|包庇|强行|滥用|利用|进行|在(?:接待|会上)|多次|一直|没有|以及|明确|竟然|不[作处理]"
)


def _after_office(text: str, cue: re.Match[str]) -> int | None:
    """The end of a name behind an office, when a word follows that no name ends with (秘书长彭昕公开承诺)."""
    at = cue.end()
    if text[at : at + 1] not in CLEAR or text[at : at + 2] in WORDS or not _OFFICE.search(cue.group()):
        return None
    given = text[at + 1 : at + 3]
    whole = len(given) == 2 and (all(c in GIVEN for c in given) or given[0] == given[1] and _is_han(given))
    if whole and text[at + 3 : at + 4] not in _PLACES:
        return at + 3
    likely = given[:1] in GIVEN
    if len(given) == 2 and _is_han(given) and (likely or given[1] in GIVEN) and _ACTS.match(text, at + 3):
        return at + 3
    return at + 2 if likely and _ACTS.match(text, at + 2) else None


_PLACES = frozenset("路街巷道村镇乡区县市山河湖桥苑园港湾岭组店厂")


def _is_short_name(text: str, at: int) -> bool:
    """Whether three signs before a stop read as a name (我是张阳名，)."""
    signs = text[at : at + 3]
    return _is_han(signs) and signs[:2] not in WORDS and any(c in GIVEN for c in signs[1:]) and text[at + 3 : at + 4] in {",", "。"}


def _after_i_am(text: str, cue: re.Match[str]) -> int | None:
    """The end of a short name with a surname that is a small word too (我是任涛，)."""
    at, end = cue.end(), cue.end() + 2
    if cue.group() in ("我是", "本人") and text[at : at + 1] in CLEAR and _is_short_name(text, at):
        return end + 1
    if not cue.group().startswith(("我是", "本人", "我叫")) or text[at : at + 1] not in GRAMMAR:
        return None
    named = text[at:end] not in WORDS and text[at + 1 : end] in GIVEN and text[end : end + 1] in _HARD_STOP
    return end if named else None


def _rare_name_at(text: str, at: int) -> int | None:
    """The end of a name with a surname that is a word as well, right behind a cue with no colon between (投诉人雷学文)."""
    if text[at : at + 2] in TWO:
        return name_at(text, at, strong=True)
    if text[at] in GRAMMAR:
        return name_at(text, at, strong=False)
    two = text[at + 1 : at + 3]
    doubled = len(two) == 2 and two[0] == two[1]
    if text[at : at + 2] in WORDS or not (two[:1] in GIVEN or doubled):
        return None
    if len(two) == 2 and (doubled or two[1] in GIVEN and (two[1] not in _FOLLOWS or text[at + 3 : at + 4] in _HARD_STOP)):
        return at + 3
    return at + 2 if text[at + 2 : at + 3] in _FOLLOWS or text[at + 2 : at + 3] in _HARD_STOP else _masked_or_none(text, at)


def _masked_or_none(text: str, at: int) -> int | None:
    masked = _MASKED.match(text, at + 1)
    return _masked_end(text, at, masked.end()) if masked else None


_MAY_BE_CALLED = frozenset("爸妈亲儿女夫子公婆人孩板机居主理记任长傅学友东")


def _after_called(text: str) -> Iterator[int]:
    """Where a name may begin behind 叫: 我爸叫文家善, 老板名叫…"""
    at = text.find("叫")
    while at >= 0:
        before = at - 1 if text[at - 1 : at] == "名" else at
        if before and text[before - 1] in _MAY_BE_CALLED and text[at + 1 : at + 2] in _SURNAMES:
            yield at + 1
        at = text.find("叫", at + 1)


def _cued(text: str) -> Iterator[Found]:
    for at in _after_called(text):
        end = name_at(text, at, strong=True) if text[at] in CLEAR else _rare_name_at(text, at)
        if end is not None:
            yield found(at, end, "name", 0.9)
    for pattern, strong in ((_STRONG, True), (_WEAK, False)):
        for match in pattern.finditer(text):
            at = match.end()
            if strong and match.group()[-1] not in _SAID_SO and text[at : at + 1] in UNCLEAR:
                end = _rare_name_at(text, at)
            else:
                end = name_at(text, at, strong=strong) or _after_office(text, match) or _after_i_am(text, match)
            if end is not None and not _SHOWN_TITLE.match(text, end - 1):
                yield found(at, end, "name", 0.95 if strong else 0.88)


_SHOWN_TITLE = re.compile(rf".(?:{_POLITE})")
_HALF_HIDDEN = re.compile(r"[\u4e00-\u9fff](?:某|[*×]{1,2}|[xX]{2}(?![A-Za-z0-9]))")


def _half_hidden(text: str) -> Iterator[Found]:
    for match in _HALF_HIDDEN.finditer(text):
        at = match.start()
        if text[at] not in CLEAR or bad_before(text, at):
            continue
        end = name_at(text, at, strong=False)
        if end is not None:
            yield found(at, end, "name", 0.9)


# 王建国，男，… · 李秀英 13800000000 · …谢谢。陈志强 2024-03-05. What stands behind the name is looked for first, it is rarer.
_SEX = re.compile(r"[,、(\s][男女](?![\u4e00-\u9fff])")
_BEFORE_SEX = re.compile(r"[\u4e00-\u9fff]{2,4}(?=[,、(\s]{0,1}$)")
_PHONE = re.compile(r"电话|手机|1[3-9][0-9]{9}(?![0-9])")
_BEFORE_PHONE = re.compile(r"[\u4e00-\u9fff]{3}(?=[\s,:(]{0,2}(?:联系)?$)")
_SIGNED = re.compile(
    r"(?:[。!?\s]|[0-9]日?|敬礼)(?P<name>[\u4e00-\u9fff]{2,3})\s{0,3}(?:[0-9]{4}[年.\-/][0-9年月日.\-/]{3,8})?\s{0,3}$"
)
_NOT_HAN = re.compile(r"[^\u4e00-\u9fff]")


def _beside(text: str) -> Iterator[Found]:
    """Names without a cue word: before a sex, before a telephone, at the foot of a letter."""
    for match in _SEX.finditer(text) if "男" in text or "女" in text else ():
        name = _run_before(text, match.start(), _BEFORE_SEX)
        if name and text[name[0]] in _SURNAMES and _is_of_length(text, *name) and _has_head(text, *name):
            yield found(*name, "name", 0.93)
    seen = [_run_before(text, match.start(), _BEFORE_PHONE) for match in _PHONE.finditer(text)]
    tail = max(0, len(text) - 32)
    signed = _SIGNED.search(text, tail)
    foot = signed.span("name") if signed else None
    for name in (*seen, foot):
        rare = name is foot and name is not None and name[1] - name[0] == 3 and text[name[0]] in UNCLEAR - GRAMMAR
        if name and (rare or text[name[0]] in CLEAR) and _all_given(text[name[0] + 1 : name[1]]) and _has_head(text, *name):
            yield found(*name, "name", 0.85)


def _run_before(text: str, at: int, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    first = max(0, at - 9)
    match = pattern.search(text[first:at])
    return (first + match.start(), first + match.end()) if match else None


def _is_of_length(text: str, start: int, end: int) -> bool:
    return 1 <= end - start - (2 if text[start : start + 2] in TWO else 1) <= 2


def _has_head(text: str, start: int, end: int) -> bool:
    free = start == 0 or _NOT_HAN.match(text[start - 1]) is not None or text[start - 2 : start] in ("敬礼", "此致")
    return (free or text[start - 1] == "日") and text[start : start + 2] not in WORDS


def _bracketed(text: str) -> Iterator[Found]:
    for match in _BRACKETED.finditer(text) if "(" in text else ():
        start, end = match.span("name")
        surname = text[start] in CLEAR or text[start] in UNCLEAR and (text[start] not in GRAMMAR or _all_given(text[start + 1 : end]))
        if surname and text[start : start + 2] not in WORDS and text[end - 1] not in "长任员部":
            yield found(start, end, "name", 0.88)


def beside_a_word(text: str) -> list[Found]:
    """This will find the names that have a cue word, a title, a telephone or the foot of a letter beside them."""
    return [*_titled(text), *_cued(text), *_half_hidden(text), *_beside(text), *_bracketed(text)]
