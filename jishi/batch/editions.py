"""Which edition of a function this is: a kept answer may be used again only where nothing that decides it changed."""

import functools
import hashlib
import pickle
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from .refusals import NotOfAModule
from .values import Function, Work

ROOMS = ("kernels", "batch")  # whatever a task may call
COMPILED = ("numpy", "scipy", "numba", "llvmlite", "shapely")  # parts that may round or choose otherwise
ROOT = Path(__file__).resolve().parents[1]


def work(function: Function) -> Work:
    """This will give a function's place and edition.

    :raises NotOfAModule: if another process could not find it.
    """
    try:
        place = pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as no:
        raise NotOfAModule(function=repr(function)) from no
    if not hasattr(function, "__qualname__") or function.__module__ == "__main__":
        raise NotOfAModule(function=repr(function))
    return Work(place, edition(function))


@functools.cache
def edition(function: Function) -> str:
    """This will name the edition: a hash of the function, all kernels and this room, of Python and compiled parts."""
    digest = hashlib.sha256()
    told = [function.__module__, function.__qualname__, "{}.{}".format(*sys.version_info[:2])]
    for line in (*told, *_versions()):
        digest.update(f"{line}\n".encode())
    for name, path in _sources(function):
        digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _versions() -> Iterator[str]:
    for part in COMPILED:
        try:
            yield f"{part} {metadata.version(part)}"
        except metadata.PackageNotFoundError:
            yield f"{part} –"


def _sources(function: Function) -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.is_file() and not {"tests", "__pycache__"} & set(inside.parts) and path.suffix != ".md":
                yield inside.as_posix(), path
    own = Path(getattr(sys.modules[function.__module__], "__file__", None) or __file__)
    if not own.is_relative_to(ROOT) or "tests" in own.parts:
        yield own.name, own
