"""The same kernels over large files and on many machines (spec 21 §10, 95 §7)."""

from .refusals import CannotRun
from .running import ENGINES, answer, run
from .values import Outcome, Row, Task

__all__ = ["ENGINES", "CannotRun", "Outcome", "Row", "Task", "answer", "run"]
