"""Who reacts to what, on one page. A reaction takes the event's facts and `now`; it may run twice."""

REACTIONS: dict[str, tuple[str, ...]] = {}
