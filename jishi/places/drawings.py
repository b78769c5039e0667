"""Drawn grids as they come in a GeoJSON file: read, converted once, tidied, checked. Nothing is stored here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry import shape as shape_of

from jishi.foundation.refusals import Invalid
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo import datum
from jishi.kernels.geo.validate import BLOCKER, WARNING, Finding, validate_polygons
from jishi.places.refusals import FileOfFaultyPlan, UnknownDatum

MAX_VERTICES, MAX_BYTES = 2_000_000, 500 * 1024 * 1024  # spec 20 §7

WORDS: Mapping[str, tuple[str, str]] = {
    "not_json": ("不是可读的 GeoJSON", "not readable GeoJSON"),
    "not_a_polygon": ("不是面", "is not a polygon"),
    "swapped_axes": ("经纬度写反了，整个文件都要对调", "longitude and latitude are swapped in the whole file"),
    "metres_not_degrees": ("坐标是米，不是度", "the coordinates are metres, not degrees"),
    "wrong_crs": ("坐标系不对", "the coordinate system is wrong"),
    "code_not_digits": ("代码不是 12 到 17 位数字", "the code is not 12 to 17 digits"),
    "code_of_another_community": ("代码属于别的社区", "the code is of another community"),
    "duplicate_code": ("代码重复", "the code stands twice"),
    "unclosed": ("边界没有闭合", "the ring is not closed"),
    "duplicate_vertices": ("有重复的点，已去掉", "repeated vertices, dropped"),
    "too_few_points": ("不足四个点", "fewer than four points"),
    "self_crossing": ("边界自己相交", "the ring crosses itself"),
    "spike": ("边界有一处尖刺：出去又原路回来", "the border has a spike: out and back again"),
    "zero_area": ("面积为零", "no area"),
    "ring_order": ("环的方向反了，已改正", "the ring runs the wrong way, turned"),
    "hole_outside_shell": ("洞在外圈之外", "a hole lies outside its shell"),
    "overlap": ("两个网格重叠", "two grids overlap"),
    "sliver": ("共用边上有细缝", "a sliver along a shared edge"),
    "gap": ("社区内有空白", "a gap inside the community"),
    "outside_parent": ("超出了社区边界", "reaches beyond its community"),
    "altitude_dropped": ("带有高程，已略去", "had altitudes, dropped"),
    "nameless": ("没有名称", "has no name"),
    "special_grid_without_owner": ("专属网格没有写明负责单位", "a special grid without the body that answers for it"),
    "ground_already_served": ("专属网格压在综合网格上", "a special grid lies on a general one"),
    "compound_cut": ("小区被网格边界切开", "a compound is cut by a border"),
    "building_without_grid": ("有楼栋不在任何网格里", "a building lies in no grid"),
    "no_crs": ("文件没有写明坐标系", "the file does not say its coordinate system"),
    "crs_said_otherwise": ("文件自己写的坐标系与所选的不同", "the file itself names another coordinate system"),
    "encoding_guessed": ("文字编码是试出来的，请核对名称", "the encoding was tried, check the names"),
    "mojibake": ("名称里有乱码，请换一种编码", "names are garbled, choose another encoding"),
    "column_names_cut": ("列名被截成十个字节，按开头对上了", "column names were cut at ten bytes"),
    "numbers_as_text": ("代码成了数字，已还原成文字", "codes had become numbers, made text again"),
    "dates_as_serials": ("日期成了数字，已还原成日期", "dates had become numbers, made days again"),
    "grid_without_building": ("网格里没有楼栋", "a grid without a building"),
    "households_out_of_band": ("户数不在最近一次计算的区间里", "its households are outside the band last calculated"),
    "not_a_line": ("不是线", "is not a line"),
    "bad_number": ("坐标不是数", "a coordinate is no number"),
    "no_length": ("几乎没有长度，已略去", "has hardly any length, dropped"),
    "joint_missing": ("一头搭在另一条线上，那里没有点，已补上", "ends on another line, joined there"),
    "crosses_without_joint": ("两条线交叉而不相通：是桥就不用动，是路口要补一个点",
                              "two lines cross and do not meet: a bridge stays so, a junction wants a vertex"),
    "piece_apart": ("这一片路和最大的一片不相通", "no way leads from this piece to the largest one"),
    "cut_by_barrier": ("过不去的屏障在这里切断了路，没有通道", "a hard barrier cuts a way here, without a crossing"),
    "outside_town": ("在本市以外", "lies outside the town"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """One grid of the file: tidied WKB, CGCS2000 degrees rounded to 1e-7."""

    code: str
    name: str
    kind: str
    special_of: str
    owner_ref: str
    wkb: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a file holds and what is wrong with it; `adopt` takes exactly the grids that stand here."""

    division: str
    source_crs: str
    grids: tuple[Drawn, ...]
    findings: tuple[Finding, ...]
    hash: str
    features: int
    cut: Mapping[str, Any] | None = None  # GeoJSON of the ground to cut out first, where special lies on general

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == BLOCKER)

    def as_json(self, lang: str = "zh") -> dict[str, Any]:
        """Give the report as a file: counts, and each finding with words, place, size, cure."""
        return {
            "division": self.division, "crs": self.source_crs, "features": self.features, "hash": self.hash,
            "blockers": len(self.blockers), "warnings": len(self.findings) - len(self.blockers),
            "findings": [
                {
                    "code": f.code, "level": f.level, "words": told(f, lang), "features": list(f.features),
                    "place": list(f.place) if f.place else None, "size_m2": f.size_m2, "proposal": f.proposal,
                }
                for f in self.findings
            ],
            "cut": self.cut,
        }  # fmt: skip


def told(finding: Finding, lang: str = "zh") -> str:
    """Say a finding in one sentence: which features, what, where, how large."""
    zh, en = WORDS.get(finding.code, (finding.code, finding.code))
    which = "、".join(str(n + 1) for n in finding.features[:3])
    more = f"等{len(finding.features)}个" if len(finding.features) > 3 else ""
    at = f"{finding.place[0]:.6f},{finding.place[1]:.6f}" if finding.place else ""
    if finding.code == "wrong_crs":
        crs, _, metres = finding.proposal.removeprefix("looks_like_").partition(":")
        zh, en = (
            f"{zh}：像是 {crs}，偏了 {metres.replace('_m', '')} 米",
            f"{en}: these look like {crs}, off by {metres}",
        )
    if finding.code == "households_out_of_band":
        homes, lo, hi = finding.proposal.split(":")
        zh, en = f"按房屋登记有 {homes} 户，最近一次计算的区间是 {lo}–{hi} 户", (
            f"the register counts {homes} households in it; the band last calculated is {lo}–{hi}"
        )
    unit = "m" if finding.code == "piece_apart" else "m²"
    size = f"{finding.size_m2:.1f} {unit}" if finding.size_m2 >= 0.05 else ""
    tail = " ".join(t for t in (at, size) if t)
    if not which and not lang.startswith("en"):
        return zh + (f"（{tail}）" if tail else "")
    if not which:
        return en + (f" ({tail})" if tail else "")
    if lang.startswith("en"):
        return f"feature {which}{' and more' if more else ''}: {en}" + (f" ({tail})" if tail else "")
    return f"第{which}个{more}：{zh}" + (f"（{tail}）" if tail else "")


def read(text: str | bytes) -> list[dict[str, Any]]:
    """Read a FeatureCollection.

    :raises Invalid: no GeoJSON, no features, too large, a ring of too many vertices, over the 180th meridian.
    """
    if len(text) > MAX_BYTES:
        raise Invalid(detail=f"文件超过 {MAX_BYTES // 1024 // 1024} MB")
    try:
        page = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: nested deeper than anybody draws
        raise Invalid(detail="不是可读的 GeoJSON") from None
    if isinstance(page, dict) and FileOfFaultyPlan.mark in page:
        raise FileOfFaultyPlan
    features = page.get("features") if isinstance(page, dict) else None
    if not isinstance(features, list) or not features or not all(isinstance(f, dict) for f in features):
        raise Invalid(detail="不是 FeatureCollection，或里面没有要素")
    return features


def examine(
    features: Sequence[dict[str, Any]], *, division: str, crs: str, parent: Any, known: Sequence[tuple[float, float]]
) -> Report:
    """Check drawn grids of a division against its border `parent` (a shape or None) and `known` places in it.

    :raises UnknownDatum: the system is not named, or not known.
    """
    try:
        name = datum.ensure_known(crs)
    except datum.UnknownDatum:
        raise UnknownDatum(crs=crs or "—") from None
    plain, findings = _converted(features, name)
    head = division_head(division)
    border = mapping(parent) if parent is not None else None
    findings += validate_polygons(plain, parent=border, community=head, known=known)
    findings, cut = _served(plain, findings)
    findings += _properties(plain)
    drawn = () if _unreadable(findings) else _drawn(plain)
    ordered = tuple(sorted(findings, key=lambda f: (f.level != BLOCKER, f.features[:1], f.code)))
    return Report(division, name, drawn, ordered, hash_of(drawn), len(features), cut)


def hash_of(grids: Sequence[Drawn]) -> str:
    """Give the hash of an edition: its grids by code, names and ground."""
    made = hashlib.sha256()
    for one in sorted(grids, key=lambda g: g.code):
        made.update(f"{one.code}\x1f{one.name}\x1f{one.kind}\x1f{one.owner_ref}\x1f".encode() + one.wkb)
    return made.hexdigest()


def converted(features: Sequence[dict[str, Any]], crs: str) -> list[dict[str, Any]]:
    """Give copies of features in CGCS2000, two coordinates each; nothing where a ring cannot be read."""
    made, _ = _converted(features, crs)
    return [{**f, "geometry": {**f["geometry"], "coordinates": _listed(f["geometry"]["coordinates"])}} for f in made]


def in_cgcs2000(features: Sequence[dict[str, Any]], crs: str) -> list[dict[str, Any]]:
    """Give `converted` features of a system that a person named. :raises UnknownDatum: not named, or not known."""
    try:
        return converted(features, datum.ensure_known(crs))
    except datum.UnknownDatum:
        raise UnknownDatum(crs=crs or "—") from None


def one_polygon(geometry: Any, crs: str) -> Any:
    """Give one drawn piece of ground in CGCS2000; None for what is no sound polygon. :raises UnknownDatum: as above."""
    feature = {"type": "Feature", "properties": {}, "geometry": geometry if isinstance(geometry, dict) else {}}
    try:
        drawn = shape_of(in_cgcs2000([feature], crs)[0]["geometry"])
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, shapely.errors.GEOSException):
        return None
    sound = drawn.geom_type in ("Polygon", "MultiPolygon") and not drawn.is_empty and drawn.is_valid
    return drawn if sound else None


def _listed(nested: Any) -> Any:
    return [_listed(one) for one in nested] if isinstance(nested, list) else getattr(nested, "tolist", lambda: nested)()


def _converted(features: Sequence[dict[str, Any]], crs: str) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Copies of the features in CGCS2000, two coordinates each; what cannot be read stays for the check to name."""
    rings: list[Any] = []
    places, with_altitude = [], []
    for number, feature in enumerate(features):
        geometry = feature.get("geometry") or {}
        found: list[Any] = []
        try:
            place, lost = _gathered(geometry.get("coordinates"), found, len(rings))
        except (TypeError, ValueError, IndexError):
            place, lost = None, False
        else:
            rings += found
        if lost:
            with_altitude.append(number)
        places.append((geometry.get("type"), place))
    moved = _moved(rings, crs)
    made = [
        {**feature, "geometry": {"type": kind, "coordinates": _put(place, moved)}}
        for feature, (kind, place) in zip(features, places, strict=True)
    ]
    nowhere = None
    return made, [
        Finding("altitude_dropped", tuple(with_altitude), nowhere, 0.0, "dropped", WARNING)
    ] if with_altitude else []


def _gathered(nested: Any, found: list[Any], first: int) -> tuple[Any, bool]:
    """Put the rings at any depth into one list and their numbers in their places; tells whether altitudes are lost."""
    if isinstance(nested, np.ndarray):
        points, lost = nested[:, :2], nested.shape[1] > 2
    elif nested and isinstance(nested[0], list | tuple) and nested[0] and isinstance(nested[0][0], int | float):
        points = np.array([[float(p[0]), float(p[1])] for p in nested], np.float64)
        lost = any(len(p) > 2 for p in nested)
    else:
        parts = [_gathered(part, found, first) for part in nested]
        return [p for p, _ in parts], any(lost for _, lost in parts)
    if len(points) > MAX_VERTICES:
        raise Invalid(detail=f"一个环超过 {MAX_VERTICES} 个点")
    found.append(points)
    return first + len(found) - 1, lost


def _put(place: Any, rings: Sequence[Any]) -> Any:
    if isinstance(place, list):
        return [_put(one, rings) for one in place]
    return rings[place] if place is not None else None


def _moved(rings: Sequence[Any], crs: str) -> Sequence[Any]:
    """Convert all rings at once; those whose axes are swapped stay for the check to name. Arrays come back: of lists
    a hundred thousand grids would fill half a gigabyte."""
    if not rings:
        return rings
    sizes = np.array([len(r) for r in rings])
    starts, points = np.cumsum(sizes) - sizes, np.concatenate(rings)
    lng, lat = points.T
    far, low, high = (f.reduceat(v, starts) for f, v in
                      ((np.maximum, np.abs(lng)), (np.minimum, lng), (np.maximum, lng)))  # fmt: skip
    if (((far > 180) & (far <= 360)) | ((far <= 180) & (high - low > 180))).any():  # beyond it are metres
        raise Invalid(detail="边界跨过了 180 度经线 · a border lies over the 180th meridian")
    if crs in ("gcj02", "bd09"):
        turned = datum.swapped(lng, lat) | ~np.isfinite(points).all(axis=1)
        meant = np.repeat(~np.logical_and.reduceat(turned, starts), sizes)
        if meant.any():
            done = datum.to_cgcs2000(lng[meant], lat[meant], crs)
            points[meant] = np.column_stack((done.lng, done.lat))
    return np.split(np.round(points, 7), starts[1:])


def _served(plain: Sequence[dict[str, Any]], findings: list[Finding]) -> tuple[list[Finding], dict[str, Any] | None]:
    """An overlap of a special grid with a general one has its own name, and a cut that would make it lawful."""
    made, cuts = [], []
    for finding in findings:
        kinds = [_kind(plain[n]) for n in finding.features]
        if finding.code == "overlap" and sorted(kinds) == ["general", "special"]:
            general, special = sorted(finding.features, key=lambda n: _kind(plain[n]))
            shape = shape_of(plain[general]["geometry"]).difference(shape_of(plain[special]["geometry"]))
            cuts.append({"type": "Feature", "properties": plain[general].get("properties"), "geometry": mapping(shape)})
            finding = Finding(
                "ground_already_served",
                (special, general),
                finding.place,
                finding.size_m2,
                "cut_the_general_grid",
                BLOCKER,
            )
        made.append(finding)
    return made, {"type": "FeatureCollection", "features": cuts} if cuts else None


def _kind(feature: Mapping[str, Any]) -> str:
    return str((feature.get("properties") or {}).get("kind") or "general")


def _properties(plain: Sequence[dict[str, Any]]) -> list[Finding]:
    found = []
    for number, feature in enumerate(plain):
        said = feature.get("properties") or {}
        if not str(said.get("name") or "").strip():
            found.append(Finding("nameless", (number,), None, 0.0, "give_a_name", BLOCKER))
        if _kind(feature) == "special" and not str(said.get("owner_ref") or "").strip():
            found.append(Finding("special_grid_without_owner", (number,), None, 0.0, "name_the_body", BLOCKER))
    return found


def _unreadable(findings: Sequence[Finding]) -> bool:
    shapes = {
        "not_a_polygon", "swapped_axes", "metres_not_degrees", "wrong_crs", "unclosed", "too_few_points",
        "self_crossing", "spike",
        "zero_area", "hole_outside_shell",
    }  # fmt: skip
    return any(f.code in shapes for f in findings)


def _drawn(features: Sequence[Mapping[str, Any]]) -> tuple[Drawn, ...]:
    if not features:
        return ()
    shapes = np.array([shape_of(f["geometry"]) for f in features], dtype=object)
    ground = shapely.to_wkb(oriented(shapely.remove_repeated_points(shapes)))
    said = [f.get("properties") or {} for f in features]
    return tuple(
        Drawn(
            str(one.get("code") or ""), str(one.get("name") or "").strip(), str(one.get("kind") or "general"),
            str(one.get("special_of") or ""), str(one.get("owner_ref") or ""), wkb,
        )
        for one, wkb in zip(said, ground.tolist(), strict=True)
    )  # fmt: skip


def oriented(shape: Any) -> Any:
    """Give a shape, or an array of them, whose rings run as a file's should: shells anticlockwise, holes clockwise
    (RFC 7946)."""
    if hasattr(shapely, "orient_polygons"):
        return shapely.orient_polygons(shape)
    if isinstance(shape, np.ndarray):
        return np.array([oriented(one) for one in shape], dtype=object)
    from shapely.geometry.polygon import orient  # noqa: PLC0415

    parts = [orient(p) for p in getattr(shape, "geoms", [shape])]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
