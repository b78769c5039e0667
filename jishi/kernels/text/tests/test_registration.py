"""Whose household is registered where is read by no guess; registration as the matter itself is."""

import pytest

from jishi.kernels.text.registration import without

KINDS = (
    *("本地户口", "外地人", "农村户口", "城镇户口", "外来务工人员", "新市民", "非本市户籍", "农业户口"),
    *("外省人", "流动人口"),
)
SAID = ("我是{}，", "我们一家都是{}。", "本人{}，", "作为一名{}，", "我没有{}，", "{}，", "我的户口是{}，")


@pytest.mark.parametrize("frame", SAID)
def test_what_is_said_of_the_own_registration_is_not_read(frame: str) -> None:
    texts = [f"{frame.format(kind)}楼下的路灯坏了三天。" for kind in KINDS]

    assert set(without(texts)) == {"楼下的路灯坏了三天。"}


@pytest.mark.parametrize(
    "text",
    [
        "想把外地户口迁到本地怎么办理", "外地车牌停在小区里", "户口本丢了怎么补办", "农民工工资三个月没有发",
        "我是小区居民，楼上漏水", "外来人口登记在哪里办", "我们居民要求公开账目",
    ],
)  # fmt: skip
def test_the_matter_itself_is_read(text: str) -> None:
    assert without([text]) == [text]
