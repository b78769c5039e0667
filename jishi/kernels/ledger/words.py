"""Eight characters that two people can compare over a telephone.

256 characters, each with a syllable of its own (tone left aside), so that no two sound alike when read out.
"""

TABLE = """
ai爱 an安 ba八 bai白 ban班 bang帮 bao包 bei北 bi笔 bian边 biao表 bing冰 bu布 cai彩 cao草 ce册
cha茶 chan产 chang长 chao朝 che车 chen晨 cheng城 chi池 chong虫 chu初 chuan船 chun春 ci词 cong从 da大 dai带
dan丹 dang当 dao刀 de德 deng灯 dian电 ding丁 dong东 dou豆 duan短 dui队 duo多 er耳 fa发 fan帆 fang方
fei飞 feng风 fu福 gan甘 gao高 ge歌 gong工 gu谷 guan关 guang光 gui归 guo国 hai海 han汗 hao好 he河
hei黑 hong红 hu湖 hua花 huan环 huang黄 huo火 ji鸡 jia家 jian剑 jiang江 jiao桥 jie街 jin金 jing京 jiu九
ju菊 juan卷 jun军 kai开 kan看 kang康 ke科 kong空 la拉 lai来 lan蓝 lao老 le乐 leng冷 li李 lian莲
liang粮 liao辽 lin林 ling铃 liu柳 long龙 lu路 luo罗 lv绿 ma马 mai麦 man慢 mao猫 mei梅 men门 meng梦
mi米 mian面 miao苗 min民 ming明 mo墨 mu木 nai奶 nan南 neng能 nian年 ning宁 niu牛 nong农 nuan暖 pan盘
peng朋 pian片 pin品 ping平 qi七 qian千 qiao巧 qin琴 qing青 qiu秋 qu曲 quan泉 rang让 re热 ren人 ri日
rong容 ru如 run润 san三 sang桑 se色 sen森 sha沙 shan山 shang上 shao少 she社 shen身 sheng生 shi石 shou手
shu书 shua刷 shuang双 shui水 shun顺 shuo说 si四 song松 su苏 suan算 sui岁 sun孙 suo锁 ta塔 tai台 tan谈
tang糖 tao桃 te特 teng藤 ti题 tian天 tiao条 tie铁 ting庭 tong铜 tou头 tu土 tuan团 tui推 tuo托 wa瓦
wai外 wan万 wang王 wei围 wen文 wo我 wu五 xi西 xia夏 xian县 xiang乡 xiao小 xie写 xin心 xing星 xiong熊
xiu修 xu许 xuan选 xue雪 xun寻 ya牙 yan盐 yang羊 yao药 ye叶 yi衣 yin银 ying英 yong用 you油 yu鱼
yuan园 yue月 yun云 za杂 zai在 zan赞 zao早 ze则 zeng增 zhai宅 zhan站 zhang张 zhao照 zhe者 zhen镇 zheng正
zhi知 zhong中 zhou州 zhu竹 zhuan砖 zhuang庄 zhui追 zhun准 zhuo桌 zi子 zong总 zu足 zuan钻 zui最 zun尊 zuo左
"""
SYLLABLES = {pair[:-1]: pair[-1] for pair in TABLE.split()}
CHARACTERS = "".join(SYLLABLES.values())


def check_words(root_hash: bytes) -> str:
    """This will turn the first eight bytes of a root into eight characters, in two groups of four.

    They tell an honest slip from a true copy; who wants certainty compares the whole root.
    """
    said = "".join(CHARACTERS[b] for b in root_hash[:8])
    return f"{said[:4]} {said[4:]}"
