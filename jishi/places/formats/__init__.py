"""Files that ground comes in: GeoJSON and its lines, zipped Shapefile, GeoPackage, Excel, CSV (spec 20 §7).

A reader gives features as GeoJSON has them, the columns, the system that the file itself names, and what is wrong with
the file as a file. It never guesses a system and stores nothing.
"""

from jishi.places.formats.reading import FORMATS, Source, read
from jishi.places.formats.systems import System, label_of, named
from jishi.places.formats.writing import shapefile_zip, workbook

__all__ = ["FORMATS", "Source", "System", "label_of", "named", "read", "shapefile_zip", "workbook"]
