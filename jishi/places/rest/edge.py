"""What the three books of calls share at the door: the version that was seen, and a number that can name a row."""

from django.http import HttpRequest

from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid, NotFound, PreconditionMissing


def version(request: HttpRequest) -> int:
    """Give the version that was seen (If-Match). :raises PreconditionMissing: none. :raises Invalid: no number."""
    tag = request.headers.get("If-Match", "").strip().strip('"')
    if not tag:
        raise PreconditionMissing
    if not (numbers.names_a_row(tag) and len(tag) < 10):
        raise Invalid(detail="If-Match")
    return int(tag)


def row(number: int) -> int:
    """Give a number that a row can have. :raises NotFound: any other."""
    if not 0 < number < 2**63:
        raise NotFound
    return number
