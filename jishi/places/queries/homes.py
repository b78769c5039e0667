"""Where somebody is served who names no place: the community and the grid where she lives, as far as that goes.

No door and no house: the place is known to the grid, never to a point (spec 20 §§3.4, 3.5).
"""

from collections.abc import Sequence

from jishi.kernels.dutylist import Place
from jishi.places import memory
from jishi.places.queries.finding import Spot, chain
from jishi.places.queries.served import Asking, Serving, serving_many
from jishi.places.things import Ground

BY_HOME = "home"  # the level of such a candidate


def homes(asked: Sequence[Asking]) -> list[Spot | None]:
    """Give the place of whoever serves each, in order; None where that is not known, or no community of ours.

    Each row that is opened is a reading that its person sees. Refuses as `serving_many`.
    """
    return [_spot(told, memory.ground(one.day)) for one, told in zip(asked, serving_many(asked), strict=True)]


def _spot(told: Serving, ground: Ground) -> Spot | None:
    community = ground.divisions.get(told.division)
    if community is None:
        return None
    grid = ground.by_code.get(told.grid) if told.grid else None
    candidate = {
        "value": grid.id if grid else None, "label": community.short_name, "p": 1.0, "level": BY_HOME,
        "grid": grid.code if grid else "", "grid_name": grid.name if grid else "",
        "reason": "没有说地方，按本人登记的居住地；服务跟着住的地方走",
    }  # fmt: skip
    place = Place(
        divisions=chain(community.code, ground), community=community.code, grid=grid.code if grid else None,
        exact=False,
    )  # fmt: skip
    return Spot(
        name=community.short_name, grid_id=grid.id if grid else None, grid_edition_id=grid.edition_id if grid else None,
        division_code=community.code, place=place, candidates=(candidate,), edition=ground.edition,
    )  # fmt: skip
