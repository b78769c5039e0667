"""quality: measure the pipeline's own stages on any labelled file; no installation is asked, nothing is kept, but by
`run`, which makes a town's published figures again."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from config.cli import dangers, quality_run, topics
from config.cli.given import CannotMeasure
from config.cli.given import rows as _rows
from config.cli.given import text as _text
from jishi.kernels.text import figures
from jishi.kernels.text.classify import Blended, Learned, ZeroShot

SEED = 1
_SAME = frozenset(("1", "1.0", "true", "yes", "y", "是", "同"))
_APART = frozenset(("0", "0.0", "false", "no", "n", "否", "不同"))


def main(argv: Sequence[str]) -> int:
    """Measure one stage; exit code 0, or 2 when a file cannot be used."""
    given = _parser().parse_args(argv)
    if given.word == "run":
        return quality_run.run(given)
    began = time.perf_counter()
    try:
        found = given.measure(given)
    except CannotMeasure as no:
        print(no, file=sys.stderr)
        return 2
    found["seconds"] = round(time.perf_counter() - began, 3)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        given.tell(found)
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="jishi quality", description="量一量 · measure a stage on a labelled file")
    words = flags.add_subparsers(dest="word", required=True)
    one = words.add_parser("classify", help="which class: zero-shot from a code book, learned from --train, or both")
    one.add_argument("--test", help="the labelled texts to measure on (csv)")
    one.add_argument("--train", help="labelled texts to learn from (csv); without it zero-shot alone")
    one.add_argument("--folds", type=int, default=0, help="instead of --test: split --train in so many parts")
    one.add_argument("--codebook", help="csv of a code book; the column that holds the labels is found by itself")
    one.add_argument("--text", required=True, metavar="COL")
    one.add_argument("--label", required=True, metavar="COL")
    one.add_argument("--seed", type=int, default=SEED)
    one.set_defaults(measure=_classify, tell=_tell_classes)
    two = words.add_parser("duplicates", help="are two texts one matter: csv with a, b, same (1 or 0)")
    two.add_argument("--pairs", required=True)
    two.add_argument("--first", default="a", metavar="COL")
    two.add_argument("--second", default="b", metavar="COL")
    two.add_argument("--same", default="same", metavar="COL")
    _beside(two)
    two.set_defaults(measure=_duplicates, tell=_tell_pairs)
    three = words.add_parser("minimise", help='hidden personal data: lines of {"text", "spans": [[start, end, kind]]}')
    three.add_argument("--spans", required=True)
    _beside(three)
    three.set_defaults(measure=_minimise, tell=_tell_spans)
    quality_run.flags(words)
    for each in (one, two, three, topics.flags(words), dangers.flags(words)):
        each.add_argument("--json", action="store_true", help="print one JSON object")
    return flags


def _beside(one: argparse.ArgumentParser) -> None:
    """Marks may name rows instead of holding texts: then the texts come from a file that stays where it is."""
    one.add_argument("--messages", metavar="F.csv", help="the marks hold ids; their texts are in this file")
    one.add_argument("--id", metavar="COL")
    one.add_argument("--texts", nargs="+", metavar="COL", help="one column or several (title, words)")


def _texts(given: argparse.Namespace) -> dict[str, str] | None:
    """Give the text of each row by its id, or None where the marks hold the texts themselves."""
    if not given.messages:
        return None
    if not given.id or not given.texts:
        raise CannotMeasure("有 --messages 就要有 --id 和 --texts。", "--messages goes with --id and --texts.")
    rows = _rows(given.messages, (given.id, *given.texts))
    return {r[given.id].strip(): "\n".join(r[c].strip() for c in given.texts) for r in rows}


def _one(texts: Mapping[str, str] | None, said: str) -> str:
    if texts is None:
        return said
    if said.strip() not in texts:
        raise CannotMeasure(f"消息文件里没有编号 {said}。", f"No message has the id {said}.")
    return texts[said.strip()]


def _classify(given: argparse.Namespace) -> dict[str, Any]:
    train = _labelled(given.train, given) if given.train else []
    if given.folds and (given.test or not train):
        raise CannotMeasure("--folds 只和 --train 一起用。", "--folds goes with --train alone.")
    if not given.folds and not given.test:
        raise CannotMeasure("请给 --test，或 --train 加 --folds。", "Give --test, or --train with --folds.")
    test = _labelled(given.test, given) if given.test else []
    if not train and not given.codebook:
        raise CannotMeasure("没有 --train 就要有 --codebook。", "Without --train there must be a --codebook.")
    labels = sorted({label for _, label in (*train, *test)})
    zero = ZeroShot.fit(_documents(given.codebook, labels))
    parts = _folds(train, given.folds, given.seed) if given.folds else [(train, test)]
    truth: list[str] = []
    answers = []
    for known, asked in parts:
        model = Blended.of(zero, _learned(zero, known, given.seed) if known else None)
        answers.append(model.score([text for text, _ in asked]))
        truth += [label for _, label in asked]
    found = figures.classification(truth, zero.labels, np.vstack(answers), seed=given.seed)
    told = {"stage": "classify", "learned_from": len(train), "folds": given.folds, "seed": given.seed}
    return told | {"left_out": given.left_out} | found


def _learned(zero: ZeroShot, rows: Sequence[tuple[str, str]], seed: int) -> Learned:
    """Learn in an order that the seed fixes: such a file has no times, and its last tenth may hold one class alone."""
    mixed = [rows[i] for i in np.random.Generator(np.random.PCG64(seed)).permutation(len(rows)).tolist()]
    return Learned.fit(zero, [text for text, _ in mixed], [label for _, label in mixed], seed=seed)


def _folds(
    rows: Sequence[tuple[str, str]], parts: int, seed: int
) -> list[tuple[list[tuple[str, str]], list[tuple[str, str]]]]:
    """Split so that every class is in every part alike, in an order that the seed fixes."""
    if parts < 2 or parts > len(rows):
        raise CannotMeasure(f"分不成 {parts} 份。", f"There is nothing to split in {parts} parts.")
    mixed = np.random.Generator(np.random.PCG64(seed)).permutation(len(rows)).tolist()
    part_of = {i: turn % parts for turn, i in enumerate(sorted(mixed, key=lambda i: rows[i][1]))}
    return [
        ([rows[i] for i in range(len(rows)) if part_of[i] != k], [rows[i] for i in range(len(rows)) if part_of[i] == k])
        for k in range(parts)
    ]


def _labelled(path: str, given: argparse.Namespace) -> list[tuple[str, str]]:
    """Give (minimised text, label): what is measured is what the pipeline would see."""
    from jishi.kernels.text.minimise import minimise

    rows = _rows(path, (given.text, given.label))
    kept = [r for r in rows if r[given.label].strip() and r[given.text].strip()]
    given.left_out = getattr(given, "left_out", 0) + len(rows) - len(kept)  # no text or no label: told, not hidden
    if not kept:
        raise CannotMeasure(f"“{path}”里没有带标签的文本。", f"{path} holds no labelled text.")
    shown = minimise(r[given.text] for r in kept)
    return [(m.shown, r[given.label].strip()) for m, r in zip(shown, kept, strict=True)]


def _documents(path: str | None, labels: Sequence[str]) -> dict[str, list[str]]:
    """Give each label's own documents: rows of the code book beside it, or its name alone."""
    documents = {label: [label] for label in labels}
    if path is None:
        return documents
    rows = _rows(path, ())
    columns = list(rows[0])
    column = max(columns, key=lambda c: len({r[c].strip() for r in rows} & set(labels)))
    met = {r[column].strip() for r in rows} & set(labels)
    if not met:
        raise CannotMeasure("代码表里没有这些标签。", "The code book knows none of these labels.")
    for row in rows:
        label = row[column].strip()
        if label in documents:
            documents[label].append(" ".join(v.strip() for v in row.values() if v))
    return documents


def _duplicates(given: argparse.Namespace) -> dict[str, Any]:
    from jishi.kernels.text import alike

    rows = _rows(given.pairs, (given.first, given.second, given.same))
    texts = _texts(given)
    told = [(_one(texts, r[given.first]), _one(texts, r[given.second])) for r in rows]
    pairs = [(alike.Candidate(first), alike.Candidate(second)) for first, second in told]
    same = [_is_same(r[given.same], line) for line, r in enumerate(rows, 2)]
    chance = alike.probabilities(alike.pair_features(pairs))
    return {"stage": "duplicates"} | figures.pairs(same, chance)


def _is_same(said: str, line: int) -> bool:
    """Read a mark. :raises CannotMeasure: one that says neither; taken for "no" it would change the figure."""
    if said.strip().lower() in _SAME:
        return True
    if said.strip().lower() in _APART:
        return False
    raise CannotMeasure(
        f"第 {line} 行的“{said.strip()[:20]}”不是 1 或 0。", f"Line {line}: {said.strip()[:20]!r} is neither 1 nor 0."
    )


def _minimise(given: argparse.Namespace) -> dict[str, Any]:
    from jishi.kernels.text.minimise import minimise

    beside = _texts(given)
    texts, true = [], []
    for n, line in enumerate(_text(given.spans).split("\n"), 1):  # a text may hold other signs that end a line
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = row["text"] if beside is None else _one(beside, str(row["id"]))
            spans = [_span(s) for s in row["spans"]]
        except (ValueError, KeyError, TypeError, IndexError) as no:
            raise CannotMeasure(
                f'第 {n} 行不是 {{"text", "spans": [[起, 止, 种类]]}}。', f"Line {n} cannot be read as text and spans."
            ) from no
        if not isinstance(text, str) or any(not 0 <= start < end <= len(text) for start, end, _ in spans):
            raise CannotMeasure(f"第 {n} 行的标注不在它的文本里。", f"Line {n}: a span lies outside its text.")
        texts.append(text)
        true.append(spans)
    if not texts:
        raise CannotMeasure(f"“{given.spans}”是空的。", f"{given.spans} is empty.")
    said = [[(s.start, s.end, s.kind) for s in m.spans] for m in minimise(texts)]
    return {"stage": "minimise", "texts": len(texts), "kinds": figures.spans(true, said)}


def _span(said: Any) -> figures.Span:
    if isinstance(said, Mapping):
        return int(said["start"]), int(said["end"]), str(said["kind"])
    return int(said[0]), int(said[1]), str(said[2])


def _tell_classes(found: Mapping[str, Any]) -> None:
    print(f"文本 texts {found['texts']}，学习自 learned from {found['learned_from']}", end="")
    print(f"，没有文本或标签 without text or label {found['left_out']}" if found["left_out"] else "")
    for name in ("accuracy", "top3", "macro_f1"):
        print(f"  {name:18}{figures.percent(found[name])}")
    print(f"  {'calibration_error':18}{found['calibration_error']:.3f}")
    for row in found["curve"]:
        if row["coverage"] in (0.5, 0.8, 1.0):
            print(f"  coverage {row['coverage']:.2f}     {figures.percent(row['accuracy'])}")
    for row in found["classes"]:
        print(f"    {row['label']:12} n {row['support']:5} F1 {row['f1']:.3f}")
    for row in found["worst_pairs"][:5]:
        print(f"    {row['true']} → {row['said']}: {row['count']}")


def _tell_pairs(found: Mapping[str, Any]) -> None:
    print(f"成对 pairs {found['pairs']}，同一件事 same {found['same']}")
    print(f"  precision {figures.percent(found['precision'])}\n  recall    {figures.percent(found['recall'])}")
    for row in found["ladder"]:
        print(f"  at recall {row['recall']:.2f}: precision {figures.percent(row['precision'])}")


def _tell_spans(found: Mapping[str, Any]) -> None:
    for kind, row in found["kinds"].items():
        print(f"  {kind:12} recall {figures.percent(row['recall'])} precision {figures.percent(row['precision'])}")
