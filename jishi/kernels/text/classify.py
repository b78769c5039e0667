"""Which matter is a text about? From the matters' own documents on the first day, from confirmed cases later,
from both always.

A score is a probability (see `certainty`): 0.9 means that nine of ten such answers are right. Every answer can name
the words that it rests on. Names, sex, numbers and hidden data never reach the features (see `features.plain` and
`minimise`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from . import ordinary, said
from .certainty import TEMPERATURE, USUAL_MEASURE, Doubles, fit_temperature, in_own_measure, softmax, sure
from .features import Counted, Features, Floats, Ints, document_weights, stepped
from .lookup import Weights, weights_from
from .reasons import Reason, reasons_of

FORMAT = 2
LEAST_SAID = 10.0  # length of a row before it is weighed: a message of one line has 20 to 30, a greeting 3 to 6

# Least squares for few labels: what a case is drawn to, what a weight costs, what the level of a label may move.
MARGIN, PENALTY, LEVEL, ROUNDS = 5.0, 0.15, 0.3, 40
MOST_SOLVED, FEW_LABELS = 10_000, 30


class UnknownModel(ValueError):
    """The arrays are not a model that this version can read."""

    code = "unknown_model"


class OlderModel(UnknownModel):
    """The model was taught when texts were read otherwise: it would answer what nobody taught it. Learn again."""

    code = "older_model"


@dataclass(frozen=True)
class ZeroShot:
    """Similarity of a text to each label's own documents, as calibrated probabilities."""

    labels: tuple[str, ...]
    idf: Floats
    weights: Weights
    temperature: float
    bits: int

    @classmethod
    def fit(cls, documents: Mapping[str, Sequence[str]], *, bits: int = 18) -> "ZeroShot":
        """This will read each label's documents (names, parts, aliases, questions, golden sentences).

        Windows that are in every message (see `ordinary`) count a part.
        Labels keep the order of their names, whatever the order of the mapping.
        """
        labels = tuple(sorted(documents))
        owner = np.array([i for i, label in enumerate(labels) for _ in documents[label]], np.int64)
        rows = said.body(said.seen(text for label in labels for text in documents[label]), bits)
        row_owner = np.repeat(owner, np.diff(rows[0]))
        known = np.unique(rows[1].astype(np.int64) * max(1, len(labels)) + row_owner)
        idf = document_weights((known // max(1, len(labels))).astype(np.int32), len(labels), bits)
        # A window that no document knows says nothing; with weight 0 it does not make a long message look
        # unlike everything.
        idf[np.bincount(rows[1], minlength=1 << bits) == 0] = 0.0
        idf[ordinary.windows(bits)] *= np.float32(ordinary.PART)
        unit = said.weighed(rows, idf, bits)
        pairs = unit.indices.astype(np.int64) * max(1, len(labels)) + row_owner
        keys, inverse = np.unique(pairs, return_inverse=True)
        sums = np.bincount(inverse, weights=unit.values, minlength=len(keys))
        feature, label = keys // max(1, len(labels)), keys % max(1, len(labels))
        # The root lets a document that is said once weigh more beside one that is said often.
        sums = np.sqrt(sums)
        group = 2 * label + (feature >= (1 << bits) - said.RESERVED)
        norms = np.sqrt(np.bincount(group, weights=sums**2, minlength=2 * len(labels)))
        values = (sums / norms[group]).astype(np.float32) if len(label) else sums.astype(np.float32)
        return cls(labels, idf, weights_from(feature, label, values, len(labels), bits), TEMPERATURE, bits)

    def rows(self, texts: Iterable[str]) -> Features:
        """This will give the features as this model weighs them."""
        return self.weigh(said.whole(list(texts), self.bits, self.known))

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """The windows that some document holds."""
        held: npt.NDArray[np.bool_] = self.idf > 0
        return held

    def weigh(self, counted: Counted) -> Features:
        """This will weigh what was counted; a text that hardly says a known word stays short."""
        return said.folded(counted, self.idf, self.bits, least=LEAST_SAID)

    def similarity(self, rows: Features) -> Doubles:
        """This will give the cosine of each row with each label."""
        return self.weights.products(rows)

    def score(self, texts: Iterable[str]) -> Doubles:
        """This will give probabilities, one row per text, one column per label in the order of `labels`."""
        return self.probabilities(self.rows(texts))

    def probabilities(self, rows: Features) -> Doubles:
        """This will give calibrated probabilities of weighted rows (see `certainty`)."""
        return sure(self.similarity(rows), self.temperature)

    def calibrated(self, texts: Sequence[str], truth: Sequence[str]) -> "ZeroShot":
        """This will fit the temperature on confirmed cases."""
        at = {label: i for i, label in enumerate(self.labels)}
        kept = [i for i, label in enumerate(truth) if label in at]
        logits = in_own_measure(self.similarity(self.rows([texts[i] for i in kept])))
        return replace(self, temperature=fit_temperature(logits, np.array([at[truth[i]] for i in kept], np.int64)))

    def reasons(self, text: str, label: str, *, limit: int = 3) -> tuple[Reason, ...]:
        """This will name the words of the text that speak most for the label."""
        at = np.array([[self.labels.index(label)]], np.int64)
        return reasons_of((text,), at, self.weight_of, self.known, self.bits, limit=limit)[0][0]

    def weight_of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will give what each feature says for the label beside it."""
        return self.weights.of(features, labels) * self.idf[features]

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """This will give a header of plain values and plain arrays; `from_arrays` reads them back to the same bytes."""
        header = {
            "format": FORMAT,
            "reading": said.reading(self.bits),
            "kind": "zero_shot",
            "bits": self.bits,
            "temperature": self.temperature,
            "labels": list(self.labels),
        }
        w = self.weights
        return header, {"idf": self.idf, "indptr": w.indptr, "labels": w.labels, "values": w.values}

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> "ZeroShot":
        """This will read a model.

        :raises UnknownModel: another format or kind, or arrays that do not fit together.
        :raises OlderModel: texts were read otherwise when it was taught.
        """
        _ensure(header, arrays, "zero_shot", ("idf", "indptr", "labels", "values"))
        bits, labels = int(header["bits"]), tuple(header["labels"])
        indptr = arrays["indptr"]
        if len(indptr) != (1 << bits) + 1 or indptr[-1] != len(arrays["labels"]) or len(arrays["idf"]) != 1 << bits:
            raise UnknownModel("the arrays do not fit together")
        feature = np.repeat(np.arange(1 << bits), np.diff(indptr))
        weights = weights_from(feature, arrays["labels"].astype(np.int64), arrays["values"], len(labels), bits)
        return cls(labels, arrays["idf"], weights, float(header["temperature"]), bits)


def _ensure(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], kind: str, names: Sequence[str]) -> None:
    if header.get("format") in range(1, FORMAT):
        raise OlderModel(f"format {header['format']} was learned by an earlier version")
    if header.get("format") != FORMAT or header.get("kind") != kind:
        raise UnknownModel(f"format {header.get('format')!r} of kind {header.get('kind')!r} is not known here")
    if header.get("reading") != said.reading(int(header["bits"])):
        raise OlderModel("texts are read otherwise than when it was taught")
    missing = [name for name in names if name not in arrays]
    if missing:
        raise UnknownModel(f"missing arrays: {', '.join(missing)}")


@dataclass(frozen=True)
class Learned:
    """Multinomial logistic regression on the same features, started from zero-shot: logit = zero-shot similarity
    over `start` + correction. Without a case it answers as zero-shot does."""

    zero: ZeroShot
    columns: npt.NDArray[np.int32]
    idf: Floats
    weights: Floats
    bias: Floats
    support: Ints
    start: float
    temperature: float
    mixed_temperature: float = 1.0  # of both answers together

    @classmethod
    def fit(
        cls,
        zero: ZeroShot,
        texts: Sequence[str],
        truth: Sequence[str],
        *,
        seed: int,
        newest: Sequence[float] | None = None,
        epochs: int = 20,
    ) -> "Learned":
        """This will learn corrections from confirmed cases, oldest first; the newest tenth sets the temperature,
        and is learned from too where little is learned at a time (see `_solve`).

        `newest` are weights of the cases (1 where not given). A label without a case gets no correction and keeps its
        zero-shot logit. The same cases and seed give the same bytes. Cases of a label that `zero` does not know are
        left out.
        """
        at = {label: i for i, label in enumerate(zero.labels)}
        kept = [i for i, label in enumerate(truth) if label in at]
        told = [texts[i] for i in kept]
        counted = said.whole(told, zero.bits)
        similarity = zero.similarity(zero.weigh(counted))
        y = np.array([at[truth[i]] for i in kept], np.int64)
        share = np.ones(len(kept)) if newest is None else np.array([newest[i] for i in kept])
        held = len(kept) // 10
        used = len(kept) - held
        model = cls._from(zero, counted, similarity, y, share, used, seed, epochs)
        if held < 20:
            return model
        logits = model._logits(told)[used:]
        sure = fit_temperature(logits, y[used:])
        mixed = blend(softmax(similarity[used:] / model.start), softmax(logits / sure), model.support)
        mixed_sure = fit_temperature(np.log(mixed + 1e-12), y[used:])
        if model._solvable(y, used):  # how sure is known now: the newest may teach as well
            model = cls._from(zero, counted, similarity, y, share, len(kept), seed, epochs)
        return replace(model, temperature=sure, mixed_temperature=mixed_sure)

    @classmethod
    def _from(
        cls, zero: ZeroShot, counted: Counted, similarity: Doubles, y: Ints, share: Doubles, used: int, seed: int,
        epochs: int,
    ) -> "Learned":  # fmt: skip
        """This will learn from the first `used` of the cases; nothing says yet how sure the answers are."""
        known = counted[1][: counted[0][used]]
        columns = np.flatnonzero(np.bincount(known, minlength=2 << zero.bits) >= 2).astype(np.int32)
        emphasis = said.emphasis(zero.bits, used / max(1, len(np.unique(y[:used]))))
        idf = (document_weights(known, used, zero.bits + 1) * emphasis)[columns]
        support = np.bincount(y, minlength=len(zero.labels)).astype(np.int64)
        shape = len(columns), len(zero.labels)
        weights, bias = np.zeros(shape, np.float32), np.zeros(shape[1], np.float32)
        model = cls(zero, columns, idf, weights, bias, support, zero.temperature * USUAL_MEASURE, 1.0)
        if used:
            model = replace(model, start=fit_temperature(similarity[:used], y[:used]))
            prior = similarity / model.start
            if model._solvable(y, used):
                _solve(model, model._own(counted), prior, y, share, used)
            else:
                _descend(model, model._own(counted), prior, y, share, used, seed, epochs)
            model.weights[:] = stepped(model.weights)
        return model

    def _solvable(self, y: Ints, used: int) -> bool:
        """Whether least squares serve: few labels, each with cases."""
        least = np.bincount(y[:used], minlength=len(self.support)).min()
        return bool(used <= MOST_SOLVED and len(self.support) <= FEW_LABELS and least >= 10)

    def _own(self, counted: Counted) -> Features:
        return said.weighed(counted, self._spread, self.zero.bits)

    @cached_property
    def _spread(self) -> Floats:
        """The weight of each feature, 0 for those that are not learnt."""
        weights = np.zeros(2 << self.zero.bits, np.float32)
        weights[self.columns] = self.idf
        return weights

    @cached_property
    def _place(self) -> npt.NDArray[np.int32]:
        """The column of each feature, −1 for those that are not learnt."""
        place = np.full(2 << self.zero.bits, -1, np.int32)
        place[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        return place

    def _logits(self, texts: Sequence[str]) -> Doubles:
        counted = said.whole(texts, self.zero.bits, self.known)
        logits = self.zero.similarity(self.zero.weigh(counted)) / self.start + self.bias
        rows = self._own(counted)
        for first in range(0, len(rows), 128):
            last = min(first + 128, len(rows))
            used, block = _block(rows, np.arange(first, last), self._place)
            # Whole steps in double precision: exact, so alone and in a batch a text gets the same bits.
            logits[first:last] += block.astype(np.float64) @ self.weights[used].astype(np.float64)
        return logits

    def score(self, texts: Iterable[str]) -> Doubles:
        """This will give probabilities, one row per text, one column per label of the zero-shot model."""
        if not self.support.any():
            return self.zero.score(texts)
        return softmax(self._logits(list(texts)) / self.temperature)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """The windows that some document or two confirmed cases hold."""
        held = self.zero.known.copy()
        held[self.columns & ((1 << self.zero.bits) - 1)] = True  # those of the front are windows too
        return held

    def reasons(self, text: str, label: str, *, limit: int = 3) -> tuple[Reason, ...]:
        """This will name the words that speak most for the label, by both models together."""
        at = np.array([[self.zero.labels.index(label)]], np.int64)
        return reasons_of((text,), at, self.weight_of, self.known, self.zero.bits, limit=limit)[0][0]

    def weight_of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will give what each feature says for the label beside it, by both models together."""
        weight = self.zero.weight_of(features, labels) / self.start
        if len(self.columns):
            at = np.minimum(np.searchsorted(self.columns, features), len(self.columns) - 1)
            weight += np.where(self.columns[at] == features, self.weights[at, labels] * self.idf[at], 0.0)
        return weight

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """This will give a header and plain arrays of the whole model, the zero-shot part included."""
        header, arrays = self.zero.to_arrays()
        own: dict[str, npt.NDArray[Any]] = {
            "columns": self.columns,
            "learned_idf": self.idf,
            "learned": self.weights,
            "bias": self.bias,
            "support": self.support,
        }
        header |= {"kind": "learned", "start": self.start, "learned_temperature": self.temperature}
        return header | {"mixed_temperature": self.mixed_temperature}, arrays | own

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> "Learned":
        """This will read a model.

        :raises UnknownModel: another format or kind, or arrays that do not fit together.
        :raises OlderModel: texts were read otherwise when it was taught.
        """
        _ensure(header, arrays, "learned", ("columns", "learned_idf", "learned", "bias", "support"))
        zero = ZeroShot.from_arrays({**header, "kind": "zero_shot"}, arrays)
        if arrays["learned"].shape != (len(arrays["columns"]), len(zero.labels)):
            raise UnknownModel("the arrays do not fit together")
        return cls(
            zero,
            arrays["columns"],
            arrays["learned_idf"],
            arrays["learned"],
            arrays["bias"],
            arrays["support"],
            float(header["start"]),
            float(header["learned_temperature"]),
            float(header["mixed_temperature"]),
        )


def _block(rows: Features, picked: Ints, place: npt.NDArray[np.int32]) -> tuple[Ints, Floats]:
    """The picked rows as a dense block over the columns that they use."""
    parts = [slice(rows.indptr[i], rows.indptr[i + 1]) for i in picked]
    feature = place[np.concatenate([rows.indices[p] for p in parts])]
    value = np.concatenate([rows.values[p] for p in parts])
    row = np.repeat(np.arange(len(picked)), [p.stop - p.start for p in parts])
    known = feature >= 0
    used, at = np.unique(feature[known], return_inverse=True)
    block = np.zeros((len(picked), len(used)), np.float32)
    block[row[known], at] = value[known]
    return used, block


def _solve(model: Learned, rows: Features, prior: Doubles, y: Ints, share: Doubles, used: int) -> None:
    """Least squares towards ±`MARGIN` from zero-shot, by conjugate gradients over the cases; writes into the fresh
    arrays of `model`. For few labels with cases each: steadier than descending, and nothing is left to chance."""
    last = rows.indptr[used]
    row = np.repeat(np.arange(used), np.diff(rows.indptr[: used + 1]))
    column, value = model._place[rows.indices[:last]], rows.values[:last].astype(np.float64)
    known = column >= 0
    row, column, value = row[known], column[known], value[known]
    offset = prior[:used] - prior[:used].mean(axis=1, keepdims=True)
    penalty = PENALTY / np.maximum(share[:used], 1e-6)

    def fold(told: Doubles) -> Doubles:
        sums: Doubles = np.bincount(column, value * told[row], minlength=len(model.columns)).astype(np.float64)
        return sums

    for label in range(len(model.support)):
        left = np.where(y[:used] == label, MARGIN, -MARGIN) - offset[:, label]
        found, way, size = np.zeros(used), left.copy(), float(left @ left)
        enough = 1e-8 * size
        for _ in range(ROUNDS):
            there = np.bincount(row, value * fold(way)[column], minlength=used) + LEVEL * way.sum() + penalty * way
            step = size / float(way @ there)
            found += step * way
            left -= step * there
            size, before = float(left @ left), size
            if size <= enough:
                break
            way = left + size / before * way
        model.weights[:, label] = fold(found)
        model.bias[label] = LEVEL * found.sum()


def _descend(
    model: Learned, rows: Features, prior: Doubles, y: Ints, share: Doubles, used: int, seed: int, epochs: int
) -> None:
    """Adaptive steps over small batches in an order that the seed fixes; writes into the fresh arrays of `model`."""
    order = np.random.Generator(np.random.PCG64(seed))
    seen_w = np.full(model.weights.shape, 1e-3, np.float32)
    seen_b = np.full(model.bias.shape, 1e-1, np.float32)
    unsupported = np.bincount(y[:used], minlength=len(model.support)) == 0
    for epoch in range(epochs):
        step = 2.0 / (1 + 0.3 * epoch)
        shuffled = order.permutation(used)
        for first in range(0, used, 64):
            picked = shuffled[first : first + 64]
            columns, block = _block(rows, picked, model._place)
            held, seen = model.weights[columns], seen_w[columns]
            gradient = softmax(prior[picked] + block @ held + model.bias)
            gradient[np.arange(len(picked)), y[picked]] -= 1.0
            gradient = (gradient * share[picked, None] / len(picked)).astype(np.float32)
            gradient[:, unsupported] = 0.0
            slope = block.T @ gradient
            slope += np.float32(1e-6) * held
            seen += slope * slope
            seen_w[columns] = seen
            slope *= np.float32(step)
            slope /= np.sqrt(seen)
            held -= slope
            model.weights[columns] = held
            slope_b = gradient.sum(axis=0)
            seen_b += slope_b**2
            model.bias[:] -= 0.1 * step * slope_b / np.sqrt(seen_b)


def blend(zero: Doubles, learned: Doubles, support: Ints, *, half_at: float = 10.0) -> Doubles:
    """This will mix both answers class by class: a class with `half_at` cases trusts both alike, one without
    cases only zero-shot."""
    trust = support / (support + half_at)
    mixed = (1 - trust) * zero + trust * learned
    result: Doubles = mixed / mixed.sum(axis=1, keepdims=True)
    return result


@dataclass(frozen=True)
class Blended:
    """What answers: zero-shot alone on the first day, mixed with what was learned later."""

    zero: ZeroShot
    learned: Learned | None
    place: Ints  # of each label among the labels that were learned; −1 for a label that came later

    @classmethod
    def of(cls, zero: ZeroShot, learned: Learned | None) -> "Blended":
        """This will join both by label: a label of today that was not learned keeps its zero-shot answer."""
        known = {label: k for k, label in enumerate(learned.zero.labels)} if learned else {}
        return cls(zero, learned, np.array([known.get(label, -1) for label in zero.labels], np.int64))

    @property
    def labels(self) -> tuple[str, ...]:
        return self.zero.labels

    def score(self, texts: Sequence[str]) -> Doubles:
        """This will give probabilities, one row per text, one column per label."""
        if self.learned is None:
            return self.zero.score(texts)
        # Confirmed cases have also said how sure zero-shot may be.
        zero = softmax(self.zero.similarity(self.zero.rows(texts)) / self.learned.start)
        known = self.place >= 0
        support = np.where(known, self.learned.support[self.place], 0)
        mixed = blend(zero, np.where(known, self.learned.score(texts)[:, self.place], 0.0), support)
        return softmax(np.log(mixed + 1e-12) / self.learned.mixed_temperature)

    def reasons(self, texts: Sequence[str], answers: Ints) -> list[list[tuple[Reason, ...]]]:
        """This will name the words that speak for each of the `answers` (texts × answers, places of labels)."""
        if self.learned is None:
            return reasons_of(texts, answers, self.zero.weight_of, self.zero.known, self.zero.bits)
        learned = self.learned

        def weight_of(features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
            at = self.place[labels]
            return np.where(at >= 0, learned.weight_of(features, at), self.zero.weight_of(features, labels))

        return reasons_of(texts, answers, weight_of, learned.known | self.zero.known, self.zero.bits)
