"""Recordings: the kind by content, the length by the container, nothing else inside, refused by name."""

import pytest

from jishi.foundation import sounds
from jishi.foundation.refusals import Refused
from jishi.foundation.sounds import webm as webm_kernel
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

    @pytest.mark.parametrize("cut", [5, 30, 47])
    def test_kept_while_it_was_recorded_loses_the_block_amid_which_it_ends(self, cut: int):
        whole = webm(3.0)
        last = whole.rindex(b"\xa3\x01\0\0\0\0\0\0\x2c\x81")
        one = sounds.taken(sent(whole[: last + cut]))
        assert one.data == sounds.taken(sent(whole[:last])).data and 2900 < one.ms < 3000

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

    @pytest.mark.parametrize("where", ["segment", "tracks", "head"])
    def test_of_more_elements_than_a_recording_has_is_refused_before_all_are_walked(
        self, where: str, monkeypatch: pytest.MonkeyPatch
    ):
        nothing, walked, read = b"\xec\x80" * 50_000, [], webm_kernel._variable
        data = {"segment": webm(more=nothing), "tracks": webm(track=nothing), "head": webm(head=nothing)}[where]
        monkeypatch.setattr(webm_kernel, "MOST", 1000)
        monkeypatch.setattr(webm_kernel, "_variable", lambda *at, **how: walked.append(1) or read(*at, **how))

        assert refusal(data) == "file_damaged"
        assert len(walked) < 10_000



SETTING = bytes(4) + b"\3\x19" + bytes(25)  # of esds
INDEX = element(0xBB, element(0xB3, b"\0") + element(0xB7, element(0xF7, b"\1") + element(0xF1, PLANTED[:8])))
SUM = b"\xbf\x84" + PLANTED[:4]


class TestHidden:
    """What a player needs is kept; whatever else stands in a container is blanked in its place, or refused."""

    @pytest.mark.parametrize(
        "data",
        [
            m4a(more=box(b"evil", PLANTED)), m4a(more=box(b"sgpd", PLANTED)), m4a(name=PLANTED + b"\0"),
            m4a(made=PLANTED[:8], name=PLANTED),
            m4a(setting=box(b"esds", SETTING) + box(b"chan", PLANTED)), m4a() + box(b"mfra", PLANTED),
            m4a() + box(b"sidx", PLANTED), m4a(pieces=True) + box(b"moof", box(b"evil", PLANTED)),
            webm(more=element(0x1C53BB6B, INDEX + element(0xEC, PLANTED))), webm(more=element(0x114D9B74, PLANTED)),
            webm(more=element(0x1C53BB6B, PLANTED)), webm(track=element(0x258688, PLANTED)),
            webm(track=element(0x6D80, PLANTED)), webm(track=element(0xE1, element(0x7D7B, PLANTED))),
            webm(head=element(0x4281, PLANTED)),
        ],
        ids=["box", "groups", "handler", "when", "codec", "mfra", "sidx", "fragment", "cues", "seekhead", "broken cues",
             "codec name", "encodings", "audio", "head"],
    )  # fmt: skip
    def test_unknown_inside_is_blanked_and_what_sounds_stays(self, data: bytes):
        assert PLANTED in data
        one = sounds.taken(sent(data))
        assert PLANTED[:8] not in one.data and len(one.data) == len(data)
        assert abs(one.ms - 2000) < 60 and not one.silent
        assert sounds.taken(sent(one.data)).data == one.data

    @pytest.mark.parametrize("inside", ["segment", "tracks", "head"])
    def test_a_sum_of_webm_is_blanked_for_it_holds_four_bytes_of_its_sender_s_choice(self, inside: str):
        data = {"segment": webm(more=SUM), "tracks": webm(track=SUM), "head": webm(head=SUM)}[inside]
        assert SUM in data and SUM not in sounds.taken(sent(data)).data

    def test_an_address_that_is_none_may_end_as_browsers_end_it(self):
        assert sounds.taken(sent(m4a(source=b"\0\0\0\x0durl \0\0\0\1\0"))).kind == "m4a"
        assert refusal(m4a(source=b"\0\0\0\x0durl \0\0\0\1x")) == "file_damaged"

    def test_how_the_codec_is_set_stays(self):
        assert box(b"esds", SETTING) in sounds.taken(sent(m4a(setting=box(b"esds", SETTING)))).data

    @pytest.mark.parametrize(
        "data",
        [
            m4a(behind=PLANTED), m4a(setting=box(b"esds", bytes(99))), m4a(source=b"\0\0\0\x17url \0\0\0\0" + PLANTED),
            m4a(more=box(b"stco", bytes(4) + b"\0\0\0\1" + PLANTED)), m4a(more=box(b"stz2", bytes(12))),
            m4a(more=box(b"stsz", bytes(8) + b"\0\0\0\1" + PLANTED)), m4a() + box(b"styp", PLANTED),
            m4a(more=box(b"mdat", PLANTED)), webm(more=element(0xA7, PLANTED)), webm(track=element(0x22B59C, PLANTED)),
            webm(track=element(0x63A2, b"OpusHead" + PLANTED * 2)), webm(lacing=2), webm(track=element(0xD7, b"\2")),
        ],
        ids=["behind mdhd", "a long setting", "sound elsewhere", "behind a table", "compact sizes", "behind sizes",
             "brands", "mdat inside", "a long number", "a long language", "a long head", "laced", "another track"],
    )  # fmt: skip
    def test_behind_what_is_known_is_refused(self, data: bytes):
        assert refusal(data) == "file_damaged"

    @pytest.mark.parametrize("at", [40, 200, -3])
    def test_a_page_of_ogg_that_is_not_what_was_summed_is_refused(self, at: int):
        data = bytearray(ogg())
        data[at] ^= 1
        assert refusal(bytes(data)) == "file_damaged"

    def test_behind_the_head_of_opus_is_refused(self):
        whole = ogg()
        head = b"OpusHead\1\1" + bytes(9) + PLANTED
        assert refusal(page(head, granule=0, number=0, flag=2) + whole[whole.index(b"OggS", 4) :]) == "file_damaged"
