"""Rounds and errands of the two communities that have grid workers: invented, so that their pages are not empty."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Round:
    """A route of one grid: its places, what to look for, every how many days, first in how many days from today."""

    grid: str
    name: str
    places: tuple[str, ...]
    look_for: str
    every_days: int
    first_in: int


@dataclass(frozen=True)
class Job:
    """An errand that waits: `hours` from now until it is due."""

    grid: str
    kind: str
    place: str
    what: str
    hours: int
    free: bool = False


CUIZHU, SHIFANG = "990181001002003", "990181002002002"
ROUNDS = (
    Round(CUIZHU, "配电间", ("1号楼配电间", "3号楼配电间", "6号楼配电间"), "门锁好没有，有没有积水、堆物", 7, 0),
    Round(CUIZHU, "翠竹渠护栏", ("南门步道护栏", "北门步道护栏"), "有没有松动、缺口", 14, 4),
    Round(SHIFANG, "楼道和消防门", ("石坊里8号楼", "石坊里12号楼"), "楼道通不通，消防门能不能关上", 7, 0),
)
JOBS = (
    Job(CUIZHU, "deliver", "3、5、6号楼公告栏", "明天上午停水的通知贴好", 20),
    Job(CUIZHU, "help", "翠竹社区服务站", "代办老年卡换卡，到站看要带的材料", 44, free=True),
    Job(SHIFANG, "deliver", "石坊里南门公告栏", "垃圾投放时间的通知贴好", 20),
)
