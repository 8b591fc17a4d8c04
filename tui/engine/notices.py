"""What the engine has to tell the user once: few, short, each said a single time."""

from __future__ import annotations

from tui.text import clean

LIMIT = 50
LENGTH = 300


class Notices:
    """The newest sentences, oldest first. Written by the engine's thread; `all` may be read by any."""

    def __init__(self) -> None:
        self.all: tuple[str, ...] = ()

    def add(self, text: str) -> bool:
        """Say it; False when it is said already."""
        sentence = clean(text, LENGTH)
        if sentence in self.all:
            return False
        self.all = (*self.all, sentence)[-LIMIT:]
        return True
