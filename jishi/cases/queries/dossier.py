"""电子档案: one case as one signed file that anybody can check without this platform (spec 10 §16).

What stands in it: the case, its reports in their minimised words, clocks, replies, and its record as a bundle whose
entries are proved under the roots of their days. A manifest lists every file; its signature is the installation's
(Ed25519). No name, no contact and no word of a person's own hand is among them.
"""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from typing import Any

from jishi.cases import policies
from jishi.cases.models import Case
from jishi.cases.queries import belonging, casepage, listing
from jishi.foundation import anchors, keys, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.ledger import canonical

FORMAT = "jishi-dossier/1"
MANIFEST, SIGNATURE, RECORD = "manifest.json", "signature.json", "record.zip"
READ_ME = """{number} 电子档案 · dossier

核验 · to check:  jishi verify {number}.zip
record.zip 是这一件的留痕，可以单独核验：每一步的哈希、前后相连、在当天日根之下的证明。
record.zip is the record of this case and can be checked by itself: each step's hash, the chain, the proof of its day.
签名用本平台的密钥；公钥在 signature.json 里，请与平台公布的核对。
The signature is the platform's; its public key stands in signature.json: compare it with the one that is published.
里面没有姓名、电话和原话。 No name, no telephone and no original words are in it.
"""


def build(number: str, *, by: Actor, now: datetime) -> bytes:
    """Give the dossier of a case as a zip, the same bytes for the same moment.

    :raises NotFound: no such case for this actor. :raises NotAllowed: not staff or a program, or a part of the record
    is not yet for this body.
    """
    case = casepage.find(number, by=by)
    if by.kind not in ("staff", "client"):
        raise NotFound
    if not all(policies.may_read(by, case, e.verb) for e in trail.of("case", case.id)):
        raise NotAllowed(why="这件事的记录里，有您单位办结前不能看的。")
    files = {**_facts(case, by=by), RECORD: _zip(anchors.part("case", [case.id]))}
    files["readme.txt"] = READ_ME.format(number=case.number).encode()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = canonical({"format": FORMAT, "case": case.number, "made_at": trail.stamp(now), "files": sums}).encode()
    signed = {
        "algorithm": "ed25519", "public_key": keys.provider().public_key().hex(),
        "signature": keys.provider().sign(manifest).hex(),
    }  # fmt: skip
    return _zip({MANIFEST: manifest, SIGNATURE: canonical(signed).encode(), **files})


def _facts(case: Case, *, by: Actor) -> dict[str, bytes]:
    page = listing.one(case.number, by=by)
    page.pop("open_moves")
    return {
        "case.json": _json(page),
        "stays.json": _json(belonging.told(case.number, by=by)),
        "reports.json": _json([listing.report(number, by=by) for number in page["reports"]]),
        "clocks.json": _json(listing.clocks_of(case.number, by=by)),
        "replies.json": _json([_reply(one) for one in casepage.replies_of(case)]),
    }


def _reply(one: casepage.Answered) -> dict[str, Any]:
    row = one.reply
    return {
        "body": row.by_body.name, "outcome": row.outcome, "replied_at": row.replied_at.isoformat(),
        "contacted_at": row.contacted_at.isoformat(), "contacted_how": row.contacted_how,
        "done_by": row.done_by_date.isoformat() if row.done_by_date else None, "legal_basis": row.legal_basis,
        "what_was_done": row.what_was_done, "text": row.text_for_caller,
        "approved_at": row.approved_at.isoformat() if row.approved_at else None,
        "files": [{"kind": f.kind, "size": f.size, "sha256": f.content_hash} for f in one.files],
        "reviews": [{"verdict": r.verdict, "at": r.at.isoformat()} for r in one.reviews],
    }  # fmt: skip


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def _zip(files: dict[str, bytes]) -> bytes:
    """The same files give the same bytes: no clock of this machine goes in."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()
