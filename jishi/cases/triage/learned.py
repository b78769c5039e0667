"""What the town has taught: learned models as data (spec 12 §10).

Plain arrays with a header; hash and size are checked.

A model that cannot be read is as one that is not there: zero-shot answers, and the edition says so. One that was
taught when texts were read otherwise (other concepts, other weights) is refused too: it would answer otherwise than
the model that people compared and adopted.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from jishi.cases.models import ModelEdition
from jishi.duties.queries import Law
from jishi.foundation import marks, scope
from jishi.kernels.text import said
from jishi.kernels.text.classify import Learned, OlderModel, UnknownModel

log = logging.getLogger(__name__)
KIND = "classify"
MAGIC = b"jishi-model 1\n"
BITS = 18  # what a model of this version is hashed to
LARGEST = 512 * 1024 * 1024
MOST_KEPT = 8
_kept: dict[tuple[str, int, str], tuple[Learned | None, str]] = {}


@dataclass(frozen=True, slots=True)
class Adopted:
    """The model that answers with zero-shot, if it can be read, and the name of its edition."""

    model: Learned | None
    edition: str
    thresholds: Sequence[Mapping[str, Any]] = ()
    key: str = ""  # names the bytes: what is worked out from them is kept under it


def reading_of(model: Learned) -> str:
    """Name how texts were read when the model was taught; its card keeps it, so that a list reads no arrays."""
    return said.reading(model.zero.bits)


def is_older(card: Mapping[str, Any]) -> bool:
    """Whether an edition was taught when texts were read otherwise: it answers no more and is learned again."""
    return card.get("reading") != said.reading(BITS)


def packed(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Write a model: a line that names the format, a line of JSON, then the numbers of each array."""
    shapes = [[name, arrays[name].dtype.str, list(arrays[name].shape)] for name in sorted(arrays)]
    head = json.dumps({**header, "arrays": shapes}, ensure_ascii=False, sort_keys=True).encode()
    return b"".join((MAGIC, head, b"\n", *(np.ascontiguousarray(arrays[name]).tobytes() for name in sorted(arrays))))


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read what `packed` wrote.

    :raises UnknownModel: another format, an unknown kind of number, or a size that does not fit.
    """
    if len(content) > LARGEST or not content.startswith(MAGIC):
        raise UnknownModel("not a model of this format")
    end = content.find(b"\n", len(MAGIC))
    try:
        header = json.loads(content[len(MAGIC) : end])
        arrays, at = {}, end + 1
        for name, kind, shape in header.pop("arrays"):
            dtype = np.dtype(str(kind))
            if dtype.kind not in "if":
                raise UnknownModel(f"{kind} is not a number")
            count = int(np.prod([int(n) for n in shape]))
            arrays[str(name)] = np.frombuffer(content, dtype, count, at).reshape([int(n) for n in shape])
            at += count * dtype.itemsize
    except (ValueError, KeyError, TypeError) as fault:
        raise UnknownModel("the header does not fit the arrays") from fault
    if at != len(content):
        raise UnknownModel("the size does not fit the header")
    return header, arrays


def adopted(law: Law) -> Adopted:
    """Give the learned model in force; asks once per transaction which one it is."""
    now = scope.current()
    found: Adopted | None = now.memo.get("learned model")
    if found is None:
        found = now.memo["learned model"] = _adopted(now.actor.tenant_id)
    return found


def forget() -> None:
    """Look again, because this transaction has changed which model is in force."""
    memo = scope.current().memo
    memo.pop("learned model", None)
    memo.pop("models in force", None)
    marks.forget(_IN_FORCE)


# The last row names the state of the kept answers: equal numbers, equal answers (see `knowledge`).
_IN_FORCE = marks.declare(
    "models",
    """
    SELECT json_build_array(
        (SELECT json_agg(json_build_array(kind, id, number, sha256, told)) FROM (
            SELECT DISTINCT ON (kind) kind, id, number, sha256, card->'thresholds' AS told FROM cases_modeledition
            WHERE tenant_id = %(t)s::bigint AND retired_at IS NULL AND adopted_at IS NOT NULL
            ORDER BY kind, number DESC) AS adopted),
        (SELECT json_build_array('knowledge', coalesce(max(id), 0), count(*), coalesce(sum(version), 0)::text, NULL)
            FROM cases_knowledgeitem WHERE tenant_id = %(t)s::bigint))
    """,
)


def row_in_force(kind: str) -> tuple[int, int, str, Any] | None:
    """Give id, number, hash and thresholds of the edition of a kind that is in force; asked once per transaction for
    every kind together."""
    now = scope.current()
    found: dict[str, tuple[int, int, str, Any]] | None = now.memo.get("models in force")
    if found is None:
        adopted, kept = marks.mark(_IN_FORCE)
        found = now.memo["models in force"] = {row[0]: tuple(row[1:]) for row in (*(adopted or ()), kept)}
    return found.get(kind)


def _adopted(tenant_id: int) -> Adopted:
    row = row_in_force(KIND)
    return Adopted(None, "") if row is None else edition(tenant_id, *row)


def edition(tenant_id: int, row_id: int, number: int, sha256: str, told: Any = None) -> Adopted:
    """Give one stored edition, from memory where it was read before; `told` are its thresholds."""
    key = (str(connection.settings_dict["NAME"]), tenant_id, sha256)
    if key not in _kept:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = _read(row_id, number, sha256)
    held = json.loads(told) if isinstance(told, str) else told
    model, fault = _kept[key]
    return Adopted(model, f"learned@{number}{fault}", held or (), sha256)


def newest_day(tenant_id: int) -> str:
    """Give the last day (YYYY-MM-DD) of what the edition in force has learned from; empty where none is in force."""
    rows = ModelEdition.objects.filter(tenant_id=tenant_id, kind=KIND, retired_at=None, adopted_at__isnull=False)
    card = rows.order_by("-number").values_list("card", flat=True).first()
    return str(card["period"][1]) if card else ""


def _read(row_id: int, number: int, sha256: str) -> tuple[Learned | None, str]:
    """Give the model, or none and what its edition is called by: `!older` is mended by learning again."""
    content = bytes(ModelEdition.objects.values_list("arrays", flat=True).get(id=row_id))
    try:
        return read(content, sha256), ""
    except OlderModel as fault:
        log.error("model edition %s answers no more, learn again: %s", number, fault)
        return None, "!older"
    except UnknownModel as fault:
        log.error("model edition %s cannot be read: %s", number, fault)
        return None, "!broken"


def read(content: bytes, sha256: str) -> Learned:
    """Read a stored model.

    :raises UnknownModel: hash, size, format or shapes do not fit. :raises OlderModel: it was taught on other features.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UnknownModel("the hash does not fit")
    header, arrays = unpacked(content)
    try:
        return Learned.from_arrays(header, arrays)
    except OlderModel:
        raise
    except (KeyError, ValueError, IndexError, TypeError) as fault:
        raise UnknownModel(str(fault)) from fault
