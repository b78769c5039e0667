"""What does a group of reports say? Its most central sentence, what its texts share, which of them say most of it."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .features import Ints, hashes, plain

Small = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

BITS = 20
WINDOWS = (2, 3, 4)
TITLE = 40  # characters
_SHORTEST = 6
_READ = 24  # texts of one group
_FIRST = 1.4  # a first sentence is often a headline
_HEAD = 600  # characters of one text
_SENTENCES = 8  # of one text
_MANY = 0.4  # of the texts
_LONGEST = 10
_WORDS = 5
_RARE = 4  # as many times more often in the group than elsewhere
_END = re.compile(r"[。！？!?；;\n]+")
_CLAUSE = re.compile(r"[，,、：:\s]+")
_GREETING = re.compile(r"^(尊敬的[^，,：:]{0,12}|您好|你好|领导[您你]?好|各位领导|书记|市长|谢谢)[，,！!。：:\s]*")
_MARK = re.compile(r"〔[^〔〕\n]{1,20}〕")


class Saying:
    """Reads groups of one batch: texts with their rows of windows, and how many texts hold each window."""

    def __init__(self, texts: Sequence[str], indptr: Ints, indices: Small, values: Floats, frequency: Small) -> None:
        self._texts, self._indptr, self._indices, self._values = texts, indptr, indices, values
        self._frequency = frequency
        self._rare: dict[str, float] = {}
        self._middle = np.zeros(1 << BITS, np.float32)

    def central(self, rows: Sequence[int]) -> list[int]:
        """This will order rows of a group by how much of what all say each says; copies of a text follow at the end."""
        for row in rows:
            part = slice(self._indptr[row], self._indptr[row + 1])
            self._middle[self._indices[part]] += self._values[part]
        scored = [(-round(float(self._of(row)), 6), row) for row in rows]
        for row in rows:
            self._middle[self._indices[self._indptr[row] : self._indptr[row + 1]]] = 0.0
        met: set[str] = set()
        first: list[int] = []
        copies: list[int] = []
        for _, row in sorted(scored):
            (copies if self._texts[row] in met else first).append(row)
            met.add(self._texts[row])
        return first + copies

    def _of(self, row: int) -> float:
        part = slice(self._indptr[row], self._indptr[row + 1])
        return float((self._middle[self._indices[part]] * self._values[part]).sum())

    def title(self, central: Sequence[int]) -> str:
        """This will give the sentence of the most central texts that says most of what they share (≤ `TITLE`)."""
        texts = [self._texts[row][:_HEAD] for row in central[:_READ]]
        shares = Counter(w for text in texts for w in set(_pieces(text)))
        best, said = -1.0, ""
        for text in texts[:12]:
            for at, sentence in enumerate(_sentences(text)):
                score = self._worth(sentence, shares, len(texts)) * (1.0 if at else _FIRST)
                if score > best:
                    best, said = score, sentence
        return said or next((t.strip()[:TITLE] for t in texts if t.strip()), "")

    def _worth(self, sentence: str, shares: "Counter[str]", of: int) -> float:
        """What the others say too, against the length: a sentence of marks or of common words says little."""
        pieces = set(_pieces(sentence))
        if not pieces:
            return 0.0
        told = sum(self._rarity(p) * shares[p] / of for p in sorted(pieces) if shares[p] > 1 or of == 1)
        return told / float(len(pieces) ** 0.6) * (0.3 if _MARK.search(sentence) else 1.0)

    def _rarity(self, piece: str) -> float:
        """How rare the rarest window of a piece is among all texts: the logarithm of one in how many."""
        known = self._rare.get(piece)
        if known is None:
            codes = np.frombuffer(piece.encode("utf-32-le"), np.uint32)
            every = np.concatenate([hashes(codes, n, BITS) for n in WINDOWS])
            held = int(self._frequency[every].min(initial=len(self._texts)))
            known = self._rare[piece] = float(np.log((2 + len(self._texts)) / (1 + held)))
        return known

    def words(self, central: Sequence[int]) -> tuple[str, ...]:
        """This will give the longest strings that four in ten of the texts share and that are rare elsewhere."""
        texts = [self._texts[row][:_HEAD] for row in central[:_READ]]
        shares = Counter(w for text in texts for w in set(_strings(text)))
        least = max(2, int(np.ceil(_MANY * len(texts)))) if len(texts) > 1 else 1
        often = {w: n for w, n in shares.items() if n >= least}
        inside = {
            part for w, n in often.items() for part in (w[1:], w[:-1]) if part in often and n >= 0.8 * often[part]
        }
        # What is as long as it may be is a piece of a passage that was copied, no name.
        kept = [w for w in often if w not in inside and len(w) < _LONGEST]
        chance = {w: (often[w] / len(texts)) * self._rarity(w) for w in kept}
        rare = [w for w in kept if chance[w] * len(texts) / often[w] >= np.log(_RARE)] if len(texts) > 1 else []
        told: list[str] = []
        for w in sorted(rare, key=lambda w: (-chance[w] * min(len(w), 6) ** 0.5, w)):
            if not any(_overlap(w, v) for v in told):
                told.append(w)
        return tuple(told[:_WORDS])


def _overlap(a: str, b: str) -> bool:
    """Whether two strings are mostly the same."""
    pairs = {a[i : i + 2] for i in range(len(a) - 1)}
    other = {b[i : i + 2] for i in range(len(b) - 1)}
    return 2 * len(pairs & other) >= min(len(pairs), len(other))


def _pieces(text: str) -> list[str]:
    """Windows of two and three characters."""
    return [run[i : i + n] for run in plain((text,))[0].split() for n in (2, 3) for i in range(len(run) - n + 1)]


def _strings(text: str) -> list[str]:
    return [
        run[i : i + n]
        for run in plain((text,))[0].split()
        for n in range(2, _LONGEST + 1)
        for i in range(len(run) - n + 1)
    ]


def _sentences(text: str) -> list[str]:
    """Sentences of 6 to 40 characters; of a longer one its clauses from the front, as many as fit."""
    found = []
    for part in _END.split(text):
        sentence = _GREETING.sub("", part.strip()).strip()
        if len(sentence) > TITLE:
            sentence = _shortened(sentence)
        if _SHORTEST <= len(sentence) <= TITLE:
            found.append(sentence)
    return found[:_SENTENCES]


def _shortened(sentence: str) -> str:
    end = 0
    for gap in _CLAUSE.finditer(sentence):
        if gap.start() > TITLE:
            break
        end = gap.start()
    return sentence[:end] if end >= _SHORTEST else sentence[: TITLE - 1] + "…"
