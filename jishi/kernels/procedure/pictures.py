"""The files of docs/states/ for one life."""

from jishi.kernels.procedure.mermaid import page
from jishi.kernels.procedure.picture import draw
from jishi.kernels.procedure.table import Procedure


def pictures(procedure: Procedure) -> dict[str, str]:
    """This will give every picture of a life by file name: Chinese, English, and the page with both."""
    code = procedure.code
    return {
        f"{code}.svg": draw(procedure, "zh"),
        f"{code}.en.svg": draw(procedure, "en"),
        f"{code}.md": page(procedure),
    }
