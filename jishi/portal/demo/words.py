"""What residents write and bodies answer: sentences put together from invented pieces."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from jishi.portal.demo.nouns import Matter, Place

HERE = Path(__file__).parent
SHORTEST, LONGEST = 15, 220


@dataclass(frozen=True)
class Mix:
    """How often a matter is raised, in which season, where, and in which words."""

    matter: str
    weight: int
    season: str
    places: str
    phrases: tuple[str, ...]


@cache
def mixes() -> dict[str, Mix]:
    """This will read the mix of matters: weights and phrases by leaf of the code book."""
    with (HERE / "messages.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["matter"]: Mix(
                row["matter"],
                int(row["weight"]),
                row["season"],
                row["places"],
                tuple(row["phrases"].split("/")),
            )
            for row in csv.DictReader(file)
        }


@cache
def phrases() -> dict[str, Any]:
    """This will read the pieces that do not belong to one matter."""
    return tomllib.loads((HERE / "phrases.toml").read_text(encoding="utf-8"))


def filled(sentence: str, rng: Random) -> str:
    """This will fill the numbers of a sentence: {n} a count, {d} days, {h} an hour or hours, {t} degrees."""
    if "{" not in sentence:
        return sentence
    return sentence.format(
        n=rng.randint(2, 9), d=rng.randint(2, 12), h=rng.randint(2, 11), t=rng.randint(11, 21), p="{p}"
    )


def piece(name: str, rng: Random) -> str:
    """This will choose one of the pieces of a name, such as an opening or a closing."""
    return str(rng.choice(phrases()[name]))


def surname(rng: Random) -> str:
    return piece("surnames", rng)


def mobile(rng: Random) -> str:
    """This will give a telephone number of the unassigned block that the demonstration uses."""
    return f"1390000{rng.randint(0, 9999):04d}"


def message(
    matter: str,
    place: Place,
    kind: str,
    rng: Random,
    *,
    also: str | None = None,
    contact: str = "",
    again: bool = False,
    topic: str | None = None,
) -> str:
    """This will write what a resident says about a matter at a place, 15 to 220 characters."""
    pieces, mix = phrases(), mixes()[matter]
    if topic:
        mix = replace(mix, phrases=tuple(pieces["topic"][topic]))
    family = pieces["family"][matter[:5]]
    problem = filled(rng.choice(mix.phrases), rng)
    lead = rng.choice(pieces["at_place" if place.kind in ("compound", "building") else "at_spot"]).format(
        p=place.name
    )
    opening = _opening(kind, rng, again=again)
    tail = _tail(mix, problem, family, rng)
    stop = rng.choice("。。。。！，")
    text = opening + lead + problem + "".join(rng.choice("，，，。；") + said for said in tail) + stop
    if also:
        text = text.rstrip("，") + rng.choice(pieces["also"]).format(
            x=filled(rng.choice(mixes()[also].phrases), rng)
        )
    ending = contact + piece("closings", rng)
    text = text if ending or not text.endswith("，") else text.rstrip("，")
    text += ending
    return _fitted(text, rng)


def _tail(mix: Mix, problem: str, family: dict[str, list[str]], rng: Random) -> list[str]:
    """What follows the problem; one in four has a long story to tell."""
    talk = 2.3 if rng.random() < 0.3 else 1.0
    tail = []
    if rng.random() < 0.1 * talk:
        tail.append(rng.choice([p for p in mix.phrases if p != problem]))
    if rng.random() < 0.34 * talk:
        tail.append(_fitting("since", mix.matter, rng))
    if rng.random() < 0.36 * talk:
        tail.append(rng.choice(family["effects"]))
    if rng.random() < 0.24 * talk:
        tail.append(_fitting("because", mix.matter, rng))
    if rng.random() < 0.28 * talk:
        tail.append(_fitting("tried", mix.matter, rng))
    if rng.random() < 0.55:
        tail.append(rng.choice(family["asks"]))
    if rng.random() < 0.36:
        tail.append(piece("generic_asks", rng))
    return [filled(said, rng) for said in tail]


def _fitting(name: str, matter: str, rng: Random) -> str:
    """One of the pieces that fit any matter or this branch of the code book."""
    return str(rng.choice([*phrases()[name], *phrases()[f"{name}_by"].get(matter[:2], ())]))


def _opening(kind: str, rng: Random, *, again: bool) -> str:
    if again:
        return piece("varied", rng)
    if kind == "inquiry":
        return piece("inquiry", rng)
    if kind == "suggestion":
        return piece("suggestion", rng)
    return piece("openers", rng) if rng.random() < 0.38 else ""


def _fitted(text: str, rng: Random) -> str:
    if len(text) < SHORTEST:
        text += rng.choice(phrases()["generic_asks"]) + "。"
    if len(text) < SHORTEST:
        text = rng.choice(phrases()["openers"]) + text
    return text[:LONGEST]


def contact_words(name: str, number: str, rng: Random) -> str:
    """This will give the words in which a caller leaves a surname and a number, for the minimiser to find."""
    return piece("contact", rng).format(s=name, c=_spelled(number, rng))


def _spelled(number: str, rng: Random) -> str:
    parts = (number[:3], number[3:7], number[7:])
    return rng.choice((number, number, " ".join(parts), "-".join(parts)))


def answer(
    matter: Matter, place: Place, body: str, contacted: str, rng: Random, *, solved: bool = True
) -> str:
    """This will write a body's reply with its four elements: when and with whom, what was done, by when."""
    done = filled(rng.choice(phrases()["family"][matter.code[:5]]["done"]), rng)
    whom = rng.choice(("与您电话联系", "上门与您见面", "与反映人电话核实", "到现场与住户核对"))
    head = rng.choice(
        (f"您反映的{place.name}{matter.name}一事", f"关于{place.name}{matter.name}的诉求", "您反映的问题")
    )
    if solved:
        tail = rng.choice(
            ("已办结。", "如有反复请再告诉我们。", "后续列入日常巡查。", "已请您现场确认。", "感谢您的监督。")
        )
    else:
        tail = rng.choice(
            (
                "其余部分列入计划，预计{n}个月内完成。",
                "暂不具备条件，已向您说明原因。",
                "需待手续完成后实施，到时另行告知。",
            )
        ).format(n=rng.randint(2, 6))
    return f"{head}，{body}{contacted}{whom}。{done}。{tail}"
