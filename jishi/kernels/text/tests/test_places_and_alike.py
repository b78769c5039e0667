import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.text import alike
from jishi.kernels.text.alike import (
    FACTS,
    WEIGHTS,
    Block,
    Candidate,
    PairModel,
    Prepared,
    Reach,
    probabilities,
    same_matter,
    same_matter_all,
    within_reach,
)
from jishi.kernels.text.features import opened
from jishi.kernels.text.places import Gazetteer, Name, number_of, spot
from jishi.kernels.text.risk import RiskRule, risk
from jishi.kernels.text.rows import shared

ROWS = [
    Name(1, "阳光花园", "compound", ("阳光小区",)),
    Name(2, "人民路", "road"),
    Name(3, "建设路", "road"),
    Name(4, "和平", "compound"),
    Name(5, "人民路小学", "school"),
    Name(6, "阳光花园", "compound"),
]
GAZETTEER = Gazetteer.of(ROWS)
STREETS = Gazetteer.of([Name(1, "老街", "road"), Name(2, "老街里", "compound"), Name(3, "大街", "road")])


def at_home(text, **kwargs):
    return Candidate(text, 120.7, 28.0, 50.0, compounds=frozenset({"c1"}), **kwargs)


class TestSpot:
    @pytest.mark.parametrize(
        ("text", "ids", "building", "room", "number"),
        [
            ("阳光花园三号楼二单元501室漏水", (1, 6), "3号楼", "501", ""),
            ("陽光花園3栋没电", (1, 6), "3号楼", "", ""),
            ("阳光小区17#楼", (1,), "17号楼", "", ""),
            ("人民路１２号门口积水", (2,), "", "", "12号"),
            ("人民路小学门口", (5,), "", "", ""),
            ("和平小区5栋没电", (4,), "5号楼", "", ""),
            ("B座2单元没水", (), "B号楼", "", ""),
        ],
    )
    def test_names_buildings_rooms_and_doors_are_read(self, text, ids, building, room, number):
        (seen,) = spot([text], GAZETTEER)[0]

        assert (seen.name_ids, seen.building, seen.room, seen.number) == (ids, building, room, number)

    def test_two_roads_make_one_crossing(self):
        (seen,) = spot(["在人民路与建设路交叉口红灯不亮"], GAZETTEER)[0]

        assert (seen.kind, seen.name_ids, seen.text) == ("crossing", (2, 3), "人民路与建设路交叉口")

    @pytest.mark.parametrize("text", ["大家要和平共处", "", "1", "12-15号楼停水", "没有地名的一句话"])
    def test_an_everyday_word_is_no_place_without_second_evidence(self, text):
        assert spot([text], GAZETTEER)[0] == []

    @pytest.mark.parametrize(
        "text",
        ["老街上的公厕脏", "整条老街都停电", "老街里头太吵", "老街40到88号墙皮掉", "老街那边没路灯", "沿着老街都是摊"],
    )
    def test_a_street_of_two_signs_is_named_with_a_word_of_place(self, text):
        (seen,) = spot([text], STREETS)[0]

        assert (seen.name_ids, seen.text) == ((1,), "老街")

    def test_a_name_that_ends_like_inside_is_found_where_nothing_is_called_what_stands_before(self):
        compounds = Gazetteer.of([Name(7, "和平里", "compound")])
        assert [seen.name_ids for seen in spot(["和平里头排的灯坏了"], compounds)[0]] == [(7,)]

    @pytest.mark.parametrize("text", ["老街坊都心疼", "他家老街面房要拆", "大街上到处是小广告", "在老街里住"])
    def test_a_plain_word_or_another_name_is_not_that_street(self, text):
        assert all(seen.name_ids != (1,) for seen in spot([text], STREETS)[0])

    @given(st.text(alphabet="阳光花园人民路与和平小区3号楼一二十１\u200b ", max_size=40))
    def test_spans_point_into_the_original(self, text):
        for seen in spot([text], GAZETTEER)[0]:
            assert text[seen.start : seen.end] == seen.text

    @pytest.mark.parametrize(
        ("written", "value"),
        [("十七", 17), ("一百零二", 102), ("二十", 20), ("一七", 17), ("17", 17), ("十", 10), ("楼", None)],
    )
    def test_chinese_numerals_are_read(self, written, value):
        assert number_of(written) == value


class TestSameMatter:
    @pytest.mark.parametrize(
        ("a", "b", "same"),
        [
            ("3号楼漏水", "5号楼漏水", False),
            ("3栋顶楼漏", "3号楼楼顶渗水", True),
            ("小区路灯不亮", "小区门口路灯坏了三天", True),
            ("小区路灯不亮", "楼下烧烤摊油烟大", False),
            ("三号楼电梯停了", "3幢电梯坏了不动", True),
        ],
    )
    def test_agreement_of_numbers_and_words_decides(self, a, b, same):
        score = same_matter(at_home(a), at_home(b))

        assert (score.probability >= 0.5) == same, score
        assert 1 <= len(score.facts) <= 3

    @pytest.mark.parametrize(
        ("a", "b", "same"),
        [
            ("枫林苑小区楼下搅拌站通宵施工，吵得睡不着", "枫林苑旁边的搅拌站噪音和灰尘太大，请管一管", True),
            ("枫林苑小区楼下烧烤店油烟直排", "云岭华庭小区楼下烧烤店油烟直排", False),
            ("枫林苑小区门口烧烤店油烟直排，味道很大", "枫林苑小区3栋电梯困人，修了两次又坏", False),
            ("举报云岭科技有限公司拖欠工资半年", "云岭科技公司欠薪，员工半年没有拿到工资", True),
            ("举报云岭科技有限公司拖欠工资半年", "举报海棠置业有限公司拖欠工资半年", False),
            ("请问青桐公园什么时候开工建设", "青桐公园规划了十年，什么时候开工建设？", True),
            ("请问青桐公园什么时候开工建设", "请问石桥中学什么时候开工建设", False),
            ("望江村五组什么时候拆迁", "请问望江村五组的拆迁哪年启动", True),
            ("咨询居住证怎么办理", "小区停水三天没人管", False),
            ("松涛府捆绑销售车位，不买不给签合同", "松涛府开发商强制业主买车位才签合同，捆绑销售", True),
        ],
    )
    def test_without_a_place_what_is_named_and_what_is_said_decide(self, a, b, same):
        score = same_matter(Candidate(a), Candidate(b))

        assert (score.probability >= 0.5) == same, score
        assert "unplaced" not in [f.code for f in score.facts]

    def test_another_building_of_the_named_compound_is_another_matter_without_a_place_too(self):
        assert same_matter(Candidate("枫林苑3号楼漏水"), Candidate("枫林苑5号楼漏水")).probability < 0.5
        assert same_matter(Candidate("枫林苑3号楼漏水"), Candidate("枫林苑三号楼渗水漏水")).probability > 0.5

    @pytest.mark.parametrize(
        ("a", "b"), [("3号楼电梯困人", "3号楼单元门坏了"), ("3号楼门口路灯坏了", "三号楼有人养鸡打鸣")]
    )
    def test_two_troubles_of_one_house_on_one_day_are_two_matters_while_no_matter_is_known(self, a, b):
        score = same_matter(at_home(a), at_home(b))

        assert score.probability < 0.5
        assert "other_words" in [fact.code for fact in score.facts]

    def test_other_words_say_nothing_against_a_matter_that_is_surely_the_same(self):
        same = (("lift", 1.0),)

        score = same_matter(at_home("3号楼电梯困人", also=same), at_home("三号楼轿厢卡住了", also=same))

        assert score.probability > 0.5
        assert "other_words" not in [fact.code for fact in score.facts]

    def test_the_answer_does_not_depend_on_who_was_first(self):
        a, b = at_home("3号楼漏水", at_hours=5.0), at_home("三栋二单元渗水")

        assert same_matter(a, b) == same_matter(b, a)

    def test_later_and_farther_are_never_more_alike(self):
        first = at_home("路灯不亮")
        others = [Candidate("路灯坏了", 120.7 + d * 0.001, 28.0, 50.0, at_hours=d * 50.0) for d in range(10)]
        scores = [s.probability for s in same_matter_all([(first, other) for other in others])]

        assert scores == sorted(scores, reverse=True)

    def reached(self, one, others, *, least=0.5):
        """Which of others may be the same by place, time and matter alone."""
        lng, lat, radius, hours, life = np.array(
            [[o.lng, o.lat, o.radius_m, o.at_hours, o.life_hours] for o in others]
        ).T  # fmt: skip
        east = (lng - one.lng) * 111_320.0 * np.cos(np.radians((lat + one.lat) / 2))
        apart = np.hypot(east, (lat - one.lat) * 111_320.0)
        matters, compounds = [o.matter for o in others], [o.compounds for o in others]
        return within_reach(one, apart, radius, hours, life, matters, compounds, PairModel(), least=least).tolist()

    def test_whose_words_are_not_read_could_never_have_been_proposed_and_who_stands_near_is_read(self):
        said = "小区3号楼顶楼漏水"  # the same words, the best that words can say
        one = Candidate(said, 120.7, 28.0, 50.0, also=(("m1", 0.7), ("m2", 0.3)), compounds=frozenset({"c1"}))
        others = [
            Candidate(said, 120.7 + d * 0.0008, 28.0, radius, at_hours, matter, compounds=compounds)
            for d in range(0, 24, 2)
            for radius in (20.0, 100.0, 400.0)
            for at_hours in (0.0, 300.0, 700.0)
            for matter in ("m1", "m2", "m9", "")
            for compounds in (frozenset({"c1"}), frozenset({"c2"}), frozenset())
        ]
        others.append(Candidate(said))

        reached = self.reached(one, others)
        chance = [s.probability for s in same_matter_all([(one, other) for other in others])]

        assert [c for c, r in zip(chance, reached, strict=True) if c >= 0.5 and not r] == []
        assert reached[-1], "without a place only the words can tell"
        assert 0 < sum(reached) < len(reached), "some are read, some are spared"
        assert self.reached(one, others, least=0.9).count(True) < sum(reached)

    @pytest.mark.parametrize("least", [0.3, 0.5, 0.8])
    def test_words_are_read_of_pairs_that_may_still_be_proposed_alone_and_no_answer_changes(self, monkeypatch, least):
        said = (
            "阳光花园3栋楼顶漏水，家里墙都湿了", "阳光花园3栋顶楼渗水，墙皮掉了", "阳光花园5栋二单元电梯坏了",
            "人民路窨井盖不见了，晚上很危险", "人民路井盖丢了，有人摔倒", "第一中学门口上下学堵车",
            "万科城业主反映小区停车位太少", "万科城小区车位不够，业主没地方停车",
        )  # fmt: skip
        spots = ((120.7, 28.0), (120.7005, 28.0), (120.71, 28.0), (float("nan"), float("nan")))
        compounds = (frozenset({"阳光花园"}), frozenset({"万科城"}), frozenset())
        rows = [
            Candidate(text, *spot, 60.0, 24.0 * k, "01" if k % 2 else "02", compounds=held)
            for k, text in enumerate(said) for spot in spots for held in compounds
        ]  # fmt: skip
        first, second = (at.ravel() for at in np.meshgrid(np.arange(len(rows)), np.arange(len(rows)), indexing="ij"))
        prepared, model, read = Prepared.of(rows), PairModel(), []
        whole = prepared.facts(first, second)
        monkeypatch.setattr(alike, "shared", lambda laid, a, b: (read.append(len(a)), shared(laid, a, b))[1])

        quick = prepared.facts(first, second, reach=Reach.of(model, least))

        proposed = probabilities(whole, model) >= least
        assert 0 < proposed.sum() < len(rows) ** 2 / 4
        assert (quick[proposed] == whole[proposed]).all()
        assert (probabilities(quick, model)[~proposed] < least).all()
        assert sum(read) < len(rows) ** 2, "and words of most pairs are not read"

    def test_fitting_keeps_every_sign(self):
        pairs = [(at_home("3号楼漏水"), at_home("5号楼漏水")), (at_home("路灯不亮"), at_home("路灯坏了"))]
        model = PairModel.fit(pairs, [True, False])

        assert all(model.weights[f] * WEIGHTS[f] >= 0 for f in FACTS)

    def test_ten_thousand_copies_leave_two_hundred_candidates(self):
        block = Block([Candidate("小区门口路灯不亮已经三天", 120.7, 28.0)] * 10_000)

        assert len(block.candidates([Candidate("门口路灯不亮", 120.7, 28.0)])[0]) == 200

    def test_a_report_out_of_time_is_no_candidate(self):
        block = Block([at_home("路灯不亮", at_hours=0.0)])

        assert block.candidates([at_home("路灯不亮", at_hours=800.0)]) == [()]


RULES = (
    RiskRule("fire", (("起火", "着火", "冒烟", "火灾"),), call="119"),
    RiskRule("gas", (("燃气", "煤气", "天然气"), ("泄漏", "味", "漏气"))),
    RiskRule("manhole", (("井盖",), ("没了", "丢失", "不见", "缺失", "敞开", "被盗"))),
)


class TestRisk:
    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("三楼着火了", ["fire"]),
            ("楼道里有很浓的煤气味", ["gas"]),
            ("路口井盖不见了,快来人", ["manhole"]),
            ("昨天修好了，现在又冒烟", ["fire"]),
        ],
    )
    def test_danger_fires(self, text, codes):
        assert [m.code for m in risk([text], RULES)[0]] == codes

    @pytest.mark.parametrize(
        "text",
        [
            "昨天的煤气泄漏已经修好的",
            "如果起火怎么办",
            "没有起火，只是路灯坏",
            "社区组织火灾演练",
            "井盖旁边有垃圾",
            "去年着火的那栋楼要拆吗",
        ],
    )
    def test_denied_past_and_imagined_danger_does_not_fire(self, text):
        assert risk([text], RULES) == [[]]


def test_a_row_that_was_laid_open_is_wiped_and_the_next_one_finds_an_empty_sheet():
    with opened(np.array([3, 5], np.int32), np.array([0.5, 0.25]), 4) as row:
        assert row[5] == 0.25

    with pytest.raises(KeyError), opened(np.array([1], np.int32), np.array([1.0]), 4) as row:
        assert row.tolist() == [0.0, 1.0] + [0.0] * 14
        raise KeyError
    with opened(np.array([], np.int32), np.array([]), 4) as row:
        assert not row.any()
