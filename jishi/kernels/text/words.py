"""Words for a search index: Chinese in overlapping pairs, everything else as it is written between spaces."""

import re
from collections.abc import Iterable
from operator import add

from .normalise import normalise_all

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_PIECE = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:[.\-_][a-z0-9]+)*")
_ONLY_HAN = re.compile(rf"[{_HAN}]")


def bigrams(text: str) -> list[str]:
    """This will cut one text; the batch form is `bigrams_all`."""
    return bigrams_all((text,))[0]


def bigrams_all(texts: Iterable[str]) -> list[list[str]]:
    """This will cut each text into words: overlapping pairs of Chinese characters (a single character that stands alone
    is itself), and words of letters and digits, folded and in small letters."""
    return [_cut(folded.text.lower()) for folded in normalise_all(texts)]


def _cut(text: str) -> list[str]:
    words: list[str] = []
    for piece in _PIECE.findall(text):
        if _ONLY_HAN.match(piece) and len(piece) > 1:
            words += map(add, piece, piece[1:])
        else:
            words.append(piece)
    return words


def tsvector_text(text: str) -> str:
    """This will write the words with blanks between, for `to_tsvector('simple', …)`.

    Every Chinese character begins one word: the pair with the next, or itself where a run of characters ends. So a
    search for one character is a search for a beginning, and the index needs no word per character (a third less).
    """
    folded = normalise_all((text,))[0].text.lower()
    return " ".join(word for piece in _PIECE.findall(folded) for word in _ended(piece))


def _ended(piece: str) -> list[str]:
    words = _cut(piece)
    return [*words, piece[-1]] if len(words[0]) == 2 and _ONLY_HAN.match(piece) else words


def tsquery_text(query: str) -> str:
    """This will write a query for `to_tsquery('simple', …)`: every phrase of Chinese characters in order (pairs joined
    by <->), one character as a beginning, all phrases and words required.

    Nothing of the query is read as an operator; no words give the empty string.
    """
    folded = normalise_all((query,))[0].text.lower()
    parts = []
    for piece in _PIECE.findall(folded):
        words = _cut(piece)
        beginning = ":*" if len(piece) == 1 and _ONLY_HAN.match(piece) else ""
        parts.append(" <-> ".join(f"'{word}'" for word in words) + beginning)
    return " & ".join(f"({part})" if "<->" in part else part for part in parts)
