"""Words for a search index: Chinese in overlapping pairs, everything else as it is written between spaces."""

import re
from collections.abc import Iterable

from .normalise import normalise_all

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_PIECE = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:[.\-_][a-z0-9]+)*")
_ONLY_HAN = re.compile(rf"[{_HAN}]")


def bigrams(text: str) -> list[str]:
    """This will cut one text; the batch form is `bigrams_all`."""
    return bigrams_all((text,))[0]


def bigrams_all(texts: Iterable[str]) -> list[list[str]]:
    """This will cut each text into the words of the search index: overlapping pairs of Chinese characters (a
    single character
    that stands alone is itself), and words of letters and digits, folded and in small letters."""
    return [_cut(folded.text.lower()) for folded in normalise_all(texts)]


def _cut(text: str) -> list[str]:
    words: list[str] = []
    for piece in _PIECE.findall(text):
        if _ONLY_HAN.match(piece) and len(piece) > 1:
            words += [piece[i : i + 2] for i in range(len(piece) - 1)]
        else:
            words.append(piece)
    return words


def tsvector_text(text: str) -> str:
    """This will write the words with blanks between, for `to_tsvector('simple', …)`; single Chinese characters
    are added so that
    a search for one character finds it too."""
    folded = normalise_all((text,))[0].text.lower()
    return " ".join((*_cut(folded), *dict.fromkeys(_ONLY_HAN.findall(folded))))


def tsquery_text(query: str) -> str:
    """This will write a query for `to_tsquery('simple', …)`: every phrase of Chinese characters in order (pairs
    joined by <->),
    all phrases and words required. Nothing of the query is read as an operator; no words give the empty string."""
    folded = normalise_all((query,))[0].text.lower()
    parts = []
    for piece in _PIECE.findall(folded):
        words = _cut(piece)
        parts.append(" <-> ".join(f"'{word}'" for word in words) if len(words) > 1 else f"'{words[0]}'")
    return " & ".join(f"({part})" if "<->" in part else part for part in parts)
