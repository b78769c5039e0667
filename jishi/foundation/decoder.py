"""A program of its own that opens pictures and PDFs which strangers sent (spec 90 §9). Nothing imports it.

`pictures` starts it: a question as one line of JSON with a picture behind it comes in, an answer as one line with
pictures behind it goes out. Before it looks at a byte it gives away what it does not need: memory over 512 MiB,
processor time over 20 s, every further open file or socket. What kills it kills nothing else.
"""

import io
import json
import re
import resource
import sys
import zlib
from typing import Any

from PIL import (
    Image,
    ImageDraw,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

MEMORY = 512 * 1024 * 1024  # bytes
SECONDS = 20
FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
# Loaded now, later no file can be opened: TIFF reads the notes of a camera, MPO its second picture.
READERS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/AA", b"/XFA", b"/RichMedia")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
QUALITY = 88


class No(Exception):
    """What is refused: a code, and the facts of its sentence."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts
        super().__init__(code)


def give_away(kind: str) -> None:
    """This will lower every limit for good. WebP's own decoder holds 50 megapixels three times over: twice the room."""
    memory = MEMORY * 2 if kind == "webp" else MEMORY
    Image.preinit()  # what reading needs is loaded now
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # what is open stays open: no file, no socket more


def opened(data: bytes, asked: dict[str, Any]) -> Image.Image:
    """Read the head of a picture and refuse what is too much before one pixel is unpacked."""
    Image.MAX_IMAGE_PIXELS = None  # asked below, in our own words
    try:
        image = Image.open(io.BytesIO(data), formats=[FORMATS[asked["kind"]]])
    except (OSError, SyntaxError, ValueError, zlib.error) as broken:
        raise No("damaged") from broken
    wide, high = image.size
    if not wide or not high:
        raise No("damaged")
    if wide * high > asked["pixels"]:
        raise No("pixels", megapixels=round(wide * high / 1e6, 1))
    if max(wide, high) > asked["sides"] * min(wide, high):
        raise No("narrow", ratio=max(wide, high) // min(wide, high))
    return image


def plain(image: Image.Image, side: int) -> Image.Image:
    """Give the picture upright, on white, no side over `side`, with nothing beside its pixels."""
    try:
        if image.format == "JPEG":
            image.draft("RGB", (side, side))
        image.load()
        if max(image.size) > side:
            image.thumbnail((side, side), reducing_gap=2.0)
        turned = ImageOps.exif_transpose(image)
        if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
            over = turned.convert("RGBA")
            turned = Image.new("RGB", over.size, "white")
            turned.paste(over, mask=over.getchannel("A"))
        elif turned.mode.startswith("I") or turned.mode == "F":
            turned = turned.point(lambda v: v / 256).convert("L")
        bare = turned.convert("RGB")
    except MemoryError as large:
        raise No("unpacks") from large
    except (OSError, SyntaxError, ValueError, zlib.error, IndexError, TypeError) as broken:
        raise No("damaged") from broken
    bare.info.clear()
    return bare


def written(image: Image.Image) -> bytes:
    """Write pixels and nothing else as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=False, exif=b"", icc_profile=None)
    return out.getvalue()


def take(data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Encode a picture anew: what was hidden in it or behind it stays here."""
    kept = plain(opened(data, asked), asked["side"])
    return {"width": kept.width, "height": kept.height}, [written(kept)]


def cover(data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Paint over regions (x, y, width, height in thousandths) and give the picture at each of the asked sides."""
    full = plain(opened(data, asked), asked["side"])
    pen = ImageDraw.Draw(full)
    for x, y, wide, high in asked["boxes"]:
        left, top = x * full.width // 1000, y * full.height // 1000
        right, below = -(-(x + wide) * full.width // 1000), -(-(y + high) * full.height // 1000)
        pen.rectangle((left, top, right, below), fill="black")
    made = []
    for side in asked["outs"]:
        copy = full.copy()
        copy.thumbnail((side, side), reducing_gap=2.0)
        made.append(copy)
    return {"width": made[0].width, "height": made[0].height}, [written(one) for one in made]


def look_through(data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Look at a PDF: whole, nothing that acts in it, nothing that unpacks without end."""
    if b"%%EOF" not in data[-2048:]:
        raise No("damaged")
    left = max(len(data) * asked["ratio"], 1 << 20)
    for found in [data, *(m.group(1) for m in _STREAM.finditer(data))]:
        text = found
        if found is not data:
            unpacker = zlib.decompressobj()
            try:
                text = unpacker.decompress(found, left + 1)
            except zlib.error:
                continue
            left -= len(text)
            if left < 0:
                raise No("unpacks")
        for word in ACTIVE:
            if re.search(re.escape(word) + rb"(?![A-Za-z0-9])", text):
                raise No("active", what=word.decode())
    return {"width": 0, "height": 0}, [data]


VERBS = {"take": take, "cover": cover, "pdf": look_through}


def main() -> int:
    """Answer one question."""
    question, _, data = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(question)
    give_away(str(asked.get("kind", "")))
    try:
        facts, made = VERBS[asked["do"]](data, asked)
        said: dict[str, Any] = {"facts": facts, "sizes": [len(one) for one in made]}
    except No as no:
        said, made = {"no": no.code, "facts": no.facts}, []
    except MemoryError:
        said, made = {"no": "unpacks", "facts": {}}, []
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + b"".join(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
