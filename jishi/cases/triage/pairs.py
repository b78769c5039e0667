"""The model of pairs that answers: a town's own, refitted from what its desk accepted and refused, or the default."""

import hashlib
import logging

from django.db import connection

from jishi.cases.models import ModelEdition
from jishi.cases.triage import learned
from jishi.foundation import scope
from jishi.kernels.text.alike import PairModel, UnknownPairModel
from jishi.kernels.text.classify import UnknownModel

log = logging.getLogger(__name__)
KIND = "pairs"
DEFAULT = "pairs@3"
_FIRST_DAY = PairModel()
_kept: dict[tuple[str, int, str], PairModel | None] = {}


def in_force() -> tuple[PairModel, str]:
    """Give the model and the name of its edition; asks once per transaction. One that cannot be read: the default."""
    now = scope.current()
    found: tuple[PairModel, str] | None = now.memo.get("pair model")
    if found is None:
        found = now.memo["pair model"] = _in_force(now.actor.tenant_id)
    return found


def forget() -> None:
    """Look again, because this transaction has changed which model is in force."""
    scope.current().memo.pop("pair model", None)
    learned.forget()


def _in_force(tenant_id: int) -> tuple[PairModel, str]:
    row = learned.row_in_force(KIND)
    if row is None:
        return _FIRST_DAY, DEFAULT
    key = (str(connection.settings_dict["NAME"]), tenant_id, str(row[2]))
    if key not in _kept:
        if len(_kept) >= learned.MOST_KEPT:
            _kept.clear()
        _kept[key] = _read(row[0], row[1], row[2])
    model = _kept[key]
    return (model, f"pairs@town{row[1]}") if model is not None else (_FIRST_DAY, f"{DEFAULT}!broken")


def _read(row_id: int, number: int, sha256: str) -> PairModel | None:
    content = bytes(ModelEdition.objects.values_list("arrays", flat=True).get(id=row_id))
    try:
        return read(content, sha256)
    except UnknownModel as fault:
        log.error("edition %s of the model of pairs cannot be read: %s", number, fault)
        return None


def read(content: bytes, sha256: str) -> PairModel:
    """Read a stored model of pairs.

    :raises UnknownModel: hash, size, format or facts do not fit.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UnknownModel("the hash does not fit")
    header, arrays = learned.unpacked(content)
    try:
        return PairModel.from_arrays(header, arrays)
    except UnknownPairModel as fault:
        raise UnknownModel(str(fault)) from fault
