"""标签: a word of the desk on a case, to find it with others of its kind. About the matter, never about a person."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import moving
from jishi.cases.models import Case, Tagged
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.kernels.text.minimise import minimise_one

LONGEST = 20  # characters of one
MOST = 10  # of one case
WHO = ("dispatcher", "reviewer", "supervisor", "leading_office", "lead")


class NotATag(Refused):
    code, status = "not_a_tag", 422
    zh = "“{tag}”不能作标签：1 到 20 个字，不带空格、逗号，不写人名电话。"
    en = "“{tag}” is no tag: 1 to 20 characters, without blanks and commas, naming nobody."
    next_zh, next_en = "写事的类别，例如“汛期”。", "Name a kind of matter, such as 汛期."


class TooManyTags(Refused):
    code, status = "too_many_tags", 409
    zh, en = "一件事最多 {most} 个标签，会有 {n} 个。", "A case bears at most {most} tags; it would have {n}."
    next_zh, next_en = "先去掉不用的。", "Take unused ones off first."


class NothingToTag(Refused):
    code, status = "nothing_to_tag", 409
    zh, en = "标签已经是这样，没有要改的。", "The tags are so already."
    next_zh, next_en = "换一个标签。", "Name another tag."


def cleaned(tag: str) -> str:
    """Give the tag as it is kept. :raises NotATag: too long, two words, or it names somebody."""
    said = tag.strip()
    if not 1 <= len(said) <= LONGEST or any(c.isspace() or not c.isprintable() or c in ",，、;；" for c in said):
        raise NotATag(tag=said[:40])
    if minimise_one(said).shown != said:
        raise NotATag(tag="＊")
    return said


@transaction.atomic
def tag(
    case_id: int, *, add: Collection[str] = (), remove: Collection[str] = (), by: Actor, now: datetime,
    version: int | None = None,
) -> Case:  # fmt: skip
    """Put tags on a case and take others off; nothing moves, strangers see none of it.

    :raises NotATag, TooManyTags, NothingToTag. :raises NotAllowed: neither the desk nor the body that holds it.
    """
    held = moving.hold(case_id, by=by, version=version)
    policies.ensure_may_see(by, held.stand)
    if not any(policies.PARTIES[party](by, held.stand) for party in WHO):
        raise NotAllowed(why="标签由派单台、审核督办和承办单位来加。")
    case = held.case
    before = list(case.tags)
    taken_off = {cleaned(t) for t in remove}
    added = [t for t in dict.fromkeys(cleaned(t) for t in add) if t not in before]
    tags = [t for t in before if t not in taken_off] + [t for t in added if t not in taken_off]
    if tags == before:
        raise NothingToTag
    if len(tags) > MOST:
        raise TooManyTags(most=MOST, n=len(tags))
    Tagged.objects.filter(case=case, tag__in=set(before) - set(tags)).delete()
    fresh = [t for t in tags if t not in before]
    Tagged.objects.bulk_create(Tagged(tenant_id=case.tenant_id, case=case, tag=t) for t in fresh)
    case.change(tags=tags)
    trail.record(
        "case.tagged", ("case", case.id), by=by, at=now,
        codes={"version": case.version, "tags_from": before, "tags": tags},
    )  # fmt: skip
    return case
