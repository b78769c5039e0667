"""From the many ways to write an address to its parts, one line and one key (spec 20 §4)."""

from .book import Alias, Area, Book, Named
from .reading import normalise, normalise_all
from .telling import PARTS, Address, Step

__all__ = ["PARTS", "Address", "Alias", "Area", "Book", "Named", "Step", "normalise", "normalise_all"]
