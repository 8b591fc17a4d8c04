"""How a cell looks (SGR: ECMA-48 8.3.117), and the fewest bytes that turn one look into another.

Who comes in: the parameters of SGR sequences. Who leaves: `Look`s, one object per look, so that `is` compares them.
"""

from __future__ import annotations

from functools import cache, lru_cache

_OFF = {1: 22, 2: 22, 3: 23, 4: 24, 21: 24, 5: 25, 6: 25, 7: 27, 8: 28, 9: 29, 51: 54, 52: 54, 53: 55}
"""What turns an attribute off; two that share their off are turned off together."""
_SEEN_ON_BLANKS = frozenset({4, 5, 6, 7, 9, 21, 51, 52, 53})
_COLOURS = (
    frozenset(range(30, 38)) | frozenset(range(90, 98)),
    frozenset(range(40, 48)) | frozenset(range(100, 108)),
)


class NotUnderstoodError(Exception):
    """Something for the terminal whose effect is not known here."""


class Look:
    """Colours and attributes of a cell; made by `look` only."""

    __slots__ = ("attributes", "background", "blank", "foreground")

    def __init__(self, foreground: str, background: str, attributes: frozenset[int]) -> None:
        self.foreground = foreground
        """SGR parameters, empty for the terminal's default."""
        self.background = background
        self.attributes = attributes
        bare = not (foreground or attributes)
        plain = not attributes & _SEEN_ON_BLANKS
        self.blank: Look = self if bare or not plain else look("", background, frozenset())
        """What is left of it where there is only a blank: two looks with the same one cannot be told apart there."""


@cache
def look(foreground: str, background: str, attributes: frozenset[int]) -> Look:
    """The one object that looks so."""
    return Look(foreground, background, attributes)


PLAIN = look("", "", frozenset())


@lru_cache(maxsize=4096)
def worn_after(before: Look | None, parameters: str) -> Look:
    """The look after an SGR sequence; None is a look nobody knows. Raises NotUnderstoodError."""
    codes = [int(code or 0) for code in parameters.split(";")]
    if before is None:
        if codes[0]:
            raise NotUnderstoodError(parameters)
        before = PLAIN
    foreground, background, attributes = before.foreground, before.background, set(before.attributes)
    while codes:
        code = codes.pop(0)
        if code == 0:
            foreground, background, attributes = "", "", set()
        elif code in _OFF:
            attributes.add(code)
        elif code in _OFF.values():
            attributes -= {one for one, off in _OFF.items() if off == code}
        elif code == 39 or code in _COLOURS[0]:
            foreground = "" if code == 39 else str(code)
        elif code == 49 or code in _COLOURS[1]:
            background = "" if code == 49 else str(code)
        elif code == 38:
            foreground = _colour(code, codes)
        elif code == 48:
            background = _colour(code, codes)
        else:
            raise NotUnderstoodError(parameters)
    return look(foreground, background, frozenset(attributes))


def _colour(code: int, codes: list[int]) -> str:
    """The parameters of one of 256 colours or of a true colour; they are taken off `codes`."""
    wanted = {5: 2, 2: 4}.get(codes[0]) if codes else None
    if wanted is None or len(codes) < wanted:
        raise NotUnderstoodError(f"{code};{codes}")
    taken = codes[:wanted]
    del codes[:wanted]
    return ";".join(map(str, (code, *taken)))


@lru_cache(maxsize=4096)
def change_of_look(before: Look | None, after: Look) -> str:
    """The shortest SGR sequence from one look to another; None is a look nobody knows."""
    if before is after:
        return ""
    whole = [*map(str, sorted(after.attributes)), after.foreground, after.background]
    from_plain = ";".join(["", *filter(None, whole)])
    if before is None:
        return f"\x1b[{from_plain}m"
    lost = {_OFF[one] for one in before.attributes - after.attributes}
    gained = {one for one in after.attributes if one not in before.attributes or _OFF[one] in lost}
    codes = [*map(str, sorted(lost)), *map(str, sorted(gained))]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return f"\x1b[{min(';'.join(codes), from_plain, key=len)}m"
