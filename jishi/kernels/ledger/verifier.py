"""留痕校验器 · Checks a bundle of the trail. One file, standard library only: it can be handed to a stranger.

    python verifier.py trail.zip [--head HASH]... [--root HASH]... [--lang zh|en|both]

Exit 0: sound. 1: not sound, and where. 2: unreadable.
`--head` (the hash on a receipt or a letter) and `--root` (the number printed on the board) are pieces held
outside: each must be in the bundle. A bundle that was rewritten as a whole is found by such a piece alone.

The bundle is a zip of UTF-8 files. Canonical JSON is RFC 8785 without fractions and without numbers beyond
2^53 - 1. H is SHA-256 for suite "a", SM3 (GB/T 32905) for suite "s". Hashes are 64 small hexadecimal digits.

manifest.json   {"format": "jishi-trail/1", "scope": "whole" | "part", "files": {name: SHA-256 of the file}}
entries.jsonl   a line per entry, each subject in order of seq from 1:
                {"body": {"tenant", "subject", "seq", "suite", "details_commit", ...}, "prev", "hash",
                 "anchor": number of its anchor or 0, "leaf": its place there (1, 2, ...) or 0,
                 "proof": [hash, ...]}
                hash = H(0x00 + canonical JSON of the body with "prev" added); prev of the first: 64 zeros
anchors.jsonl   {"number", "day", "entries", "subjects", "root", "previous", "suite", "version"}
                numbers rise by one; previous = H(0x00 + canonical JSON of the anchor before),
                of the first: 64 zeros; root: a tree in the shape of RFC 6962 (node H(0x01 + left + right)),
                leaf 0 is `previous`, leaves 1, 2, ... are the hashes of the entries
words.jsonl     (optional) {"tenant", "subject", "seq", "salt": 64 digits, "words": text or object}
                details_commit of that entry = H(salt + words); an object is taken as canonical JSON

Scope "whole": every entry under every anchor from number 1. "part": whole chains of some subjects, each
anchored entry with its proof (RFC 6962, 2.1.1) against the root of its anchor.
"""

import argparse
import hashlib
import json
import re
import sys
import zipfile
import zlib
from datetime import date
from typing import Any

SOUND, NOT_SOUND, UNREADABLE = 0, 1, 2
FORMAT = "jishi-trail/1"
GENESIS = "0" * 64
LARGEST = 2**53 - 1
LONGEST_LINE = 4 * 2**20
MOST_BYTES = 16 * 2**30
NEEDED = ("manifest.json", "entries.jsonl", "anchors.jsonl")
KNOWN = (*NEEDED, "words.jsonl")
BROKEN = (OSError, zipfile.BadZipFile, NotImplementedError, ValueError)
Row = dict[str, Any]
Leaf = tuple[int, str, str, list[str], str]  # place, hash, where, proof, subject
HEX = re.compile(r"[0-9a-f]{64}")

SENTENCES = {
    "file_differs": ("文件与清单记的摘要不符", "the file does not have the digest that the manifest names"),
    "file_unlisted": ("文件不在清单里", "the file is not in the manifest"),
    "file_missing": ("清单里有，包里没有这个文件", "the manifest names this file, it is not here"),
    "entry_shape": ("这一行不是一条留痕", "this line is not an entry"),
    "anchor_shape": ("这一行不是一个日根", "this line is not an anchor"),
    "words_shape": ("这一行不是文字及其盐", "this line is not words with their salt"),
    "not_canonical": ("含有没有唯一写法的值", "it holds a value without a single spelling"),
    "suite_unknown": ("摘要算法不认识", "its hash is not known"),
    "hash_differs": ("内容被改过，与它的摘要不符", "it was changed: its content does not give its hash"),
    "prev_differs": ("与前一条接不上：前一条改过或换过", "it does not follow the entry before"),
    "seq_gap": ("序号不连续：有删去、插入或调换", "entries were removed, put between or swapped"),
    "anchor_unknown": ("所属的日根不在包里", "the anchor it names is not in the bundle"),
    "first_anchor_missing": ("缺少最早的日根", "the first anchor is missing"),
    "anchor_missing": ("前面缺少日根", "an anchor before it is missing"),
    "previous_differs": ("与前一个日根接不上：前一个被改过", "it does not follow the anchor before"),
    "day_goes_back": ("日期倒退", "its day lies before that of the anchor before"),
    "day_missing": ("前一日没有日根", "the day before has no anchor"),
    "leaf_gap": ("当日留痕有缺或重复", "entries of the day are missing or doubled"),
    "entries_count": ("留痕条数与日根不符", "the number of entries is not the anchored one"),
    "subjects_count": ("事项个数与日根不符", "the number of subjects is not the anchored one"),
    "root_differs": ("当日留痕算不出这个日根", "the entries of the day do not give this root"),
    "proof_fails": ("证明不能把它连到日根", "its proof does not lead to the root"),
    "words_without_entry": ("文字没有对应的留痕", "the words belong to no entry"),
    "words_differ": ("文字被改过，与留痕里的承诺值不符", "the words are not those of the entry"),
    "head_not_found": ("回执上的摘要不在包里", "the hash on the receipt is not in the bundle"),
    "root_not_found": ("公示的日根不在包里", "the printed root is not in the bundle"),
}


class Unreadable(Exception):
    """The file is no bundle; nothing can be said about its truth."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class NotCanonical(ValueError):
    """A value without a single spelling."""


# ---------------------------------------------------------------- one spelling


def canonical(value: object) -> str:
    """This will write a value as RFC 8785 JSON."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int) and abs(value) <= LARGEST:
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: str(k).encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{quote(k)}:{canonical(value[k])}" for k in keys) + "}"
    raise NotCanonical(repr(value))


def quote(text: str) -> str:
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise NotCanonical("half a surrogate pair")
    # json.dumps writes 0x7f and above as they are and the short escapes of RFC 8785.
    return json.dumps(text, ensure_ascii=False)


# ---------------------------------------------------------------- hashes


def sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def turn(x: int, n: int) -> int:
    n %= 32
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def sm3(message: bytes) -> bytes:
    """This will hash by GB/T 32905-2016."""
    data = message + b"\x80" + b"\x00" * ((55 - len(message)) % 64) + (8 * len(message)).to_bytes(8, "big")
    v = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    for at in range(0, len(data), 64):
        v = [x ^ y for x, y in zip(v, sm3_rounds(v, sm3_words(data[at : at + 64])), strict=True)]
    return b"".join(x.to_bytes(4, "big") for x in v)


def sm3_words(block: bytes) -> list[int]:
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ turn(w[j - 3], 15)
        w.append(x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[j - 13], 7) ^ w[j - 6])
    return w


def sm3_rounds(v: list[int], w: list[int]) -> list[int]:
    a, b, c, d, e, f, g, h = v
    for j in range(64):
        early = j < 16
        t = turn(0x79CC4519 if early else 0x7A879D8A, j)
        s1 = turn((turn(a, 12) + e + t) & 0xFFFFFFFF, 7)
        ff = a ^ b ^ c if early else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if early else (e & f) | (~e & g & 0xFFFFFFFF)
        t1 = (ff + d + (s1 ^ turn(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
        t2 = (gg + h + s1 + w[j]) & 0xFFFFFFFF
        a, b, c, d, e, f, g, h = t1, a, turn(b, 9), c, t2 ^ turn(t2, 9) ^ turn(t2, 17), e, turn(f, 19), g
    return [a, b, c, d, e, f, g, h]


SUITES = {"a": sha256, "s": sm3}


def tree(leaves: list[bytes], suite: str) -> bytes:
    """This will give the root in the shape of RFC 6962."""
    row = leaves
    while len(row) > 1:
        pairs = [SUITES[suite](b"\x01" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + (row[-1:] if len(row) % 2 else [])
    return row[0]


def climbs_to(leaf: bytes, index: int, size: int, proof: list[bytes], suite: str) -> bytes | None:
    """This will follow a proof from a leaf; nothing when it is too long or too short (RFC 9162, 2.1.3.2)."""
    last, found = size - 1, leaf
    if not 0 <= index < size:
        return None
    for step in proof:
        if last == 0:
            return None
        if index % 2 or index == last:
            found = SUITES[suite](b"\x01" + step + found)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = SUITES[suite](b"\x01" + found + step)
        index, last = index // 2, last // 2
    return found if last == 0 else None


# ---------------------------------------------------------------- reading


class Odd:
    """A number that canonical JSON does not know: a fraction, or not a number."""

    def __init__(self, text: str) -> None:
        self.text = text


def no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def read_json(raw: bytes, where: str) -> object:
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=no_key_twice, parse_float=Odd, parse_constant=Odd
        )
    except (ValueError, RecursionError) as broken:
        raise Unreadable(f"{where} 不是可读的 JSON", f"{where} is not readable JSON: {broken}") from None


class Bundle:
    """The files of a zip, read line by line under limits."""

    def __init__(self, path: str) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except BROKEN as broken:
            raise Unreadable(f"{path} 打不开，或不是 zip 文件", f"{path} is no zip file: {broken}") from None
        infos = self.zip.infolist()
        self.names = [i.filename for i in infos]
        if len(set(self.names)) != len(self.names):
            raise Unreadable("包里有同名的文件", "two files of the bundle have one name")
        for name in NEEDED:
            if name not in self.names:
                raise Unreadable(f"包里缺少 {name}", f"{name} is missing in the bundle")
        if any(i.flag_bits & 1 for i in infos) or sum(i.file_size for i in infos) > MOST_BYTES:
            raise Unreadable("包被加密，或过大", "the bundle is encrypted or too large")

    def lines(self, name: str) -> list[tuple[str, bytes]]:
        """This will give every line with its place; a last line without an end counts too."""
        found: list[tuple[str, bytes]] = []
        try:
            with self.zip.open(name) as file:
                while line := file.readline(LONGEST_LINE + 1):
                    if len(line) > LONGEST_LINE:
                        raise Unreadable(f"{name} 有过长的行", f"{name} has a line that is too long")
                    found.append((f"{name}:{len(found) + 1}", line))
        except (*BROKEN, EOFError, RuntimeError, zlib.error) as broken:
            raise Unreadable(f"{name} 读不出来", f"{name} cannot be read: {broken}") from None
        return found

    def digest(self, name: str) -> str:
        total = hashlib.sha256()
        for _, line in self.lines(name):
            total.update(line)
        return total.hexdigest()


# ---------------------------------------------------------------- checking


def is_hash(value: object) -> bool:
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def is_entry(row: object) -> bool:
    if not isinstance(row, dict) or set(row) - {"proof"} != {"body", "prev", "hash", "anchor", "leaf"}:
        return False
    body, proof = row["body"], row.get("proof", [])
    fit = isinstance(body, dict) and {"tenant", "subject", "seq", "suite"} <= set(body)
    fit = fit and not {"prev", "hash"} & set(body)
    fit = fit and isinstance(body["suite"], str) and is_count(body["seq"])
    fit = fit and is_hash(row["prev"]) and is_hash(row["hash"]) and isinstance(proof, list)
    return fit and all(map(is_hash, proof)) and is_count(row["anchor"]) and is_count(row["leaf"])


def is_anchor(row: object) -> bool:
    keys = {"number", "day", "entries", "subjects", "root", "previous", "suite", "version"}
    if not isinstance(row, dict) or set(row) != keys or row["suite"] not in ("a", "s"):
        return False
    counts = is_count(row["number"]) and is_count(row["entries"]) and is_count(row["subjects"])
    return counts and is_day(row["day"]) and is_hash(row["root"]) and is_hash(row["previous"])


def is_words(row: object) -> bool:
    if not isinstance(row, dict) or set(row) != {"tenant", "subject", "seq", "salt", "words"}:
        return False
    return is_count(row["seq"]) and is_hash(row["salt"]) and isinstance(row["words"], (str, dict))


class Verifier:
    """Reads a bundle once and gathers what does not hold, as (code, where)."""

    def __init__(self, path: str) -> None:
        self.bundle = Bundle(path)
        self.findings: list[tuple[str, str]] = []
        self.heads: dict[str, tuple[int, str]] = {}
        self.broken: set[str] = set()
        self.waiting: set[str] = set()  # subjects with entries that are not anchored yet
        self.entries: dict[str, tuple[str, object]] = {}  # where -> suite, commitment
        self.hashes: set[str] = set()
        self.under: dict[int, list[Leaf]] = {}
        self.anchors: list[Row] = []
        self.scope = "whole"

    def run(self) -> None:
        self.read_manifest()
        for where, raw in self.bundle.lines("entries.jsonl"):
            self.read_entry(where, read_json(raw, where))
        for where, raw in self.bundle.lines("anchors.jsonl"):
            self.read_anchor(where, read_json(raw, where))
        self.check_days()
        if "words.jsonl" in self.bundle.names:
            for where, raw in self.bundle.lines("words.jsonl"):
                self.read_words(where, read_json(raw, where))

    def say(self, code: str, where: str) -> None:
        self.findings.append((code, where))

    def read_manifest(self) -> None:
        raw = b"".join(line for _, line in self.bundle.lines("manifest.json"))
        manifest = read_json(raw, "manifest.json")
        files = manifest.get("files") if isinstance(manifest, dict) else None
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or not isinstance(files, dict):
            raise Unreadable("不认识这种包的格式", f"the bundle is not of the format {FORMAT}")
        if manifest.get("scope") not in ("whole", "part"):
            raise Unreadable("清单没有说明范围", "the manifest does not say its scope")
        self.scope = str(manifest["scope"])
        here = [n for n in self.bundle.names if n != "manifest.json"]
        for name in here:
            if name not in files or name not in KNOWN:
                self.say("file_unlisted", name)
            elif files[name] != self.bundle.digest(name):
                self.say("file_differs", name)
        for name in sorted(set(files) - set(here)):
            self.say("file_missing", name)

    def read_entry(self, line: str, row: object) -> None:
        if not isinstance(row, dict) or not is_entry(row):
            return self.say("entry_shape", line)
        body = row["body"]
        try:
            subject = f"{canonical(body['tenant'])}:{canonical(body['subject'])}"
            text = canonical({**body, "prev": row["prev"]})
        except (NotCanonical, RecursionError):
            return self.say("not_canonical", line)
        where = f"{subject}#{body['seq']}"
        self.check_link(where, subject, row, text)
        self.entries[where] = (body["suite"], body.get("details_commit"))
        self.hashes.add(row["hash"])
        if not row["anchor"]:
            self.waiting.add(subject)
        else:
            leaf = (row["leaf"], row["hash"], where, row.get("proof", []), subject)
            self.under.setdefault(row["anchor"], []).append(leaf)
        return None

    def check_link(self, where: str, subject: str, row: Row, text: str) -> None:
        if subject in self.broken:
            return
        seq, prev = self.heads.get(subject, (0, GENESIS))
        code = ""
        if row["body"]["suite"] not in SUITES:
            code = "suite_unknown"
        elif SUITES[row["body"]["suite"]](b"\x00" + text.encode()).hex() != row["hash"]:
            code = "hash_differs"
        elif row["body"]["seq"] != seq + 1:
            code = "seq_gap"
        elif row["prev"] != prev:
            code = "prev_differs"
        if code:
            self.say(code, where)
            self.broken.add(subject)
        self.heads[subject] = (seq + 1, row["hash"])

    def read_anchor(self, line: str, row: object) -> None:
        if not isinstance(row, dict) or not is_anchor(row):
            return self.say("anchor_shape", line)
        try:
            canonical(row)
        except NotCanonical:
            return self.say("not_canonical", line)
        where = f"anchor {row['number']}"
        if self.anchors:
            for code in follows(self.anchors[-1], row):
                self.say(code, where)
        elif self.scope == "whole" and (row["number"], row["previous"]) != (1, GENESIS):
            self.say("first_anchor_missing", where)
        self.anchors.append(row)
        return None

    def check_days(self) -> None:
        known = {a["number"] for a in self.anchors}
        for number, leaves in self.under.items():
            if number not in known:
                for leaf in leaves:
                    self.say("anchor_unknown", leaf[2])
        for anchor in self.anchors:
            leaves = sorted(self.under.get(anchor["number"], []), key=lambda leaf: leaf[0])
            (self.check_whole_day if self.scope == "whole" else self.check_proofs)(anchor, leaves)

    def check_whole_day(self, anchor: Row, leaves: list[Leaf]) -> None:
        where = f"anchor {anchor['number']}"
        if [leaf[0] for leaf in leaves] != list(range(1, len(leaves) + 1)):
            self.say("leaf_gap", where)
        if len(leaves) != anchor["entries"]:
            self.say("entries_count", where)
        if len({leaf[4] for leaf in leaves}) != anchor["subjects"]:
            self.say("subjects_count", where)
        row = [bytes.fromhex(h) for h in (anchor["previous"], *(leaf[1] for leaf in leaves))]
        if tree(row, anchor["suite"]).hex() != anchor["root"]:
            self.say("root_differs", where)

    def check_proofs(self, anchor: Row, leaves: list[Leaf]) -> None:
        root = bytes.fromhex(anchor["root"])
        for index, hash_, where, proof, _ in leaves:
            steps = [bytes.fromhex(step) for step in proof]
            found = climbs_to(bytes.fromhex(hash_), index, anchor["entries"] + 1, steps, anchor["suite"])
            if index < 1 or found != root:
                self.say("proof_fails", where)

    def read_words(self, line: str, row: object) -> None:
        if not isinstance(row, dict) or not is_words(row):
            return self.say("words_shape", line)
        try:
            where = f"{canonical(row['tenant'])}:{canonical(row['subject'])}#{row['seq']}"
            text = row["words"] if isinstance(row["words"], str) else canonical(row["words"])
            said = text.encode()
        except (NotCanonical, UnicodeEncodeError):
            return self.say("not_canonical", line)
        suite, commitment = self.entries.get(where, ("", None))
        if where not in self.entries:
            return self.say("words_without_entry", where)
        if suite in SUITES and SUITES[suite](bytes.fromhex(row["salt"]) + said).hex() != commitment:
            return self.say("words_differ", where)
        return None

    def compare(self, heads: list[str], roots: list[str]) -> None:
        """This will look for the pieces that somebody holds outside."""
        printed = {str(a["root"]) for a in self.anchors}
        for head in heads:
            if head.lower() not in self.hashes:
                self.say("head_not_found", head)
        for root in roots:
            if root.lower() not in printed:
                self.say("root_not_found", root)


def follows(before: Row, row: Row) -> list[str]:
    codes = []
    if row["number"] != before["number"] + 1:
        codes.append("anchor_missing")
    if row["previous"] != SUITES[before["suite"]](b"\x00" + canonical(before).encode()).hex():
        codes.append("previous_differs")
    gap = (date.fromisoformat(row["day"]) - date.fromisoformat(before["day"])).days
    if gap < 0:
        codes.append("day_goes_back")
    if gap > 1:
        codes.append("day_missing")
    return codes


# ---------------------------------------------------------------- telling


def tell(lang: str, zh: str, en: str) -> None:
    for line in (zh if lang != "en" else "", en if lang != "zh" else ""):
        if line:
            sys.stdout.write(line + "\n")


def report(verifier: Verifier, lang: str) -> int:
    for code, where in verifier.findings:
        zh, en = SENTENCES[code]
        tell(lang, f"不一致 {where}：{zh}。", f"Not sound at {where}: {en}.")
    entries, anchors = len(verifier.entries), len(verifier.anchors)
    waiting = len(verifier.waiting)
    if verifier.findings:
        count = len(verifier.findings)
        tell(lang, f"共 {count} 处不一致。", f"{count} places do not hold.")
        return NOT_SOUND
    tell(lang, f"完好：{entries} 条留痕，{anchors} 个日根。", f"Sound: {entries} entries, {anchors} anchors.")
    if waiting:
        tell(
            lang,
            f"{waiting} 个事项的最新留痕还没有日根。",
            f"The newest entries of {waiting} subjects are not anchored yet.",
        )
    if anchors:
        last = verifier.anchors[-1]
        tell(
            lang,
            f"请与公示的日根核对：{last['day']} {last['root']}",
            f"Compare with the printed root: {last['day']} {last['root']}",
        )
    return SOUND


def main(arguments: list[str] | None = None) -> int:
    """This will check one bundle and say in words what holds."""
    parser = argparse.ArgumentParser(description="留痕校验 · Check a bundle of the trail")
    parser.add_argument("file")
    parser.add_argument("--head", action="append", default=[], help="回执上的摘要 · the hash on a receipt")
    parser.add_argument("--root", action="append", default=[], help="公示的日根 · the printed root")
    parser.add_argument("--lang", choices=["zh", "en", "both"], default="both")
    asked = parser.parse_args(arguments)
    try:
        verifier = Verifier(asked.file)
        verifier.run()
    except Unreadable as why:
        tell(asked.lang, f"不能读取：{why.zh}。", f"Unreadable: {why.en}.")
        return UNREADABLE
    verifier.compare(asked.head, asked.root)
    return report(verifier, asked.lang)


if __name__ == "__main__":
    sys.exit(main())
