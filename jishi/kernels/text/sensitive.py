# ruff: noqa: E501 — tables of words and patterns read better on one line
"""Words on health, religion, ethnicity and criminal record, only where they are said about a person."""

import re
from collections.abc import Iterator

from .found import Found, found

_WHO = (
    r"(?:我|本人|他|她|咱|俺|其|老人|老太太?|老伴|父母|爸妈|母亲|父亲|妈妈?|爸爸?|妻子|丈夫|老婆|老公|爱人|儿子|女儿|孩子|小孩|孙子|孙女|婆婆|公公"
    r"|爷爷|奶奶|外婆|外公|老爸|老妈|儿媳|女婿|岳父|岳母|哥哥?|姐姐?|弟弟?|妹妹?|家人|家属|邻居|房东|租客|租户|住户|户主|业主|村民|居民|女士|先生|小姐|某|男子|女子|小伙|大爷|大妈|阿姨|同事|员工|司机|工友|保安|经理|那人|这人|此人)"
)
_ILL = (
    r"(?:艾滋病?|梅毒|淋病|乙肝|丙肝|肝炎|肺结核|结核病?|(?:肺|肝|胃|肠|结肠|直肠|乳腺|食道|食管|鼻咽|宫颈|卵巢|前列腺|胰腺|膀胱|甲状腺|淋巴|皮肤|骨|血|脑|喉|口腔)?(?:癌症?|肿瘤)|白血病|尿毒症|抑郁症|躁郁症|焦虑症|精神病"
    r"|精神分裂症?|精神疾病|精神障碍|自闭症|孤独症|癫痫|糖尿病|高血压|心脏病|冠心病|脑梗塞?|脑瘫|脑溢血|中风|偏瘫|瘫痪|帕金森\w{0,2}|老年痴呆症?|痴呆|阿尔茨海默\w{0,1}"
    r"|哮喘|肺病|尘肺病?|肾病|肾衰竭|肝硬化|类?风湿\w{0,4}|强直性脊柱炎|神经衰弱|糖尿足|(?:多)?器官衰竭|残疾|伤残|残废|截肢|骨折|肢残|智障|智力障碍|聋哑|失明|不孕不育|性病|新冠\w{0,2}|(?:怀有)?身孕|怀孕|流产|红斑狼疮|血友病|渐冻症|重病|大病|绝症)"
)
_HEALTH = re.compile(
    rf"{_WHO}[^,。;!?\n:、]{{0,8}}?(?:身?患有?|得了?|确诊为?|查出(?:来)?|检查出|诊断(?:为|出)|感染了?|是|有|因)(?:了|过|严重的?|先天性|晚期|一种|一?[名个位])?"
    rf"(?P<what>(?:重度|天生)?(?:肢体|视力|听力|智力|精神|多重)?(?:[一二三四]级)?(?:肢体|视力|听力|智力|精神)?{_ILL}(?:晚期|患者|病人|人|病)?)(?!筛查|防治|防控|疫苗|政策|中心|医院|专科|检测|检查|门诊|通道|设施|停车)"
)
# Said to be found by a doctor: no word for the person is needed.
_FOUND_ILL = re.compile(
    rf"(?:患有|患上|身患|罹患|得了|确诊(?:为|了)?|诊断(?:结果)?(?:为|是|:)|鉴定(?:我|他|她|本人|其)?(?:为|是)|评定为|查出)[:\s0-9、.]{{0,4}}"
    rf"(?P<what>(?:[一-龥]{{0,5}}?(?:粉碎|压缩|开放)性)?[左右双]?[一-龥]{{0,3}}?(?:[一二三四五六七八九十]级)?(?:肢体|视力|听力|智力|精神|多重)?{_ILL}(?:晚期|患者|病人|人|病)?)"
)
# Of a person, without a verb between: 我爸截肢了, 老人瘫痪在床, 妻子怀孕.
_STATE = re.compile(
    rf"{_WHO}(?:现在|目前|已经|因此|至今|一直|全身|下身|半身|双目|被迫|去年|今年)?(?P<what>截肢|瘫痪|偏瘫|失明|失聪|双目失明|(?:均|都)?(?:重病|卧病)在床|因?(?:腿脚|手脚|双腿)残疾|怀孕|怀有身孕|残废|骨折|流产|痴呆|聋哑)(?!人(?:士|群)|症)"
)
_IT_IS_ME = re.compile(r"(?P<what>(?:天生|先天|重度)?残疾人)(?=的(?:我|本人)(?![们市省区县国]))")
_FAITHS = r"(?:基督教?|天主教?|伊斯兰教|佛教?|道教|耶稣|穆斯林|回教|法轮功|全能神|东正教|真主|上帝|菩萨)"
_RELIGION = re.compile(
    rf"{_WHO}[^,。;!?\n:、]{{0,8}}?(?P<what>(?:信仰|信奉|信教|信|皈依|加入了?|是(?:个|一?名|位)?(?:虔诚的)?){_FAITHS}(?:徒|教徒|信徒|教)?(?:的)?)(?!堂|寺|协会)"
)
_PEOPLES = (
    r"(?:汉|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉"
    r"|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺)族"
)
_ETHNIC = re.compile(
    rf"{_WHO}[^,。;!?\n:、]{{0,6}}?(?:是|为|系|属于|都是|身为)(?:一?[名个位])?(?P<what>{_PEOPLES}(?:人|同胞)?)(?!乡|镇|自治|区|县|州|村|街|风情|文化|节|博物|特色)"
)
_ETHNIC_FIELD = re.compile(rf"民族[:为是\s]{{1,3}}(?P<what>{_PEOPLES})")
_ETHNIC_LIST = re.compile(rf"[男女][,、\s]{{1,2}}(?P<what>{_PEOPLES})")
_ETHNIC_PERSON = re.compile(
    rf"(?P<what>{_PEOPLES})(?=(?:的)?(?:小伙|姑娘|老人|妇女|男子|女子|邻居|租客|大爷|大妈|小孩|家庭))"
)
_CRIMES = (
    r"(?:坐过[^,。;\n]{0,4}牢|坐牢|服过刑|服刑\w{0,2}|刑满释放|有(?:过)?(?:犯罪)?前科|(?<!提)前科|劳改(?:犯|释放)?|劳教过|被判(?:过|处)?(?:刑|有期徒刑|缓刑|[一二三四五六七八九十0-9]+年)|判过刑"
    r"|吸过?毒(?:人员)?|贩过?毒|蹲过监狱|社区矫正(?:对象)?|缓刑(?:人员)?|取保候审|强制戒毒|被拘留过?|(?<!无)(?<!违法)犯罪记录|犯过罪)"
)
_RECORD = re.compile(rf"{_WHO}[^,。;!?\n:、]{{0,8}}?(?P<what>{_CRIMES})(?!政策|帮扶|安置工作|中心|法|宣传|基地)")
_DENIED = re.compile(r"没有?$|未$|不$|无$|怕$|担心$|容易$|避免$|会$")


# One of these stands in every finding of the kind: most texts hold none, and are not read further.
_HINTS = {
    "health": re.compile(
        r"癌|瘤|病|症|炎|肺|脑|糖尿|高血压|中风|瘫|痴|哮喘|衰|硬化|残|智障|智力|聋|失明|孕|痫|绝症|流产|骨折|截肢|狼疮|艾滋|梅毒|乙肝|丙肝|帕金森|阿尔茨|新冠|风湿"
    ),
    "religion": re.compile(r"教|督|佛|法轮|全能神|耶稣|穆斯林|真主|上帝|菩萨"),
    "ethnicity": re.compile("族"),
    "record": re.compile(r"刑|牢|毒|监狱|前科|劳|矫正|取保|拘留|犯"),
}
_PATTERNS = (
    ("health", (_HEALTH, _FOUND_ILL, _STATE, _IT_IS_ME)),
    ("religion", (_RELIGION,)),
    ("ethnicity", (_ETHNIC, _ETHNIC_FIELD, _ETHNIC_LIST, _ETHNIC_PERSON)),
    ("record", (_RECORD,)),
)


def sensitive_in(text: str) -> Iterator[Found]:
    """This will find words on health, religion, ethnicity and record about a person; a place, a policy or a fear stays."""
    for kind, patterns in _PATTERNS:
        if _HINTS[kind].search(text) is None:
            continue
        for match in (m for pattern in patterns for m in pattern.finditer(text)):
            start, end = match.span("what")
            if not (kind == "health" and _DENIED.search(text[match.start() : start])):
                yield found(start, end, kind, 0.85)
