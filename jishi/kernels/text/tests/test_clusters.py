"""Hot topics: what belongs together, what does not, how hot it is; invented reports only."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from jishi.kernels.text import clusters, clusters_heat, figures
from jishi.kernels.text.clusters import Said

AT = (112.98, 28.20)
FAR = (113.08, 28.20)  # some ten kilometres east
NOON = 10_000 * 24.0 + 12.0
WATER = (
    "翠竹苑从早上起就停水了，什么时候来水",
    "我们翠竹苑一天没有水了，做不了饭",
    "翠竹苑停水，物业也不知道原因",
    "请问翠竹苑何时来水，家里有老人",
    "翠竹苑水龙头一滴水都没有",
    "打了供水公司电话，翠竹苑停水没人管",
)
OTHERS = (
    "云溪路口的红绿灯坏了两天",
    "滨江公园的长椅断了一条腿",
    "学校门口早上堵车，孩子过马路危险",
    "夜市油烟很大，楼上不敢开窗",
    "工地半夜还在打桩，睡不着",
    "请问社保卡丢了到哪里补办",
    "广场舞声音太大，晚上十点还没散",
    "楼道里堆满了纸箱，走不过去",
)
STEMS = ("停水", "油烟", "打桩", "积水", "路灯", "垃圾", "公交", "电梯")


def _water(n: int, *, hours: float = 4.0, sender: str = "") -> list[Said]:
    return [
        Said(WATER[k % len(WATER)], NOON + k * hours, sender or f"w{k}", "01.01.01", *AT, frozenset({"翠竹苑"}))
        for k in range(n)
    ]


def _town(seed: int = 1, n: int = 60) -> list[Said]:
    chance = Random(seed)
    return [
        Said(
            f"{chance.choice(OTHERS)}，在{chance.choice('甲乙丙丁戊己庚辛')}{chance.randint(1, 90)}栋附近",
            NOON + chance.uniform(0, 60), f"o{k}", f"0{chance.randint(2, 9)}.01.01",
            AT[0] + chance.uniform(-0.05, 0.05), AT[1] + chance.uniform(-0.05, 0.05),
        )
        for k in range(n)
    ]  # fmt: skip


def _generated(seed: int = 7) -> tuple[list[Said], list[str]]:
    """Eight topics of 4 to 18 reports among as many single ones: (reports, topic or nothing)."""
    chance = Random(seed)
    said, topics = [], []
    for t, stem in enumerate(STEMS):
        place = f"{chance.choice('金银青玉云')}{chance.choice('桂枫荷松柳')}{chance.choice('苑庭园里')}{t}"
        spot = (AT[0] + 0.02 * t, AT[1])
        for k in range(4 + 2 * t):
            words = [place, stem, chance.choice(("很多天", "没人管", "影响生活", "请尽快解决", "投诉过")), stem]
            chance.shuffle(words)
            text = "，".join((*words, chance.choice(OTHERS)[:6]))
            said.append(Said(text, NOON + k * 5.0, f"{t}-{k}", f"0{t}.01", *spot, frozenset({place})))
            topics.append(stem)
    alone = _town(seed, 70)
    return said + alone, topics + [""] * len(alone)


class TestGroups:
    def test_twelve_senders_of_one_compound_are_one_group(self):
        found = clusters.groups(_town() + _water(12))

        assert [len(g.rows) for g in found] == [12]
        assert found[0].rows == tuple(range(60, 72))

    def test_one_sender_is_no_group_however_often_he_writes(self):
        assert clusters.groups(_water(40, sender="one")) == []
        unlike = [replace(s, text=s.text + f"第{k}次") for k, s in enumerate(_water(40, sender="one"))]
        assert clusters.groups(unlike) == []

    def test_copies_without_a_sender_are_one_sender(self):
        copy = Said(WATER[0], NOON, "", "01.01.01", *AT)

        assert clusters.groups([replace(copy, at_hours=NOON + k) for k in range(40)]) == []

    def test_ten_thousand_copies_are_one_block(self):
        spam = [Said("加微信领红包" * 20, NOON + k / 1000, f"s{k}") for k in range(10_000)]

        blocks = clusters._blocks(spam)
        found = clusters.groups(spam + _water(12))

        assert len(blocks) == 1
        assert sorted(len(g.rows) for g in found) == [12, 10_000]

    def test_a_chain_of_half_similar_reports_does_not_glue(self):
        pits, piles = ("有个大坑", "坑很深", "路面大坑") * 4, ("打桩吵", "半夜打桩", "工地吵") * 4
        road = [Said(f"青石路{t}", NOON + k, f"a{k}", "02.01.01") for k, t in enumerate(pits)]
        noise = [Said(f"枫林里{t}", NOON + k, f"b{k}", "03.01.01") for k, t in enumerate(piles)]
        bridge = [Said("青石路大坑，枫林里半夜打桩吵", NOON + 6, "c", "")]

        found = clusters.groups(road + noise + bridge)

        assert len(found) == 2
        assert all(not ({*g.rows} & {*range(12)} and {*g.rows} & {*range(12, 24)}) for g in found)

    def test_what_is_far_apart_or_weeks_apart_is_two_things(self):
        near = _water(6)
        far = [replace(s, lng=FAR[0], named=frozenset({"月亮湾"}), sender=s.sender + "f") for s in near]
        late = [replace(s, at_hours=s.at_hours + 30 * 24, sender=s.sender + "l") for s in near]

        assert [len(g.rows) for g in clusters.groups(near + far)] == [6, 6]
        assert [len(g.rows) for g in clusters.groups(near + late)] == [6, 6]

    def test_along_a_road_reports_are_one_thing(self):
        road = [
            Said(f"解放大道{w}", NOON + k, f"r{k}", "02.02.01", AT[0] + 0.008 * k, AT[1], frozenset({"解放大道"}))
            for k, w in enumerate(("路灯全灭了", "路灯不亮", "一路的路灯都坏了", "晚上没有路灯", "路灯坏了没人修"))
        ]  # fmt: skip

        assert [len(g.rows) for g in clusters.groups(road)] == [5]

    def test_what_must_stay_apart_stays_apart(self):
        ours = _water(6)
        accused = [replace(s, apart="7", sender=s.sender + "a") for s in ours]

        assert [set(g.rows) for g in clusters.groups(ours + accused)] == [set(range(6)), set(range(6, 12))]

    def test_the_order_does_not_matter(self):
        said, _ = _generated()
        order = np.random.Generator(np.random.PCG64(3)).permutation(len(said)).tolist()

        straight = {frozenset(g.rows) for g in clusters.groups(said)}
        mixed = {frozenset(order[i] for i in g.rows) for g in clusters.groups([said[i] for i in order])}

        assert straight == mixed

    def test_generated_topics_are_found_again(self):
        said, topics = _generated()
        marked = [[str(i) for i, t in enumerate(topics) if t == stem] for stem in STEMS]

        found = figures.b_cubed([[str(i) for i in g.rows] for g in clusters.groups(said)], marked)

        assert found["f1"] > 0.95

    def test_odd_texts_are_no_fault_and_one_of_each_is_no_topic(self):
        odd = ["", "水", "！！！", "👍" * 50, "1" * 30, "字" * 100_000, "\n\n", "abc"]

        assert clusters.groups([Said(text, NOON + k, f"o{k}") for k, text in enumerate(odd)]) == []
        assert clusters.groups([]) == []


class TestWords:
    def test_title_is_a_sentence_that_somebody_wrote_and_words_name_the_place(self):
        (found,) = clusters.groups(_town() + _water(12))

        assert any(found.title in text for text in WATER)
        assert any("翠竹苑" in w for w in found.words)
        assert len(found.examples) == clusters.EXAMPLES
        assert len({(_town() + _water(12))[i].text for i in found.examples}) == clusters.EXAMPLES

    def test_title_is_short_and_prefers_a_sentence_without_marks(self):
        said = [
            replace(s, text=f"联系〔姓名〕〔电话〕翠竹苑停水。翠竹苑停水一整天了。{'补充说明' * 30}{k}")
            for k, s in enumerate(_water(6))
        ]

        (found,) = clusters.groups(said)

        assert found.title == "翠竹苑停水一整天了"
        assert len(found.title) <= 40


class TestHeat:
    def test_senders_count_once_and_fade_by_half_in_three_days(self):
        said = [replace(s, at_hours=NOON) for s in _water(12)]

        now = clusters_heat.course(said, range(12), now=NOON)
        later = clusters_heat.course(said, range(12), now=NOON + 72)
        again = clusters_heat.course(said + said, range(24), now=NOON)

        assert (now.warmth, later.warmth, again.warmth) == (12.0, 6.0, 12.0)

    def test_two_senders_are_no_topic(self):
        assert clusters_heat.course(_water(2), range(2), now=NOON + 9) is None

    def test_places_multiply(self):
        here = _water(6)
        there = [replace(s, lng=FAR[0]) if k % 2 else s for k, s in enumerate(here)]

        one, two = (clusters_heat.course(said, range(6), now=NOON + 24) for said in (here, there))

        assert (one.places, two.places) == (1, 2)
        assert two.heat == pytest.approx(2 * one.heat)

    def test_what_is_usual_there_does_not_burn(self):
        said = _water(12)

        new = clusters_heat.course(said, range(12), now=NOON + 48, usual=[0.0] * 7)
        usual = clusters_heat.course(said, range(12), now=NOON + 48, usual=[6.0] * 7)

        assert (new.state, usual.state) == ("hot", "forming")
        assert new.heat > usual.heat

    def test_a_topic_lives_through_its_states(self):
        said = _water(12)
        at = [clusters_heat.course(said, range(12), now=NOON + h, usual=[0.0] * 7).state for h in (12, 47, 200, 500)]

        assert at == ["forming", "hot", "cooling", "settled"]

    def test_trend_says_where_it_goes(self):
        said = _water(12)

        rising, falling = (clusters_heat.course(said, range(12), now=NOON + h).trend for h in (40, 100))

        assert (rising, falling) == ("rising", "falling")
