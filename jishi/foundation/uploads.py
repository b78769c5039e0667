"""What may come in as a file: its kind by content and by name together, how large (spec 10 §18, 90 §9).

Nothing is decoded here; that is `pictures`, in a process of its own. A file that we do not take is refused by its own
name: who sent it learns what it is and what to send instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from jishi.foundation.refusals import Refused

LARGEST = 20 * 1024 * 1024  # bytes of one file
MANY = 3  # files at once
AT_ONCE = 3 * LARGEST + 3  # bytes of all files of one request; what is beyond is counted, not kept
PIXELS = 50_000_000
SIDES = 20  # longer side : shorter side
RATIO = 100  # unpacked : packed


class FileTooLarge(Refused):
    code, status = "file_too_large", 413
    zh, en = "“{name}”有 {size} MB，最大 {limit} MB。", "“{name}” has {size} MB; the limit is {limit} MB."
    next_zh, next_en = "拍小一点，或者分几次传。", "Take it smaller, or send it in parts."


class TooManyFiles(Refused):
    code, status = "too_many_files", 422
    zh, en = "一次传了 {count} 个文件，最多 {limit} 个。", "{count} files at once; the limit is {limit}."
    next_zh, next_en = "挑最能说明问题的几张；以后还能补。", "Choose those that show it best; more can be added later."


class EmptyFile(Refused):
    code, status = "file_is_empty", 422
    zh, en = "“{name}”是空的。", "“{name}” is empty."
    next_zh, next_en = "重新选一次文件。", "Choose the file once more."


class FileKindRefused(Refused):
    code, status = "file_kind_refused", 415
    zh, en = "“{name}”是{kind_zh}，这里不收。", "“{name}” is {kind_en}; it is not taken here."
    next_zh, next_en = "{hint_zh}", "{hint_en}"


class FileNotWhatItSays(Refused):
    code, status = "file_not_what_it_says", 415
    zh, en = "“{name}”名字和内容对不上：内容是{kind_zh}。", "“{name}” is not what its name says: it holds {kind_en}."
    next_zh, next_en = "传原来的照片或 PDF，不要改文件名。", "Send the photo or PDF itself, under its own name."


class FileDamaged(Refused):
    code, status = "file_damaged", 422
    zh, en = "“{name}”打不开：文件坏了，或者没有传全。", "“{name}” cannot be opened: damaged, or cut off."
    next_zh, next_en = "重新拍一张，或者截屏再传。", "Take it again, or send a screenshot of it."


class TooManyPixels(Refused):
    code, status = "too_many_pixels", 422
    zh = "“{name}”有 {megapixels} 百万像素，最多 {limit} 百万。"
    en = "“{name}” has {megapixels} megapixels; the limit is {limit}."
    next_zh, next_en = "把照片缩小再传。", "Make the picture smaller and send it again."


class TooNarrow(Refused):
    code, status = "sides_too_unequal", 422
    zh, en = "“{name}”太长太窄：长边是短边的 {ratio} 倍，最多 {limit} 倍。", (
        "“{name}” is too long and narrow: {ratio} to 1; at most {limit} to 1."
    )
    next_zh, next_en = "截成几张再传。", "Cut it into several pictures."


class UnpacksTooLarge(Refused):
    code, status = "unpacks_too_large", 422
    zh, en = "“{name}”展开后大得不正常，不打开。", "“{name}” unpacks to far more than it should; it is not opened."
    next_zh, next_en = "重新拍一张，或者截屏再传。", "Take it again, or send a screenshot of it."


class ActiveContent(Refused):
    code, status = "file_with_program", 422
    zh, en = "“{name}”里带着会自己动的内容（{what}），不收。", "“{name}” holds something that acts ({what}); not taken."
    next_zh, next_en = "打印成普通的 PDF，或者拍照再传。", "Print it to a plain PDF, or send a photo of it."


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that is known by its first bytes; `taken` kinds have the endings a name may have."""

    code: str
    zh: str
    en: str
    endings: tuple[str, ...] = ()
    mime: str = ""
    hint: tuple[str, str] = ("请传 JPEG、PNG、WebP 照片，或者 PDF。", "Send a JPEG, PNG or WebP photo, or a PDF.")

    @property
    def taken(self) -> bool:
        return bool(self.mime)


PICTURES = ("jpg", "jpeg", "jpe", "jfif", "png", "webp")
_HEIC = (
    "苹果手机：设置 → 相机 → 格式，选“兼容性最佳”；或者截屏再传。",
    "On an iPhone: Settings → Camera → Formats → Most Compatible; or send a screenshot.",
)
KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("jpeg", "JPEG 照片", "a JPEG photo", PICTURES, "image/jpeg"),
        Kind("png", "PNG 图片", "a PNG picture", PICTURES, "image/png"),
        Kind("webp", "WebP 图片", "a WebP picture", PICTURES, "image/webp"),
        Kind("pdf", "PDF 文件", "a PDF", ("pdf",), "application/pdf"),
        Kind("heic", "HEIC 照片（苹果手机的格式）", "a HEIC photo (a format of the iPhone)", hint=_HEIC),
        Kind("avif", "AVIF 图片", "an AVIF picture"),
        Kind("gif", "GIF 动图", "a GIF"),
        Kind("bmp", "BMP 图片", "a BMP picture"),
        Kind("tiff", "TIFF 图片", "a TIFF picture"),
        Kind("svg", "SVG 或网页", "SVG or a web page"),
        Kind("zip", "压缩包或 Office 文件", "an archive or an Office file"),
        Kind("archive", "压缩包", "an archive"),
        Kind("office", "旧式 Office 文件", "an old Office file"),
        Kind("video", "视频", "a video"),
        Kind("audio", "音频", "a sound recording"),
        Kind("program", "程序", "a program"),
        Kind("other", "认不出的文件", "a file of unknown kind"),
    )
}
_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"%PDF-", "pdf"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"BM", "bmp"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "archive"), (b"Rar!", "archive"), (b"7z\xbc\xaf", "archive"), (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"), (b"\xd0\xcf\x11\xe0", "office"), (b"MZ", "program"), (b"\x7fELF", "program"),
    (b"#!", "program"), (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"), (b"\x1aE\xdf\xa3", "video"),
)  # fmt: skip
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic",
           b"hevc": "heic", b"hevx": "heic", b"mif1": "heic", b"msf1": "heic"}  # fmt: skip
_MARKUP = (b"<svg", b"<?xml", b"<!doctype", b"<html", b"<script")


def kind_of(head: bytes) -> Kind:
    """Tell the kind of a file by its first bytes alone.

    >>> kind_of(b"\\xff\\xd8\\xff\\xe0").code, kind_of(b"\\0\\0\\0 ftypheic").code, kind_of(b" <svg onload=x>").code
    ('jpeg', 'heic', 'svg')
    """
    if head[:4] == b"RIFF":
        return KINDS["webp" if head[8:12] == b"WEBP" else "audio" if head[8:12] == b"WAVE" else "video"]
    if head[4:8] == b"ftyp":
        return KINDS[_BRANDS.get(head[8:12], "video")]
    found = next((code for mark, code in _BEGINNINGS if head.startswith(mark)), None)
    if found is None and head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        found = "svg"
    return KINDS[found or "other"]


def checked(data: bytes, name: str, *, size: int | None = None) -> Kind:
    """Give the kind of a file that may be looked at further: by its size, its first bytes, and the name it came under.

    `size`: what was sent, where `data` holds less because it was too much.
    :raises FileTooLarge, EmptyFile, FileKindRefused, FileNotWhatItSays: it may not.
    """
    called, length = plain_name(name), len(data) if size is None else size
    if length > LARGEST:
        raise FileTooLarge(name=called, size=f"{length / 2**20:.1f}", limit=LARGEST >> 20)
    if not data:
        raise EmptyFile(name=called)
    kind = kind_of(data[:1100])
    ending = called.rpartition(".")[2].lower() if "." in called else ""
    if not kind.taken:
        if ending in PICTURES or ending == "pdf":
            raise FileNotWhatItSays(name=called, kind_zh=kind.zh, kind_en=kind.en)
        hint_zh, hint_en = kind.hint
        raise FileKindRefused(name=called, kind_zh=kind.zh, kind_en=kind.en, hint_zh=hint_zh, hint_en=hint_en)
    if ending and ending not in kind.endings:
        raise FileNotWhatItSays(name=called, kind_zh=kind.zh, kind_en=kind.en)
    return kind


def plain_name(name: str) -> str:
    """Give a sender's file name as it may be shown: no folder, no control character, at most 80 characters.

    >>> plain_name("C:\\\\x\\\\..\\\\a\\r\\n.jpg"), plain_name("")
    ('a.jpg', '照片')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-80:].strip() or "照片"


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it arrived. `size` is what was sent; `data` is empty where that was too much to keep."""

    name: str
    data: bytes
    size: int

    def kind(self) -> Kind:
        """Give its kind. :raises Refused: as `checked`."""
        return checked(self.data, self.name, size=self.size)


def sent(files: list[Any]) -> list[Sent]:
    """Take uploaded files as values; an empty field of a form is none.

    :raises TooManyFiles: more than three.
    """
    given = [f for f in files if f.name and (f.size or f.name.strip())]
    if len(given) > MANY:
        raise TooManyFiles(count=len(given), limit=MANY)
    return [Sent(str(f.name), f.read(), int(f.size or 0)) for f in given]


class InMemory(FileUploadHandler):
    """Takes files into memory and nowhere else: no temporary file ever holds what a person sent (spec 90 §12, I8).

    What goes over `LARGEST`, or over `AT_ONCE` together, is counted to its end and not kept, so that the refusal
    can name it. Imports of sheets come through here as well.
    """

    held = 0  # bytes of this request's files

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.pieces: list[bytes] = []
        self.counted = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        room = LARGEST + 1 - self.counted  # one byte more than may be: whoever measures sees that it is too much
        self.counted += len(raw_data)
        if room > 0 and self.held + self.counted <= AT_ONCE:
            self.pieces.append(raw_data[:room])

    def file_complete(self, file_size: int) -> Any:
        data = b"".join(self.pieces)
        self.held, self.pieces = self.held + len(data), []
        made = SimpleUploadedFile(self.file_name or "file", data, self.content_type or "application/octet-stream")
        made.size = self.counted
        return made
