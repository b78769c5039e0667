"""Vector tiles: what is written is what a reader of the published format finds, where it lies."""

import gzip

import numpy as np
import pytest
import shapely

from jishi.kernels.geo import tiles

Z = 14
HOME = (120.6, 28.0)


def fields(message: bytes):
    """Read a protobuf message plainly: (number, value) in turn; texts and messages as bytes."""
    at = 0

    def varint():
        nonlocal at
        shift = found = 0
        while True:
            byte = message[at]
            at += 1
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    while at < len(message):
        head = varint()
        if head & 7 == 0:
            yield head >> 3, varint()
        elif head & 7 == 1:
            yield head >> 3, message[at : at + 8]
            at += 8
        else:
            length = varint()
            yield head >> 3, message[at : at + length]
            at += length


def numbers(packed: bytes):
    found, shift, value = [], 0, 0
    for byte in packed:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(value)
            shift = value = 0
    return found


def parts(commands):
    """Read drawing commands into lists of points, one for each ring, line or set of points."""
    at, x, y, found = 0, 0, 0, []
    while at < len(commands):
        what, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            continue
        if what == 1:
            found.append([])
        for _ in range(count):
            dx, dy = (n >> 1 ^ -(n & 1) for n in commands[at : at + 2])
            x, y, at = x + dx, y + dy, at + 2
            found[-1].append((x, y))
    return found


def read(content: bytes):
    """Give {id: (kind, parts, what is said)} of the one layer of a tile."""
    if not content:
        return {}
    (layer,) = [v for n, v in fields(content) if n == 3]
    keys = [v.decode() for n, v in fields(layer) if n == 3]
    values = [next(iter(fields(v))) for n, v in fields(layer) if n == 4]
    found = {}
    for feature in (dict(fields(v)) for n, v in fields(layer) if n == 2):
        tags = numbers(feature.get(2, b""))
        said = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
        found[feature[1]] = (feature[3], parts(numbers(feature[4])), said)
    return found


def square(lng: float, lat: float, side: float):
    return shapely.box(lng, lat, lng + side, lat + side)


def one(shape, said=None, z=Z, **more):
    layer = tiles.Layer.of("buildings", [(7, shape, said or {})])
    return read(tiles.encode(layer, z, *tiles.place(*HOME, z), **more).content)


def back(x: int, y: int, z: int = Z):
    """Where a unit of the tile of HOME lies, in degrees."""
    at = tiles.place(*HOME, z)
    east, south = (at[0] + x / 4096) / 2**z, (at[1] + y / 4096) / 2**z
    return east * 360 - 180, float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * south)))))


def test_a_point_lies_within_a_unit_of_where_it_is():
    kind, drawn, _ = one(shapely.Point(HOME))[7]

    assert kind == 1
    lng, lat = back(*drawn[0][0])
    assert abs(lng - HOME[0]) < 6e-6 and abs(lat - HOME[1]) < 6e-6


def test_an_outer_ring_turns_one_way_and_its_hole_the_other_whatever_came_in():
    for outer in (square(*HOME, 0.004), shapely.reverse(square(*HOME, 0.004))):
        hole = square(HOME[0] + 0.001, HOME[1] + 0.001, 0.001).exterior.coords
        kind, rings, _ = one(shapely.Polygon(outer.exterior.coords, [hole]), z=13)[7]

        areas = [sum(x * b - a * y for (x, y), (a, b) in zip(r, r[1:] + r[:1], strict=True)) for r in rings]
        assert kind == 3 and areas[0] > 0 > areas[1]


def test_what_reaches_over_the_edge_is_cut_a_little_behind_it():
    kind, rings, _ = one(square(HOME[0] - 1, HOME[1] - 1, 2.0))[7]

    assert kind == 3 and {abs(v) for v in np.ravel(rings)} <= {64, 4096 + 64}


def test_what_is_said_of_it_is_of_its_kind_and_empty_words_are_not_said():
    words = {"name": "3号楼", "floors": 18, "hard": True, "m": 1.5, "a": None, "b": ""}
    _, _, said = one(shapely.Point(HOME), words)[7]

    assert said["name"] == (1, "3号楼".encode()) and said["floors"] == (6, 36) and said["hard"] == (7, 1)
    assert said["m"] == (3, np.float64(1.5).tobytes()) and set(said) == {"name", "floors", "hard", "m"}


def test_a_tile_holds_the_words_of_its_own_features_alone():
    far = (HOME[0] + 0.5, HOME[1])
    rows = [(1, shapely.Point(HOME), {"name": "近"}), (2, shapely.Point(far), {"name": "远"})]
    made = tiles.encode(tiles.Layer.of("buildings", rows), Z, *tiles.place(*HOME, Z))

    assert list(read(made.content)) == [1] and "远".encode() not in made.content and made.left_out == 0


def test_a_house_too_small_to_be_drawn_stays_as_a_point():
    kind, drawn, _ = one(square(*HOME, 1e-6), z=8)[7]

    assert kind == 1 and len(drawn[0]) == 1


def test_a_line_goes_on_where_the_next_part_begins():
    line = shapely.MultiLineString([[HOME, (HOME[0] + 0.001, HOME[1])], [(HOME[0], HOME[1] + 0.001), HOME]])

    kind, lines, _ = one(line)[7]

    assert kind == 2 and [len(one_) for one_ in lines] == [2, 2] and lines[0][0] == lines[1][1]


def test_where_there_is_no_room_the_largest_stay_and_how_many_do_not_is_said():
    rows = [(n, square(HOME[0] + 0.0001 * (n % 30), HOME[1] + 0.0001 * (n // 30), 3e-5), {}) for n in range(900)]
    rows.append((5000, square(*HOME, 0.003), {}))
    made = tiles.encode(tiles.Layer.of("buildings", rows), Z, *tiles.place(*HOME, Z), most=100)

    assert 5000 in read(made.content) and made.features <= 100
    assert made.features + made.left_out == 901


def test_a_crowded_town_stays_below_the_size_of_a_tile_at_every_scale():
    lng, lat = np.random.default_rng(3).uniform(-0.1, 0.1, (2, 30_000))
    rows = [
        (n, square(HOME[0] + x, HOME[1] + y, 2e-4), {"name": f"{n % 40}号楼"})
        for n, (x, y) in enumerate(zip(lng, lat, strict=True))
    ]
    layer = tiles.Layer.of("buildings", rows)

    for z in (8, 11):
        made = tiles.encode(layer, z, *tiles.place(*HOME, z))
        assert 0 < len(gzip.compress(made.content, 5)) <= 500_000


@pytest.mark.parametrize("wrong", [(7, 0, 0), (19, 0, 0), (8, 256, 0), (8, 0, -1)])
def test_a_tile_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match="/"):
        tiles.encode(tiles.Layer.of("x", [(1, shapely.Point(HOME), {})]), *wrong)


def test_a_layer_without_rows_is_an_empty_tile():
    assert tiles.encode(tiles.Layer.of("x", []), Z, *tiles.place(*HOME, Z)).content == b""
