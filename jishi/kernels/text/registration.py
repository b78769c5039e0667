"""What a caller says of the own household registration (本地户口, 外地人 …): no guess may turn on it (spec 12 §1, §12.6).

It stays in the text that people read. Only what the guesses read is without it; words on registration that are the matter itself
(迁户口, 户口本丢了, 外地车牌) are not about the caller and stay.
"""
# ruff: noqa: E501

import re
from collections.abc import Iterable

_KIND = r"(?:本|外)(?:地|市|省|县|区|村)|外来|城镇|城市|城里|农村|乡下|农业|非农业?|非本[地市省]|居民|集体|流动|暂住"
_REGISTERED = (
    rf"(?:(?:{_KIND})(?:的)?(?:户口|户籍|人口|居民户口|居民)|(?:本|外)(?:地|市|省|县|村)(?:来)?的?(?:人|打工的|务工人员)|(?:城里|乡下|农村)的?人"
    r"|外来(?:打工的?|务工人员|务工者|工)|农民工|进城务工人员|新市民|流动人口|暂住人口)"
)
_SELF = r"(?:我们?(?:一?家人?|夫妻|两口子)?|本人|俺们?|咱们?|(?:本人)?作为|身为)"
_HOLDS = r"(?:也|都|只|就)?(?:不是|是|系|为|属于|没有|持有?|有|拿的是|户口是|户籍是|的户口是|的户籍是)?(?:一[名个位])?"
_END = r"(?:的|身份)?(?=[,，。;；!！?？、\n\s]|$)[,，。;；、]?"
# Said of oneself, or a clause that is nothing else.
_SAID = re.compile(rf"{_SELF}{_HOLDS}{_REGISTERED}{_END}|(?:(?<=[,，。;；!！?？\n])|^){_REGISTERED}{_END}")
_HINT = re.compile(r"户[口籍]|地人|省人|村人|里人|下人|务工|民工|打工|市民|人口|居民|外来工|的人")


def without(texts: Iterable[str]) -> list[str]:
    """This will give each text without what its writer says of the own registration; the same whichever that is."""
    return [_SAID.sub("", text) if _HINT.search(text) else text for text in texts]
