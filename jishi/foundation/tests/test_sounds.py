"""Recordings: the kind by content, the length by the container, nothing else inside, refused by name."""

import pytest

from jishi.foundation import sounds
from jishi.foundation.refusals import Refused
from jishi.foundation.tests import sound_files
from jishi.foundation.tests.sound_files import PLANTED, box, element, m4a, mp3, ogg, page, wav, webm
from jishi.foundation.uploads import LARGEST, Sent


def sent(data: bytes, name: str = "a.bin") -> Sent:
    return Sent(name, data, len(data))


def refusal(data: bytes, name: str = "a.bin", size: int | None = None) -> str:
    with pytest.raises(Refused) as no:
        sounds.taken(Sent(name, data, len(data) if size is None else size))
    assert no.value.sentence("zh") and no.value.sentence("en")
    return no.value.code


class TestTaken:
    @pytest.mark.parametrize("kind", sorted(sound_files.ALL))
    def test_is_known_by_content_whatever_it_is_called_and_measured(self, kind: str):
        for name in ("a.jpg", "录音", ""):
            one = sounds.taken(sent(sound_files.ALL[kind](3.0), name))
            assert one.kind == kind and abs(one.ms - 3000) < 60 and not one.silent

    @pytest.mark.parametrize("kind", sorted(sound_files.ALL))
    def test_loses_titles_and_still_opens(self, kind: str):
        data = wav(more=b"LIST" + (12).to_bytes(4, "little") + PLANTED + b"\0") if kind == "wav" else None
        data = data or sound_files.ALL[kind]()
        assert PLANTED in data
        one = sounds.taken(sent(data))
        assert PLANTED not in one.data
        again = sounds.taken(sent(one.data))
        assert (again.ms, again.data) == (one.ms, one.data)

    def test_in_fragments_is_measured_by_its_fragments(self):
        assert abs(sounds.taken(sent(m4a(5.0, pieces=True))).ms - 5000) < 60


class TestTooLong:
    @pytest.mark.parametrize("kind", sorted(sound_files.ALL))
    def test_is_refused_over_two_minutes_and_taken_at_two(self, kind: str):
        assert sounds.taken(sent(sound_files.ALL[kind](120.0))).ms <= 121_000
        assert refusal(sound_files.ALL[kind](123.0)) == "recording_too_long"

    def test_by_its_fragments_where_the_head_says_nothing(self):
        assert refusal(m4a(130.0, pieces=True)) == "recording_too_long"

    @pytest.mark.parametrize("made", [ogg, webm])
    def test_by_its_packets_where_the_container_says_less(self, made):
        assert refusal(made(130.0, told=1.0)) == "recording_too_long"

    def test_by_its_table_where_the_head_says_less(self):
        assert refusal(m4a(130.0, told=5.0)) == "recording_too_long"

    def test_is_refused_by_its_size(self):
        assert refusal(b"", size=LARGEST + 1) == "file_too_large"
        assert refusal(b"") == "file_is_empty"


class TestSilent:
    def test_is_told_where_nothing_sounds(self):
        assert sounds.taken(sent(wav(loud=0))).silent
        assert sounds.taken(sent(wav(loud=20))).silent
        assert sounds.taken(sent(ogg(packet=3))).silent
        assert sounds.taken(sent(webm(packet=3))).silent

    def test_is_told_where_it_was_a_press_and_no_word(self):
        assert all(sounds.taken(sent(made(0.3))).silent for made in (wav, webm, mp3, m4a))
        assert not sounds.taken(sent(wav(0.6))).silent


class TestOtherThings:
    @pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0" + bytes(99), b"%PDF-1.7", b"PK\3\4" + bytes(99), b"fLaC",
                                      b"<svg onload=x>", b"\0\0\0 ftypheic" + bytes(99), b"GIF89a"])  # fmt: skip
    def test_are_refused_whatever_they_are_called(self, data: bytes):
        assert refusal(data, "voice.m4a") == "file_kind_refused"

    @pytest.mark.parametrize("kind", sorted(sound_files.ALL))
    @pytest.mark.parametrize("behind", [b"PK\3\4" + bytes(200), b"<script>alert(1)</script>", b"%PDF-1.7\n"])
    def test_behind_a_recording_are_refused(self, kind: str, behind: bytes):
        data = sound_files.ALL[kind]()
        data = data[:-128] if kind == "mp3" else data
        assert refusal(data + behind) == "file_damaged"

    @pytest.mark.parametrize("kind", sorted(sound_files.ALL))
    def test_cut_off_is_refused(self, kind: str):
        data = sound_files.ALL[kind]()
        data = data[:-128] if kind == "mp3" else data
        for keep in (len(data) - 5, 70, 30, 13):
            assert refusal(data[:keep]) == "file_damaged"

    def test_with_pictures_or_a_second_stream_are_refused(self):
        assert refusal(m4a(handler=b"vide")) == "file_damaged"
        assert refusal(m4a(codec=b"avc1")) == "file_damaged"
        assert refusal(webm(kind=1)) == "file_damaged"
        assert refusal(webm(codec=b"V_VP8")) == "file_damaged"
        assert refusal(ogg(serial=9)) == "file_damaged"

    def test_unknown_inside_are_refused(self):
        assert refusal(webm() + element(0x1A45DFA4, b"hidden")) == "file_damaged"
        assert refusal(m4a() + box(b"evil", b"x")) == "file_damaged"
        assert refusal(ogg() + page(b"x" * 9, granule=0, number=99)) == "file_damaged"

    def test_of_a_depth_that_has_no_bottom_are_refused(self):
        nested = b""
        for _ in range(40):
            nested = box(b"moov", nested)
        assert refusal(box(b"ftyp", b"M4A \0\0\0\0") + nested) == "file_damaged"
