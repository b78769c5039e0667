"""Who may change the ground: the office that keeps it, the loader, nobody else (spec 20 §1)."""

from collections.abc import Callable, Iterable

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.kernels.dutylist.operators import division_head

_wired: dict[str, Callable[[Actor, str], bool]] = {}  # what a room above tells of the body of a post


def wire(is_of_community: Callable[[Actor, str], bool]) -> None:
    """Take the question ``(actor, community)`` whether the post is one of the community's own body."""
    _wired["is_of_community"] = is_of_community


def _keeps_its_own(by: Actor, community: str) -> bool:
    """A post of the community's body that works in it. A company's post there has the area and not the right."""
    if not (by.kind == "staff" and by.has("handler") and len(by.area) == 12 and by.area == community):
        return False
    return _is_of_community(by, community)


def _is_of_community(by: Actor, community: str) -> bool:
    asked = _wired.get("is_of_community")
    return asked is not None and asked(by, community)


def ensure_may_keep_ground(by: Actor) -> None:
    """:raises NotAllowed: the post does not keep places."""
    if not by.has("office", "system", "system_admin"):
        raise NotAllowed(why="地点和网格由领导小组办公室维护。")


def ensure_may_keep_ground_of(by: Actor, division: str) -> None:
    """The office of the town, or of the street in which the division lies.

    :raises NotAllowed: the post does not keep places, or not these.
    """
    ensure_may_keep_ground(by)
    if not by.has("system") and not division.startswith(division_head(by.area)):
        raise NotAllowed(why="网格由本街道或领导小组办公室维护。")


def ensure_may_keep_houses(by: Actor, community: str) -> None:
    """The village or community itself, which knows its houses (spec 20 §1), or the office above it.

    :raises NotAllowed: another community's post, or none that keeps places.
    """
    if not _keeps_its_own(by, community):
        ensure_may_keep_ground_of(by, community)


def ensure_may_keep_entrances(by: Actor, community: str) -> None:
    """Besides, whoever walks there: a grid worker puts an entrance right on the spot (spec 20 §1).

    :raises NotAllowed: as `ensure_may_keep_houses`.
    """
    if not (by.kind == "staff" and by.has("grid_worker") and by.area and community.startswith(division_head(by.area))):
        ensure_may_keep_houses(by, community)


def keeps_houses(by: Actor) -> bool:
    """The bar asks: an office, or a post that works in one community. The page and the verbs insist on its body.

    A company's post there is shown the way and answered 403: whose body a post is of takes a statement, and the bar is
    drawn on pages that answer a failed transaction, too.
    """
    return by.kind == "staff" and (
        by.has("office", "system_admin") or (by.has("handler") and len(by.area) == 12 and by.area[9:] != "000")
    )


def ensure_keeps_houses(by: Actor) -> None:
    """:raises NotAllowed: neither an office nor a post of a community's own body."""
    if not keeps_houses(by) or not (by.has("office", "system_admin") or _keeps_its_own(by, by.area)):
        raise NotAllowed(why="小区、楼栋和户室由社区和领导小组办公室维护。")


def ensure_may_plan(by: Actor, community: str) -> None:
    """The leading group office of the town, or of the street in which the community lies; or the loader.

    :raises NotAllowed: any other post.
    """
    if by.has("system") or (by.kind == "staff" and by.has("office") and community.startswith(division_head(by.area))):
        return
    raise NotAllowed(why="网格方案由领导小组办公室和本街道起草、公示、通过。")


def may_plan(by: Actor, community: str) -> bool:
    """The button asks, the verb insists."""
    try:
        ensure_may_plan(by, community)
    except NotAllowed:
        return False
    return True


# Parties of institutions/procedures/gridplan.toml: (actor, community) -> is it this one?
PLAN_PARTIES: dict[str, Callable[[Actor, str], bool]] = {"plan_street": may_plan, "anybody": lambda _by, _place: True}


def ensure_may_load_divisions(by: Actor) -> None:
    """:raises NotAllowed: only the operator of the installation loads the national table."""
    if not by.has("system", "system_admin"):
        raise NotAllowed(why="全国区划表由平台运维载入。")


def ensure_may_keep_residence(by: Actor, account_id: int, division: str) -> None:
    """A person keeps her own; the post of the community she lives in or belongs to writes down what she told it.

    :raises NotAllowed: anybody else; nobody writes from hearsay.
    """
    if by.kind == "resident" and by.account_id == account_id:
        return
    ensure_is_community_of(by, division)


def ensure_is_community_of(by: Actor, division: str) -> None:
    """:raises NotAllowed: not a post of exactly this village's or community's own body."""
    if not _keeps_its_own(by, division):
        raise NotAllowed(why="住在哪里由本人说；社区只替自己社区的人登记。")


def may_know_of_residence(by: Actor, account_id: int) -> bool:
    """The person, and a community's own post, which is asked for the place next."""
    if by.kind == "resident":
        return by.account_id == account_id
    return by.kind == "staff" and by.has("handler") and len(by.area) == 12


def ensure_may_open_transition(by: Actor) -> None:
    """:raises NotAllowed: anybody but the leading group office."""
    if not by.has("office"):
        raise NotAllowed(why="过渡由领导小组办公室公告。")


def may_see_transition(by: Actor, origin_body: int, receiving_body: int) -> bool:
    """The office, and whoever acts for one of the two streets."""
    return by.kind == "staff" and (by.has("office", "auditor") or bool(by.body_ids & {origin_body, receiving_body}))


# Parties of institutions/procedures/transition.toml: (actor, origin, receiving) -> is it this one?
PARTIES: dict[str, Callable[[Actor, int, int], bool]] = {
    "county": lambda by, _origin, _receiving: by.has("office"),
    "origin_street": lambda by, origin, _receiving: by.has("handler", "head") and origin in by.body_ids,
    "either_street": lambda by, origin, receiving: by.has("handler", "head")
    and bool(by.body_ids & {origin, receiving}),
    "household": lambda by, _origin, _receiving: by.kind == "resident",
}


def ensure_is_party(by: Actor, parties: Iterable[str], origin_body: int, receiving_body: int) -> None:
    """:raises NotAllowed: none of these parties."""
    if not any(PARTIES[one](by, origin_body, receiving_body) for one in parties):
        raise NotAllowed(why="这一步由另一边办。")
