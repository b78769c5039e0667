"""What the engine does not accept: one named fact each."""

from typing import Any


class CannotRun(ValueError):
    """The run does not begin; `code` names why, `facts` hold what was asked for."""

    code = "cannot_run"
    says = "This cannot be run."

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        told = ", ".join(f"{key}={value}" for key, value in facts.items())
        super().__init__(f"{self.code}: {self.says} {told}".rstrip())


class NoSuchEngine(CannotRun):
    code = "no_such_engine"
    says = "Engines are local and spark."


class NoWorkers(CannotRun):
    code = "no_workers"
    says = "One worker is the least."


class NotOfAModule(CannotRun):
    code = "not_of_a_module"
    says = "Other processes find a function by its module and name: no lambda, no closure, nothing of __main__."


class SameNameTwice(CannotRun):
    code = "same_name_twice"
    says = "Two tasks have one name: the table could not tell them apart."


class SparkIsMissing(CannotRun):
    code = "spark_is_missing"
    says = "Install the extra: pip install 'jishi[spark]', and Java 17 or newer."


class SparkDidNotStart(CannotRun):
    code = "spark_did_not_start"
    says = "The cluster did not answer."
