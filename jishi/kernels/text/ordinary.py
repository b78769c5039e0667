"""Words that stand in messages whatever they are about: greetings, asking, complaining, time, small words.

A matter's documents hold some of them by chance ("请问…", "没有"), and a long message holds most of them. They count a
part of what they would, so that a greeting does not choose a matter. Words that can tell matters apart (业主, 小区,
老人, 门口) are not here.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .features import hashes

PART = 0.3  # of their weight; fitted on generated messages, where 0.15 and 0.3 do alike and 1 loses two in a hundred

_WORDS = (
    # greetings, thanks, who is addressed
    "您好 你好 尊敬 尊敬的 领导 书记 市长 局长 政府 部门 有关部门 相关部门 有关单位 谢谢 感谢 辛苦 "
    # asking
    "请 请问 想 麻烦 希望 尽快 尽早 马上 立即 及时 处理 解决 帮忙 协调 答复 回复 回应 核实 督促 了解 告知 告诉 明确 "
    "落实 整改 关注 重视 要求 建议 咨询 投诉 举报 反映 求助 强烈 关于 问题 情况 事情 这件 件事 "
    # how, whether, why
    "什么 怎么 怎样 如何 为什么 能不能 是否 是不是 吗 呢 吧 啊 呀 么 "
    # people
    "我 我们 我家 你 您 你们 他 她 他们 她们 大家 自己 本人 居民 市民 群众 百姓 老百姓 有人 没人 人 "
    # when and how often
    "现在 目前 今天 昨天 已经 已 一直 至今 每天 每次 上次 多次 多年 几年 "
    "之前 以前 以后 之后 后来 时候 时间 年 月 日 时 天 次 "
    # where, without saying where
    "这里 那里 这边 那边 附近 旁边 地方 上 下 里 "
    # how bad
    "严重 影响 严重影响 造成 导致 出现 存在 发现 生活 正常 实在 根本 非常 特别 十分 很 太 更 最 "
    # small words
    "的 了 是 在 不 就 都 也 又 还 再 只 才 来 去 到 说 要 给 把 被 让 从 对 和 与 但 而 有 无 没 "
    "没有 为 以 于 之 其 及 或 等 将 该 此 "
    "所 因 由 向 跟 比 个 多 这 那 能 会 得 着 过 用 可 可以 不能 不会 不要 不是 无法 就是 还是 "
    "还有 有没 因为 所以 如果 但是 而且 以及 "
    "进行 需要 应该 应当 一个 一些 一下 一点 几个 这个 那个 这样 这些 那些 其他 所有 任何 各种 起来 出来"
)  # fmt: skip


def words() -> tuple[str, ...]:
    """This will give the words, each once."""
    return tuple(sorted(set(_WORDS.split())))


@lru_cache(maxsize=4)
def windows(bits: int) -> npt.NDArray[np.int32]:
    """This will give the windows that are such a word, each once."""
    found = [hashes(np.frombuffer(word.encode("utf-32-le"), np.uint32), len(word), bits) for word in words()]
    return np.unique(np.concatenate(found))
