"""One spelling for each value: JSON of RFC 8785, for the values that an entry may hold."""

from collections.abc import Mapping, Sequence

LARGEST = 2**53 - 1  # beyond it, JSON readers disagree on the number

SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


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
    return _write(value, "$")


def _write(value: object, where: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quote(value, where)
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise NotCanonical(where, "a number beyond 2^53 - 1 is written as text")
        return int.__repr__(value)
    if isinstance(value, Mapping):
        return _mapping(value, where)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{','.join(_write(v, f'{where}[{i}]') for i, v in enumerate(value))}]"
    raise NotCanonical(where, f"{type(value).__name__} has no canonical form")


def _mapping(value: Mapping[object, object], where: str) -> str:
    keys: list[str] = []
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(where, f"the key {key!r} is no text")
        _quote(key, where)
        keys.append(key)
    # RFC 8785 3.2.3: by UTF-16 code units, not by code points.
    keys.sort(key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join(f"{_quote(k, where)}:{_write(value[k], f'{where}.{k}')}" for k in keys) + "}"


def _quote(text: str, where: str) -> str:
    out = []
    for c in text:
        if c in SHORT:
            out.append(SHORT[c])
        elif c < " ":
            out.append(f"\\u{ord(c):04x}")
        elif "\ud800" <= c <= "\udfff":
            raise NotCanonical(where, "half a surrogate pair")
        else:
            out.append(c)
    return f'"{"".join(out)}"'
