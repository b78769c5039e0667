"""Which matter is a text about? From the matters' own documents on the first day, from confirmed cases later,
from both always.

A score is a probability after one temperature, so 0.9 means that nine of ten such answers are right. Every
answer can name the words
that it rests on. Names, sex, numbers and hidden data never reach the features (see `features.plain` and `minimise`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .features import Features, Floats, Ints, counts, document_weights, plain, weighted
from .reasons import Reason, reasons_of

Doubles = npt.NDArray[np.float64]
Counted = tuple[Ints, npt.NDArray[np.int32], Floats]
FORMAT = 1
_HEAVY = 8  # a feature known to more than an eighth of the labels (and to 8) is multiplied densely
_CHUNK = 512


class UnknownModel(ValueError):
    """The arrays are not a model that this version can read."""

    code = "unknown_model"


@dataclass(frozen=True)
class Weights:
    """Sparse weights feature → labels, by feature; the features known to many labels also as a dense block."""

    indptr: Ints
    labels: npt.NDArray[np.int32]
    values: Floats
    count: int
    heavy: npt.NDArray[np.int32]
    block: Floats
    keys: Ints  # feature × count + label, in order

    def of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will look up single weights; 0 where a feature says nothing of a label."""
        found = np.zeros(len(features))
        said = np.flatnonzero(self.indptr[features + 1] > self.indptr[features])
        if len(said):
            wanted = features[said].astype(np.int64) * self.count + labels[said]
            at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            found[said] = np.where(self.keys[at] == wanted, self.values[at], 0.0)
        return found

    def products(self, rows: Features) -> Doubles:
        """This will multiply sparse rows with the weights: (rows × labels)."""
        out = np.empty((len(rows), self.count))
        place = np.full(len(self.indptr) - 1, -1, np.int32)
        place[self.heavy] = np.arange(len(self.heavy), dtype=np.int32)
        for first in range(0, len(rows), _CHUNK):
            last = min(first + _CHUNK, len(rows))
            out[first:last] = self._chunk(rows, first, last, place)
        return out

    def _chunk(self, rows: Features, first: int, last: int, place: npt.NDArray[np.int32]) -> Doubles:
        part = slice(rows.indptr[first], rows.indptr[last])
        feature, value = rows.indices[part], rows.values[part]
        row = np.repeat(np.arange(last - first), np.diff(rows.indptr[first : last + 1]))
        at = place[feature]
        dense = np.zeros((last - first, len(self.heavy)), np.float32)
        dense[row[at >= 0], at[at >= 0]] = value[at >= 0]
        light = at < 0
        feature, value, row = feature[light], value[light], row[light]
        start = self.indptr[feature]
        length = self.indptr[feature + 1] - start
        total = np.repeat(start - np.concatenate(([0], np.cumsum(length)[:-1])), length) if len(start) else start
        where = total + np.arange(int(length.sum()))
        cell = np.repeat(row, length) * self.count + self.labels[where]
        flat = np.bincount(
            cell, weights=np.repeat(value, length) * self.values[where], minlength=(last - first) * self.count
        )
        products: Doubles = flat.reshape(last - first, self.count) + dense @ self.block
        return products


def weights_from(feature: Ints, label: Ints, value: Floats, labels: int, bits: int) -> Weights:
    """This will put (feature, label, value) triples, sorted by feature, into one lookup."""
    indptr = np.searchsorted(feature, np.arange((1 << bits) + 1)).astype(np.int64)
    heavy = np.flatnonzero(np.diff(indptr) > max(_HEAVY, labels // 8)).astype(np.int32)
    block = np.zeros((len(heavy), labels), np.float32)
    for k, f in enumerate(heavy):
        part = slice(indptr[f], indptr[f + 1])
        block[k, label[part]] = value[part]
    keys = feature.astype(np.int64) * labels + label
    return Weights(indptr, label.astype(np.int32), value.astype(np.float32), labels, heavy, block, keys)


def softmax(logits: Doubles) -> Doubles:
    """This will turn rows of logits into probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Doubles = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def fit_temperature(logits: Doubles, truth: Ints) -> float:
    """This will find the temperature under which the true labels are likeliest (golden section on its logarithm)."""
    if not len(truth):
        return 1.0
    rows = np.arange(len(truth))

    def surprise(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        top = scaled.max(axis=1)
        return float(np.mean(np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top - scaled[rows, truth]))

    low, high, ratio = np.log(0.005), np.log(20.0), (np.sqrt(5.0) - 1) / 2
    for _ in range(50):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if surprise(a) < surprise(b) else (a, high)
    return float(np.exp((low + high) / 2))


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

        The temperature comes from the documents themselves: each is judged as if it had been left out of its label.
        Labels keep the order of their names, whatever the order of the mapping.
        """
        labels = tuple(sorted(documents))
        owner = np.array([i for i, label in enumerate(labels) for _ in documents[label]], np.int64)
        rows = counts(plain(text for label in labels for text in documents[label]), bits)
        row_owner = np.repeat(owner, np.diff(rows[0]))
        known = np.unique(rows[1].astype(np.int64) * max(1, len(labels)) + row_owner)
        idf = document_weights((known // max(1, len(labels))).astype(np.int32), len(labels), bits)
        # A window that no document knows says nothing; with weight 0 it does not make a long message look
        # unlike everything.
        idf[np.bincount(rows[1], minlength=1 << bits) == 0] = 0.0
        unit = weighted(*rows, idf, bits)
        keys, inverse = np.unique(unit.indices.astype(np.int64) * max(1, len(labels)) + row_owner, return_inverse=True)
        sums = np.bincount(inverse, weights=unit.values, minlength=len(keys))
        feature, label = keys // max(1, len(labels)), keys % max(1, len(labels))
        # The root lets a document that is said once weigh more beside one that is said often.
        sums = np.sqrt(sums)
        norms = np.sqrt(np.bincount(label, weights=sums**2, minlength=len(labels)))
        values = (sums / norms[label]).astype(np.float32) if len(label) else sums.astype(np.float32)
        model = cls(labels, idf, weights_from(feature, label, values, len(labels), bits), 0.05, bits)
        return replace(model, temperature=_own_temperature(model, unit, owner, keys, values, inverse))

    def rows(self, texts: Iterable[str]) -> Features:
        """This will give the features as this model weighs them."""
        return weighted(*counts(plain(texts), self.bits), self.idf, self.bits)

    def similarity(self, rows: Features) -> Doubles:
        """This will give the cosine of each row with each label."""
        return self.weights.products(rows)

    def score(self, texts: Iterable[str]) -> Doubles:
        """This will give probabilities, one row per text, one column per label in the order of `labels`."""
        return softmax(self.similarity(self.rows(texts)) / self.temperature)

    def calibrated(self, texts: Sequence[str], truth: Sequence[str]) -> "ZeroShot":
        """This will fit the temperature on confirmed cases."""
        at = {label: i for i, label in enumerate(self.labels)}
        kept = [i for i, label in enumerate(truth) if label in at]
        logits = self.similarity(self.rows([texts[i] for i in kept]))
        return replace(self, temperature=fit_temperature(logits, np.array([at[truth[i]] for i in kept], np.int64)))

    def reasons(self, text: str, label: str, *, limit: int = 3) -> tuple[Reason, ...]:
        """This will name the words of the text that speak most for the label."""
        at = np.array([[self.labels.index(label)]], np.int64)
        return reasons_of((text,), at, self.weight_of, self.bits, limit=limit)[0][0]

    def weight_of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will give what each feature says for the label beside it."""
        return self.weights.of(features, labels) * self.idf[features]

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """This will give a header of plain values and plain arrays; `from_arrays` reads them back to the same bytes."""
        header = {
            "format": FORMAT,
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
    if header.get("format") != FORMAT or header.get("kind") != kind:
        raise UnknownModel(f"format {header.get('format')!r} of kind {header.get('kind')!r} is not known here")
    missing = [name for name in names if name not in arrays]
    if missing:
        raise UnknownModel(f"missing arrays: {', '.join(missing)}")


def _own_temperature(model: ZeroShot, unit: Features, owner: Ints, keys: Ints, values: Floats, inverse: Ints) -> float:
    """The temperature under which documents, each without its own weight in its label, find their label."""
    several = np.bincount(owner, minlength=len(model.labels))[owner] > 1 if len(owner) else np.zeros(0, bool)
    if several.sum() < 20 or len(model.labels) < 2:
        return 0.05
    similarity = model.similarity(unit)
    # Without the document, a feature that only it brought is gone from its label; the others shrink by its part.
    shares = np.bincount(inverse, minlength=len(keys))[inverse]
    own = values[inverse] * unit.values / np.maximum(shares, 1)
    row = np.repeat(np.arange(len(owner)), np.diff(unit.indptr))
    similarity[np.arange(len(owner)), owner] -= np.bincount(row, weights=own, minlength=len(owner))
    return fit_temperature(similarity[several], owner[several])


@dataclass(frozen=True)
class Learned:
    """Multinomial logistic regression on the same features, started from zero-shot: logit = zero-shot logit +
    correction."""

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
        """This will learn corrections from confirmed cases, oldest first; the newest tenth sets the temperature only.

        `newest` are weights of the cases (1 where not given). A label without a case gets no correction and
        keeps its zero-shot
        logit. The same cases and seed give the same bytes. Cases whose label is unknown to `zero` are left out.
        """
        at = {label: i for i, label in enumerate(zero.labels)}
        kept = [i for i, label in enumerate(truth) if label in at]
        counted = counts(plain([texts[i] for i in kept]), zero.bits)
        y = np.array([at[truth[i]] for i in kept], np.int64)
        share = np.ones(len(kept)) if newest is None else np.array([newest[i] for i in kept])
        support = np.bincount(y, minlength=len(zero.labels)).astype(np.int64)
        held = len(kept) // 10
        used = len(kept) - held
        known = counted[1][: counted[0][used]]
        columns = np.flatnonzero(np.bincount(known, minlength=1 << zero.bits) >= 2).astype(np.int32)
        idf = document_weights(known, used, zero.bits)[columns]
        model = cls(
            zero,
            columns,
            idf,
            np.zeros((len(columns), len(zero.labels)), np.float32),
            np.zeros(len(zero.labels), np.float32),
            support,
            zero.temperature,
            1.0,
        )
        if used:
            similarity = zero.similarity(weighted(*counted, zero.idf, zero.bits))
            model = replace(model, start=fit_temperature(similarity[:used], y[:used]))
            prior = similarity / model.start
            _descend(model, model._own(counted), prior, y, share, used, seed, epochs)
            if held >= 20:
                logits = model._logits(counted)[used:]
                model = replace(model, temperature=fit_temperature(logits, y[used:]))
                mixed = blend(softmax(prior[used:]), softmax(logits / model.temperature), support)
                model = replace(model, mixed_temperature=fit_temperature(np.log(mixed + 1e-12), y[used:]))
        return model

    def _own(self, counted: Counted) -> Features:
        weights = np.zeros(1 << self.zero.bits, np.float32)
        weights[self.columns] = self.idf
        return weighted(*counted, weights, self.zero.bits)

    def _logits(self, counted: Counted) -> Doubles:
        rows = weighted(*counted, self.zero.idf, self.zero.bits)
        logits = self.zero.similarity(rows) / self.start + self.bias
        rows = self._own(counted)
        place = np.full(1 << self.zero.bits, -1, np.int64)
        place[self.columns] = np.arange(len(self.columns))
        for first in range(0, len(rows), 128):
            last = min(first + 128, len(rows))
            used, block = _block(rows, np.arange(first, last), place)
            logits[first:last] += block @ self.weights[used]
        return logits

    def score(self, texts: Iterable[str]) -> Doubles:
        """This will give probabilities, one row per text, one column per label of the zero-shot model."""
        return softmax(self._logits(counts(plain(texts), self.zero.bits)) / self.temperature)

    def reasons(self, text: str, label: str, *, limit: int = 3) -> tuple[Reason, ...]:
        """This will name the words that speak most for the label, by both models together."""
        at = np.array([[self.zero.labels.index(label)]], np.int64)
        return reasons_of((text,), at, self.weight_of, self.zero.bits, limit=limit)[0][0]

    def weight_of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will give what each feature says for the label beside it, by both models together."""
        said = self.zero.weight_of(features, labels) / self.start
        if len(self.columns):
            at = np.minimum(np.searchsorted(self.columns, features), len(self.columns) - 1)
            said += np.where(self.columns[at] == features, self.weights[at, labels] * self.idf[at], 0.0)
        return said

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


def _block(rows: Features, picked: Ints, place: Ints) -> tuple[Ints, Floats]:
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


def _descend(
    model: Learned, rows: Features, prior: Doubles, y: Ints, share: Doubles, used: int, seed: int, epochs: int
) -> None:
    """Adaptive steps over small batches in an order that the seed fixes; writes into the fresh arrays of `model`."""
    order = np.random.Generator(np.random.PCG64(seed))
    place = np.full(1 << model.zero.bits, -1, np.int64)
    place[model.columns] = np.arange(len(model.columns))
    seen_w = np.full(model.weights.shape, 1e-3, np.float32)
    seen_b = np.full(model.bias.shape, 1e-1, np.float32)
    unsupported = model.support == 0
    for epoch in range(epochs):
        step = 2.0 / (1 + 0.3 * epoch)
        shuffled = order.permutation(used)
        for first in range(0, used, 64):
            picked = shuffled[first : first + 64]
            columns, block = _block(rows, picked, place)
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
        zero = replace(self.zero, temperature=self.learned.start).score(texts)
        known = self.place >= 0
        support = np.where(known, self.learned.support[self.place], 0)
        mixed = blend(zero, np.where(known, self.learned.score(texts)[:, self.place], 0.0), support)
        return softmax(np.log(mixed + 1e-12) / self.learned.mixed_temperature)

    def reasons(self, texts: Sequence[str], answers: Ints) -> list[list[tuple[Reason, ...]]]:
        """This will name the words that speak for each of the `answers` (texts × answers, places of labels)."""
        if self.learned is None:
            return reasons_of(texts, answers, self.zero.weight_of, self.zero.bits)
        learned = self.learned

        def weight_of(features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
            at = self.place[labels]
            return np.where(at >= 0, learned.weight_of(features, at), self.zero.weight_of(features, labels))

        return reasons_of(texts, answers, weight_of, self.zero.bits)


def abstentions(
    texts: Iterable[str], probabilities: Doubles, *, least: float = 0.5, apart: float = 0.05
) -> list[str | None]:
    """This will say for each text why no class should be named: `too_short` (under two words of content), `language`
    (hardly a Chinese character), `equally_likely` (the first two closer than `apart`), `unsure` (the first under
    `least`), or None."""
    top = (
        np.sort(probabilities, axis=1)[:, -2:]
        if probabilities.shape[1] > 1
        else np.hstack((np.zeros_like(probabilities), probabilities))
    )
    seen = plain(texts)
    han, letters = _letters(seen)
    return [
        "too_short" if n < 2 or (h < 2 and n < 4)
        else "language" if h * 4 < n
        else "equally_likely" if first - second < apart
        else "unsure" if first < least
        else None
        for h, n, (second, first) in zip(han, letters, top.tolist(), strict=True)
    ]  # fmt: skip


def _letters(seen: Sequence[str]) -> tuple[list[int], list[int]]:
    """How many Chinese characters each plain text has, and how many letters of any kind."""
    codes = np.frombuffer("\n".join(seen).encode("utf-32-le"), np.uint32)
    row = np.cumsum(codes == 10)
    han = np.bincount(row[codes >= 0x3400], minlength=len(seen))
    # A plain text holds Chinese characters, Latin letters, digits and blanks, nothing else.
    return han.tolist(), np.bincount(row[codes >= 65], minlength=len(seen)).tolist()


def branch_probabilities(probabilities: Doubles, branch_of: Sequence[str]) -> tuple[tuple[str, ...], Doubles]:
    """This will sum the leaves of each branch; `branch_of` names the branch of each column."""
    branches = tuple(sorted(set(branch_of)))
    at = {branch: i for i, branch in enumerate(branches)}
    member = np.zeros((len(branch_of), len(branches)))
    member[np.arange(len(branch_of)), [at[b] for b in branch_of]] = 1.0
    return branches, probabilities @ member


def calibration_error(probabilities: Doubles, truth: Ints, *, bins: int = 10) -> float:
    """This will give the expected calibration error of the first answer in `bins` of equal width."""
    first, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bin_of = np.minimum((first * bins).astype(int), bins - 1)
    gaps = [
        abs(float(first[bin_of == b].mean() - right[bin_of == b].mean())) * float((bin_of == b).mean())
        for b in np.unique(bin_of)
    ]
    return float(sum(gaps))
