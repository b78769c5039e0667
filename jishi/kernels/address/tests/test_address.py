"""Addresses: many spellings of a dwelling have one key, near misses have two, and the canonical line is its own."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jishi.kernels.address import Alias, Area, Book, Named, normalise, normalise_all

COUNTY, STREET, OTHER_STREET = "330302000000", "330302001000", "330302002000"
CUIZHU, XINHUA, VILLAGE = "330302001001", "330302002001", "330302002201"
AREAS = [
    Area("330000000000", "浙江省", 1, "", "浙江"),
    Area("330300000000", "温州市", 2, "330000000000", "温州"),
    Area(COUNTY, "鹿城区", 3, "330300000000", "鹿城"),
    Area(STREET, "五马街道", 4, COUNTY, "五马"),
    Area(OTHER_STREET, "南汇街道", 4, COUNTY, "南汇"),
    Area(CUIZHU, "翠竹社区居民委员会", 5, STREET, "翠竹社区"),
    Area(XINHUA, "新华社区居民委员会", 5, OTHER_STREET, "新华社区"),
    Area(VILLAGE, "李家村村民委员会", 5, OTHER_STREET, "李家村"),
    Area("330302002498", "虚拟社区", 5, OTHER_STREET, "虚拟社区", placeholder=True),
]
NAMES = [
    Named(1, "翠竹苑", "compound", CUIZHU, (Alias("翠竹花苑"),)),
    Named(2, "新华路", "road"),
    Named(3, "新华南路", "road", "", (Alias("建国路", "2018-01-01"),)),
    Named(4, "幸福小区", "compound", CUIZHU),
    Named(5, "幸福小区", "compound", XINHUA),
    Named(6, "楼外楼公馆", "compound", XINHUA, (), {"3": (31, 32), "5": (51,)}),
]
NUMBERED = [Named(7, "7号公馆", "compound", XINHUA), Named(8, "老三巷", "road", "", (Alias("3巷"),))]


def folded(texts):
    """The room gives kernels/text; here two traditional signs are enough."""
    return [unicodedata.normalize("NFKC", t).translate(str.maketrans("號樓", "号楼")) for t in texts]


BOOK = Book.of(AREAS, NAMES, fold=folded)


def read(text, within=COUNTY):
    return normalise(text, within=within, book=BOOK)


ONE_KEY = [
    ("翠竹苑3号楼", "翠竹苑３號樓"),
    ("翠竹苑17号楼", "翠竹苑十七号楼"),
    ("翠竹苑17号楼", "翠竹苑17#"),
    ("翠竹苑17号楼", "翠竹苑17幢"),
    ("翠竹苑17号楼", "翠竹苑第17栋楼"),
    ("翠竹苑A座", "翠竹苑a栋"),
    ("翠竹苑3号楼", "翠竹花苑3栋"),
    ("翠竹苑3号楼", "翠竹苑小区3号楼"),
    ("翠竹苑3号楼", "我家住翠竹苑3号楼"),
    ("翠竹苑3号楼", "浙江省温州市鹿城区五马街道翠竹社区翠竹苑3号楼"),
    ("翠竹苑3号楼", "3号楼翠竹苑，五马街道"),
    ("翠竹苑3号楼", "新华路12号翠竹苑3号楼"),
    ("翠竹苑3号楼2单元301室", "翠竹苑三号楼二单元三零一"),
    ("翠竹苑3号楼2单元301室", "翠竹苑3-2-301"),
    ("翠竹苑3号楼2单元301室", "翠竹苑3#2-301室"),
    ("翠竹苑3号楼2单元301室", "翠竹苑3幢2单元3层301"),
    ("翠竹苑3号楼2单元301室", "301室 2单元 3号楼 翠竹苑"),
    ("翠竹苑3号楼负一层", "翠竹苑3号楼地下1层"),
    ("翠竹苑3号楼负一层", "翠竹苑3号楼B1"),
    ("新华路甲3号", "新华路3号甲"),
    ("新华路3号之一", "新华路3号之1"),
    ("新华路3号附二号", "新华路3号附2号"),
    ("建国路3号", "新华南路3号"),
    ("新华路与建国路交叉口", "建国路和新华路路口"),
    ("新华路、新华南路口", "新华南路新华路交叉口"),
    ("李家村三组12号", "李家村村民委员会第3村民小组12号"),
    ("李家村三组12号", "李家村3社12号"),
    ("李家村三组12号", "12号，李家村3队"),
    ("纬三路12号", "纬3路十二号"),
    ("临江路188弄3支弄12号", "临江路一百八十八弄三支弄12号"),
    ("锦绣花园二期5幢", "锦绣花园第2期5号楼"),
    ("五马街道新华路3号", "新华路3号"),
    ("楼外楼公馆5幢", "楼外楼公馆5号楼"),
]
TWO_KEYS = [
    ("翠竹苑3号", "翠竹苑3号楼"),
    ("新华路3号", "新华路3号楼"),
    ("新华路3号", "新华南路3号"),
    ("新华路3号", "新华路3号附1号"),
    ("新华路3号", "新华路3号甲"),
    ("新华路3号", "新华路3号之一"),
    ("翠竹苑3号楼", "翠竹苑13号楼"),
    ("翠竹苑3号楼", "新翠竹苑3号楼"),
    ("翠竹苑3号楼1单元", "翠竹苑3号楼2单元"),
    ("翠竹苑3号楼1层", "翠竹苑3号楼负1层"),
    ("锦绣花园一期3号楼", "锦绣花园二期3号楼"),
    ("李家村3组12号", "李家村13组12号"),
    ("五马街道幸福小区3号楼", "南汇街道幸福小区3号楼"),
    ("楼外楼公馆3幢", "楼外楼公馆3号楼"),
    ("翠竹苑3号楼", "翠竹苑南路3号"),
    ("新华路3号", "新华路3弄"),
    ("新华路12弄3号", "新华路12弄3支弄"),
    ("新华路3号", "新华路3号院"),
    ("新华路3号", "杭州市西湖区新华路3号"),
    ("翠竹苑A座", "翠竹苑B座"),
    ("翠竹苑东区3号楼", "翠竹苑西区3号楼"),
    ("新华路3-1号", "新华路3号"),
]


@pytest.mark.parametrize(("one", "other"), ONE_KEY)
def test_two_spellings_of_a_place_have_one_key(one, other):
    assert read(one).key == read(other).key, (read(one).parts, read(other).parts)


@pytest.mark.parametrize(("one", "other"), TWO_KEYS)
def test_near_misses_have_two_keys(one, other):
    assert read(one).key != read(other).key, read(one).parts


@pytest.mark.parametrize("text", sorted({t for pair in (*ONE_KEY, *TWO_KEYS) for t in pair}))
def test_the_line_of_an_address_is_its_own_line(text):
    once = read(text)
    again = read(once.normal)
    assert (again.normal, again.key, again.parts) == (once.normal, once.key, once.parts)


HOUSE = st.builds(
    lambda name, phase, house, unit, room: f"{name}{phase}{house}{unit}{room}",
    st.sampled_from(
        ["翠竹苑", "幸福小区", "楼外楼公馆", "锦绣花园", "甲天下家园", "新华路12号 十里香苑", "李家村三组", "SOHO广场"]
    ),
    st.sampled_from(["", "二期", "东区", "1期"]),
    st.sampled_from(["", "3号楼", "十七幢", "A座", "12#", "甲栋", "B3栋"]),
    st.sampled_from(["", "2单元", "东单元", "3梯", "负一层", "5层"]),
    st.sampled_from(["", "301室", "东户", "A1203室", "0302", "十二室", "7号"]),
)
STREETS = st.builds(
    lambda area, road, lane, number, more: f"{area}{road}{lane}{number}{more}",
    st.sampled_from(["", "鹿城区", "浙江温州鹿城五马街道", "李家村", "杭州市西湖区", "翠竹社区"]),
    st.sampled_from(["新华路", "建国路", "纬三路", "5号路", "东大街", "新华路和建国路口", "三牌坊巷", ""]),
    st.sampled_from(["", "12弄", "一百弄3支弄", "柴弄"]),
    st.sampled_from(["", "3号", "甲3号", "3-1号", "三号院", "12号附3号", "7号之二"]),
    st.sampled_from(["", "对面", "楼上", "(公厕旁)", "5号楼"]),
)


class TestIdempotent:
    @given(HOUSE | STREETS, st.sampled_from([COUNTY, STREET, CUIZHU, VILLAGE]))
    def test_the_canonical_line_reads_as_itself(self, text, within):
        once = read(text, within)
        again = read(once.normal, within)

        assert (again.normal, again.key, again.parts) == (once.normal, once.key, once.parts)

    @given(st.text(alphabet="新华路翠竹苑三3号楼栋幢单元室#-甲附之一与口A1层负弄村组 ，东区期", max_size=14))
    @example("与弄1路口")  # a road whose name began with 与 grew at every reading
    @example("一路与新弄")
    @example("弄村")  # behind the county's name it was a lane of that name
    def test_whatever_is_written_reads_as_itself_and_no_sign_is_lost_without_a_word(self, text):
        once = read(text)
        again = read(once.normal)

        assert (again.normal, again.key) == (once.normal, once.key)
        assert 0.0 <= once.confidence <= 1.0


class TestUpperParts:
    def test_that_are_missing_come_from_within(self):
        found = read("翠竹苑3号楼", CUIZHU)

        assert list(found.parts.values())[:5] == ["浙江省", "温州市", "鹿城区", "五马街道", "翠竹社区居民委员会"]
        assert (found.area, found.precision, found.confidence) == (CUIZHU, "building", 1.0)

    def test_of_another_city_are_kept_and_nothing_is_guessed(self):
        found = read("杭州市西湖区文三路12号")

        assert dict(found.parts) == {"city": "杭州市", "county": "西湖区", "road": "文三路", "number": "12号"}
        assert found.confidence < 0.6
        assert found.steps[-1].code == "elsewhere"

    def test_a_statistical_placeholder_is_never_read_as_an_address(self):
        assert read("虚拟社区3号").area == COUNTY

    def test_a_name_that_two_places_bear_gives_both_with_what_tells_them_apart(self):
        both = read("幸福小区3号楼")

        assert [c.id for c in both.candidates] == [4, 5]
        step = next(s for s in both.steps if s.code == "same_name_twice")
        assert "五马街道" in step.made and "南汇街道" in step.made
        assert read("南汇街道幸福小区3号楼").names == (5,)


class TestRooms:
    def test_are_a_part_and_never_in_the_key(self):
        assert read("翠竹苑3号楼301室").key == read("翠竹苑3号楼402室").key == read("翠竹苑3号楼").key
        assert read("翠竹苑3号楼301室").parts["room"] == "301室"

    def test_a_number_behind_a_road_is_no_room(self):
        assert read("新华路301号").precision == "number"


def test_what_cannot_be_read_is_left_over_and_said():
    found = read("翠竹苑3号楼对面的早点摊")

    assert found.leftovers == ("对面", "早点摊")
    assert found.confidence == 0.81


def test_a_renamed_road_says_its_name_of_today():
    found = read("建国路3号")

    assert found.parts["road"] == "新华南路"
    assert ("renamed", "建国路", "新华南路") in found.steps


def test_a_batch_answers_as_each_alone():
    texts = [t for pair in ONE_KEY for t in pair]

    assert [a.key for a in normalise_all(texts, within=COUNTY, book=BOOK)] == [read(t).key for t in texts]


def other_digits(text, n):
    """The same text with other digits, nought among them."""
    return "".join(str((int(c) * 7 + n) % 10) if c.isascii() and c.isdigit() else c for c in text)


SIGNS = "新华路翠竹苑第三3号楼栋幢单元室#-甲附A071层弄巷公馆 外期"


class TestLikes:
    """What differs from a text in its digits alone takes over what was read off it."""

    @given(
        st.lists(HOUSE | STREETS | st.text(SIGNS, max_size=14), max_size=4),
        st.sampled_from([COUNTY, STREET, ""]), st.booleans(),
    )  # fmt: skip
    def test_are_read_as_each_alone(self, texts, within, numbered):
        book = Book.of(AREAS, [*NAMES, *NUMBERED], fold=folded) if numbered else BOOK
        likes = [other_digits(t, n) for n in range(4) for t in texts]

        assert normalise_all(likes, within=within, book=book) == [normalise(t, within=within, book=book) for t in likes]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("楼外楼公馆5幢", "楼外楼公馆3幢"),  # two houses bear the number 3, so the word stays
            ("翠竹苑3号楼1单元301室", "翠竹苑3号楼1单元351室"),  # 51 is no floor's dwelling
            ("翠竹苑3号楼3层301室", "翠竹苑3号楼3层401室"),  # the floor said is not the floor told
            ("翠竹苑3号楼3号楼", "翠竹苑3号楼4号楼"),  # said twice, and said otherwise
            ("6号公馆3幢", "7号公馆3幢"),  # one is in the book
            ("新华路2巷5号", "新华路3巷5号"),  # and one is a road there
            ("翠竹苑3号楼B1层", "翠竹苑3号楼B0层"),  # below the ground there is no floor nought
        ],
    )
    def test_that_differ_in_more_than_digits_are_told_apart(self, one, other):
        book = Book.of(AREAS, [*NAMES, *NUMBERED], fold=folded)

        first, second = (normalise_all(pair, within=COUNTY, book=book) for pair in ((one, other), (other, one)))

        assert first == second[::-1] == [normalise(t, within=COUNTY, book=book) for t in (one, other)]
