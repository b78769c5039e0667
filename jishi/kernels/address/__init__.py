"""From the many ways to write an address to its parts, one line and one key (spec 20 §4)."""

from .book import Alias, Area, Book, Named
from .reading import PARTS, Address, Step, normalise, normalise_all

__all__ = ["PARTS", "Address", "Alias", "Area", "Book", "Named", "Step", "normalise", "normalise_all"]
