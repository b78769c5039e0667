"""One spelling for each value: JSON of RFC 8785, for the values that an entry may hold."""

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring

LARGEST = 2**53 - 1  # beyond it, JSON readers disagree on the number

class NotCanonical(ValueError):
    """The value has no single spelling. `where` is the road to it, such as `$.codes[2]`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


def canonical(value: object) -> str:
    """This will write a value as JSON in the one form of RFC 8785 (encode it as UTF-8 to hash it).

    Taken: text, whole number, true, false, null, list, mapping with text keys.
    :raises NotCanonical: for any other type; fractions (write money as fen, shares as text); numbers beyond
        ±(2⁵³ − 1) (write them as text); half a surrogate pair.
    """
    return _write(value)


def _write(value: object) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise NotCanonical("$", "a number beyond 2^53 - 1 is written as text")
        return int.__repr__(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{','.join([_inside(v, f'[{i}]') for i, v in enumerate(value)])}]"
    raise NotCanonical("$", f"{type(value).__name__} has no canonical form")


def _mapping(value: Mapping[object, object]) -> str:
    keys: list[str] = []
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical("$", f"the key {key!r} is no text")
        keys.append(key)
    written = {key: _quote(key) for key in keys}
    # RFC 8785 3.2.3: by UTF-16 code units, not by code points.
    keys.sort(key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join([f"{written[k]}:{_inside(value[k], f'.{k}')}" for k in keys]) + "}"


def _inside(value: object, step: str) -> str:
    try:
        return _write(value)
    except NotCanonical as refused:
        raise NotCanonical(f"${step}{refused.where[1:]}", refused.why) from None


def _quote(text: str) -> str:
    """The escapes of the standard library are those of RFC 8785 3.2.2.2."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("$", "half a surrogate pair") from None
    return encode_basestring(text)
