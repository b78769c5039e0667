"""The program's own command: `jishi WORD …` (and, through it, every word of ./dev)."""

from config.cli.words import main

__all__ = ["main"]
