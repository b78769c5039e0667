"""A fictional town to try Jishi with: pure data, the same for the same seed, no place of it exists."""

from jishi.portal.demo.past import past_cases
from jishi.portal.demo.rows import export_rows, hotline_rows
from jishi.portal.demo.town import feature_collection, town

__all__ = ["export_rows", "feature_collection", "hotline_rows", "past_cases", "town"]
