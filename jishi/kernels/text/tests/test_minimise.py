import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.text import golden
from jishi.kernels.text.minimise import minimise, minimise_one
from jishi.kernels.text.normalise import normalise
from jishi.kernels.text.numbers import checksum_holds, luhn_holds

MEASURED = golden.measure()


class TestGoldenSet:
    def test_holds_at_least_three_hundred_spans(self):
        assert sum(len(case.spans) for case in golden.texts()) >= 300

    @pytest.mark.parametrize("kind", ["phone", "identity", "card"])
    def test_numbers_are_found_with_recall_0_995(self, kind):
        assert MEASURED[kind].recall >= 0.995, golden.misses()

    @pytest.mark.parametrize("kind", ["name", "address"])
    def test_names_with_cue_and_rooms_are_found_with_recall_0_95(self, kind):
        assert MEASURED[kind].recall >= 0.95, golden.misses()

    @pytest.mark.parametrize("kind", sorted(MEASURED))
    def test_precision_is_at_least_0_97(self, kind):
        assert MEASURED[kind].precision >= 0.97, golden.misses()

    @pytest.mark.parametrize("sentence", golden.HARD)
    def test_a_neighbour_of_personal_data_stays_readable(self, sentence):
        assert minimise_one(sentence).shown == sentence


class TestMinimise:
    def test_keeps_the_building_and_hides_the_room(self):
        assert minimise_one("阳光花园3号楼2单元501室漏水").shown == "阳光花园〔住址·3号楼〕漏水"

    def test_keeps_the_job_and_hides_the_name(self):
        assert minimise_one("物业张经理不管").shown == "物业〔姓名〕经理不管"

    @pytest.mark.parametrize("spelled", golden.spellings("13805770042"))
    def test_no_spelling_of_a_phone_stays(self, spelled):
        shown = minimise_one(f"请打{spelled}联系我").shown

        assert shown == "请打〔电话〕联系我"

    def test_a_full_name_is_hidden_wherever_it_comes_again(self):
        assert minimise_one("我叫王建国。王建国家漏水").shown == "我叫〔姓名〕。〔姓名〕家漏水"

    def test_a_second_run_changes_nothing(self):
        once = [m.shown for m in minimise(case.text for case in golden.texts())]

        assert [m.shown for m in minimise(once)] == once

    @given(st.lists(st.sampled_from([case.text for case in golden.texts()]), min_size=1, max_size=5))
    def test_batch_and_single_agree(self, texts):
        assert minimise(texts) == [minimise_one(text) for text in texts]

    @given(st.text(alphabet="王3号楼501室1 80一-(@某女士\u200b①㎡业主", max_size=60))
    def test_spans_are_in_order_inside_the_text_and_rebuild_what_is_shown(self, text):
        seen = minimise_one(text)

        at, shown = 0, ""
        for span in seen.spans:
            assert at <= span.start < span.end <= len(text)
            shown += text[at : span.start] + span.mark
            at = span.end
        assert shown + text[at:] == seen.shown

    @pytest.mark.parametrize("piece", ["1", "1 ", "一", "a@", "3栋", "(", "a1-", "我有", "联系人", "王女士", "〔"])
    def test_a_hundred_thousand_signs_are_read_to_the_end(self, piece):
        long = minimise_one(piece * (100_000 // len(piece)) + "。联系13805770042")

        assert long.shown.endswith("联系〔电话〕")


class TestNamesOfAStory:
    @pytest.mark.parametrize(("said", "shown"), [
        ("追回李建国、王秀英、陈穗昀、刘志强等人的钱。", "追回〔姓名〕、〔姓名〕、〔姓名〕、〔姓名〕等人的钱。"),
        ("1、李建国300元。2、王秀英120元。3、刘志强80元。4、陈弈珂56元。",
         "1、〔姓名〕300元。2、〔姓名〕120元。3、〔姓名〕80元。4、〔姓名〕56元。"),
        ("签收的是陈弈珂（组长的父亲），找到陈弈珂也没用。", "签收的是〔姓名〕（组长的父亲），找到〔姓名〕也没用。"),
        ("请查股东、李建国、陈穗昀、刘志强、石林教、张秀英等人的钱。",
         "请查股东、〔姓名〕、〔姓名〕、〔姓名〕、〔姓名〕、〔姓名〕等人的钱。"),
        ("1、李建国30元。2、王秀英12元。3、刘志强8元。4、张建华5元。5、陈国庆7元。6、梦楠3元。",
         "1、〔姓名〕30元。2、〔姓名〕12元。3、〔姓名〕8元。4、〔姓名〕5元。5、〔姓名〕7元。6、〔姓名〕3元。"),
        ("房子买了，陈弈珂代理其姐夫签字，钱给了陈弈珂。", "房子买了，〔姓名〕代理其姐夫签字，钱给了〔姓名〕。"),
        ("今年才知道被（陈弈珂）告了，又接到（陈穗昀）电话。",
         "今年才知道被（〔姓名〕）告了，又接到（〔姓名〕）电话。"),
        ("主审的（行政庭庭长）陈弈珂说再等等。", "主审的（行政庭庭长）〔姓名〕说再等等。"),
    ])  # fmt: skip
    def test_a_given_name_that_no_table_holds_is_hidden_where_its_place_says_that_it_is_one(self, said, shown):
        assert minimise_one(said).shown == shown

    @pytest.mark.parametrize("said", [
        "汤圆、陈皮、毛豆、韩式泡菜都涨价了。",
        "1、毛豆3元。2、陈皮4元。3、米粉2元。4、汤圆5元。",
        "门口的石狮(物业经理的父亲捐的)倒了。",
        "宋体、黄色、史料、孔雀四个展板坏了。",
        "路灯、井盖、护栏、石凳、凉亭、垃圾桶等人行道设施坏了。",
        "1、毛豆3元。2、陈皮4元。3、米粉2元。4、汤圆5元。5、白糖7元。6、红枣9元。",
        "网格员、水电工、保洁员、程序员、物业经理、楼长等人都来过。",
        "东西被（黄花镇）退回，又接到（高新区）通知。",
        "值班的人（派出所所长）严肃地说要罚款。",
        "问到的人，多年来代理其父亲收租。",
        "他被（安全带）打到，接到（许可证）短信。",
    ])  # fmt: skip
    def test_goods_and_places_in_a_row_are_no_names(self, said):
        assert minimise_one(said).shown == said


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "folded"),
        [
            ("１３８", "138"),
            ("樓頂漏", "楼顶漏"),
            ("a\u200bb\u202ec", "abc"),
            ("②号", "②号"),
            ("5㎡", "5m2"),
            ("٣", "3"),
            ("\x00水", "水"),
        ],
    )
    def test_one_reading_of_many_spellings(self, written, folded):
        assert normalise(written).text == folded

    @given(st.text(max_size=80))
    def test_every_folded_sign_leads_back_into_the_original(self, text):
        seen = normalise(text)

        assert len(seen.origin) == len(seen.text)
        assert all(0 <= i < len(text) for i in seen.origin)
        assert list(seen.origin) == sorted(seen.origin)


class TestCheckDigits:
    def test_an_identity_number_with_one_digit_changed_does_not_hold(self):
        assert checksum_holds("11010519491231002X")
        assert not checksum_holds("11010519491231012X")

    def test_a_card_number_with_one_digit_changed_does_not_hold(self):
        assert luhn_holds("4111111111111111")
        assert not luhn_holds("4111111111111112")
