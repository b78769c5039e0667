"""A question asked row by row."""

from django.db.models import Exists


class ForEach(Exists):
    """EXISTS that is asked of each row in the order of the list, through the indexes of what it asks: the first of a
    list are found without reading all others. `OFFSET 0` keeps the planner from making one join of the whole."""

    template = "EXISTS(%(subquery)s OFFSET 0)"
