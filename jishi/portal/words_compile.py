"""Merges the words of all rooms into one catalogue per language, and finds Chinese that has no English.

The msgid is the Chinese sentence. `jishi/<room>/words/<area>.po` gives English; `<area>.zh.po` says
parts of other people's interface (form errors of Django, msgid English) in our own Chinese.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.template.base import Lexer, Token, TokenType
from django.utils.regex_helper import _lazy_re_compile
from django.utils.translation.template import endblock_re, inline_re, plural_re

HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
GETTEXT = frozenset(
    {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
)
_BLOCK = re.compile(r"^blocktrans(?:late)?\b")
_INNER = _lazy_re_compile(r"""_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\)""")
_VARIABLE = re.compile(r"%(?!\()")


class WordsDisagree(Exception):
    """Two rooms give one Chinese sentence two English ones."""


@dataclass(slots=True)
class Found:
    """What one file says: sentences that are translated, and Chinese that stands outside translation."""

    sentences: list[tuple[int, str]] = field(default_factory=list)
    bare: list[tuple[int, str]] = field(default_factory=list)


def compile_words(base: Path, out: Path) -> dict[str, int]:
    """This will write `<out>/<language>/LC_MESSAGES/django.mo` from all `jishi/*/words/*.po`; gives counts.

    Files are written only when they would differ, so a running server does not reload for nothing.

    :raises WordsDisagree: one msgid, two translations.
    """
    counts = {}
    for language, paths in _files(base).items():
        catalogue = merged(paths, locale=language)
        target = out / language / "LC_MESSAGES" / "django.mo"
        target.parent.mkdir(parents=True, exist_ok=True)
        packed = BytesIO()
        write_mo(packed, catalogue)
        if not target.exists() or target.read_bytes() != packed.getvalue():
            fresh = target.with_suffix(f".{os.getpid()}")  # two that start at once write two files; the last one stays
            fresh.write_bytes(packed.getvalue())
            fresh.replace(target)
        counts[language] = len(catalogue)
    return counts


def _files(base: Path) -> dict[str, list[Path]]:
    found = sorted((base / "jishi").glob("*/words/*.po"))
    return {
        "en": [p for p in found if not p.name.endswith(".zh.po")],
        "zh_Hans": [p for p in found if p.name.endswith(".zh.po")],
    }


def english(base: Path) -> Catalog:
    """This will give the merged English catalogue."""
    return merged(_files(base)["en"], locale="en")


def merged(paths: Iterable[Path], *, locale: str) -> Catalog:
    """This will put several files into one catalogue."""
    catalogue = Catalog(locale=locale, domain="django", charset="utf-8")
    origin: dict[object, Path] = {}
    for path in paths:
        for message in _messages(path, locale):
            key = (message.id, message.context)
            known = catalogue.get(message.id, message.context)
            if known and known.string and known.string != message.string:
                raise WordsDisagree(
                    f"{message.id!r}: {known.string!r} in {origin[key]}, {message.string!r} in {path}"
                )
            origin[key] = path
            catalogue.add(message.id, message.string, context=message.context)
    return catalogue


def _messages(path: Path, locale: str) -> Iterator[Message]:
    with path.open("rb") as file:
        for message in read_po(file, locale=locale, charset="utf-8"):
            if message.id and message.string and not message.fuzzy:
                yield message


# --- looking for sentences ---------------------------------------------------------------------------------


def in_template(source: str) -> Found:
    """This will find the sentences of one template (translate, blocktranslate, `_()`) and bare Chinese."""
    found = Found()
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type == TokenType.BLOCK and _BLOCK.match(token.contents):
            for sentence in _block(token, tokens):
                found.sentences.append((token.lineno or 0, sentence))
            continue
        if token.token_type == TokenType.BLOCK and token.contents == "comment":
            _skip_comment(tokens)
            continue
        if token.token_type != TokenType.COMMENT:
            _look(token, found)
    return found


def _look(token: Token, found: Found) -> None:
    line, rest = token.lineno or 0, token.contents
    if token.token_type in (TokenType.BLOCK, TokenType.VAR):
        direct = inline_re.match(token.contents) if token.token_type == TokenType.BLOCK else None
        if direct:
            found.sentences.append((line, _VARIABLE.sub("%%", _unquoted(direct[1]))))
            rest = token.contents[direct.end(1) :]
        for inner in _INNER.finditer(rest):
            found.sentences.append((line, inner[1] if inner[1] is not None else inner[2]))
        rest = _INNER.sub("", rest)
    if HAN.search(rest):
        found.bare.append((line, rest.strip()[:60]))


def _unquoted(text: str) -> str:
    text = text.strip()
    inner = text[2:-1] if text.startswith("_(") else text
    return inner.strip()[1:-1]


def _block(opening: Token, tokens: Iterator[Token]) -> list[str]:
    trimmed = " trimmed" in opening.contents
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.token_type == TokenType.BLOCK:
            if endblock_re.match(token.contents):
                break
            if plural_re.match(token.contents):
                parts.append([])
        elif token.token_type == TokenType.VAR:
            parts[-1].append(f"%({token.contents})s")
        elif token.token_type == TokenType.TEXT:
            parts[-1].append(token.contents.replace("%", "%%"))
    whole = ["".join(p) for p in parts]
    return (
        [" ".join(line.strip() for line in w.strip().splitlines()) for w in whole][:1]
        if trimmed
        else whole[:1]
    )


def _skip_comment(tokens: Iterator[Token]) -> None:
    for token in tokens:
        if token.token_type == TokenType.BLOCK and token.contents == "endcomment":
            return


def in_python(source: str) -> Found:
    """This will find the sentences given to gettext in one Python file."""
    found = Found()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in GETTEXT:
            continue
        word = (
            node.args[1 if name.startswith("p") else 0]
            if len(node.args) > name.startswith("p")
            else node.args[0]
        )
        if isinstance(word, ast.Constant) and isinstance(word.value, str):
            found.sentences.append((node.lineno, word.value))
    return found


def own_files(base: Path) -> tuple[list[Path], list[Path]]:
    """This will list our templates and our Python files (tests left out)."""
    templates = sorted(p for p in (base / "jishi").glob("*/templates/**/*") if p.suffix in {".html", ".txt"})
    python = sorted(
        p for p in (base / "jishi").rglob("*.py") if "tests" not in p.parts and "migrations" not in p.parts
    )
    return templates, python


def without_english(base: Path) -> list[str]:
    """This will list `path:line sentence` for each Chinese sentence that has no English."""
    catalogue = english(base)
    templates, python = own_files(base)
    found = [(p, in_template(p.read_text())) for p in templates]
    found += [(p, in_python(p.read_text())) for p in python]
    return [
        f"{path.relative_to(base)}:{line} {sentence}"
        for path, what in found
        for line, sentence in what.sentences
        if HAN.search(sentence) and not _has(catalogue, sentence)
    ]


def _has(catalogue: Catalog, sentence: str) -> bool:
    message = catalogue.get(sentence)
    if message is None:
        return False
    return bool(message.string) if isinstance(message.string, str) else all(message.string or ())


_FACT = re.compile(r"%\((\w+)\)|\{(\w+)\}")


def facts_differ(message: Message) -> bool:
    """This will tell whether a translation names other facts (`%(n)s`, `{n}`) than its sentence."""

    def facts(text: str) -> set[str]:
        return {a or b for a, b in _FACT.findall(text)}

    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return any(facts(s) != facts(ids[0]) for s in strings)
