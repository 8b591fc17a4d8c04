"""The filter language of table, tree, marks, guardrails and `--select`: text in, a predicate over rows out.

    word  "two words"           in the host's, the group's or the process's name; `*` and `?`: the whole name
    ~word                       its letters in this order, with others between
    /re/                        a regular expression, anywhere in one of the names or in `group:name`
    host: group: name: tag:     the whole name, `*` and `?` allowed
    state:                      a state or its beginning; bad busy good resting down; unreachable answering
    pid:1|2 exit:0 exit>=1      numbers
    uptime<5m since>=2h         durations
    a b   a|b   !a              both, either (within one term), not

Case never matters. A row is a process, or a host by itself (process None). A host state selects the host's own row and
the rows on it. The rule: parsing raises nothing but `QueryError`, which points at the character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Literal, NoReturn, cast

from tui.errors import QueryError
from tui.model import query_terms as terms
from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.query_terms import Matcher, Predicate, R
from tui.text import clean, nearest, parse_duration

QUERY_CHARS = 2000
FIELDS = ("host", "group", "name", "tag", "state", "pid", "exit", "uptime", "since")
"""What may stand before a colon or a comparison."""

_TEXT_FIELDS = ("host", "group", "name", "tag")
_TIME_FIELDS = ("uptime", "since")


class Query:
    """A parsed filter. Equal texts are equal queries; `text` parses to the same query again."""

    __slots__ = ("_predicates", "_selects", "depends_on_time", "text")

    ALL: ClassVar[Query]
    """The empty filter: every row."""

    def __init__(self, text: str, predicates: tuple[Predicate, ...], *, depends_on_time: bool) -> None:
        """Use `parse`; this only holds the parts."""
        self.text = text
        self._predicates = predicates
        self._selects = tuple(map(terms.select_of, predicates))
        self.depends_on_time = depends_on_time
        """Whether a row may match or not as time goes by, with nothing else changing."""

    @classmethod
    def parse(cls, text: str) -> Query:
        """The filter that `text` describes. Raises `QueryError`, pointing into `text`."""
        parser = _Parser(text)
        predicates = parser.terms()
        return cls(text.strip(), predicates, depends_on_time=parser.depends_on_time)

    def matches(self, host: HostSnapshot, process: Process | None, monotonic: float) -> bool:
        """Whether this row (process None: the host's own) is selected at our `monotonic` time."""
        for predicate in self._predicates:  # noqa: SIM110 - half the cost of all() on the hottest line of a filter
            if not predicate(host, process, monotonic):
                return False
        return True

    def select(self, host: HostSnapshot, rows: Sequence[R], monotonic: float) -> list[R]:
        """Those of the host's rows that `matches` lets through, for a part of the cost of asking for each."""
        kept = list(rows)
        for select in self._selects:
            if not kept:
                break
            kept = select(host, kept, monotonic)
        return kept

    def of_names(self) -> Query:
        """The part of it that depends on nothing but names and tags: what it leaves out, the whole leaves out."""
        named = tuple(predicate for predicate in self._predicates if terms.is_of_names(predicate))
        return Query(self.text, named, depends_on_time=False)

    def of_ends(self) -> Query:
        """The part of it that depends on nothing but state and exit status: what it leaves out, the whole leaves out."""
        ends = tuple(predicate for predicate in self._predicates if terms.is_of_ends(predicate))
        return Query(self.text, ends, depends_on_time=False)

    def __bool__(self) -> bool:
        """False when everything matches."""
        return bool(self._predicates)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Query({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


_FIELD = re.compile(r"([A-Za-z_][\w.-]*)(:|<=|>=|<|>|=)")
_BARE = re.compile(r'[^\s|"]+')
_NUMBER = re.compile(r"-?[0-9]{1,18}\Z")


class _Value:
    """One alternative of a term: its text, where it stands, and whether it was quoted (then `*` is a star)."""

    __slots__ = ("position", "quoted", "text")

    def __init__(self, text: str, position: int, quoted: bool) -> None:
        self.text = text
        self.position = position
        self.quoted = quoted


class _Parser:
    """Reads a query from left to right; one method a production."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.depends_on_time = False

    def terms(self) -> tuple[Predicate, ...]:
        if len(self._text) > QUERY_CHARS:
            self._fail(QUERY_CHARS, f"the filter is longer than {QUERY_CHARS} characters")
        found = []
        while self._skip_space():
            found.append(self._term())
        return tuple(found)

    def _term(self) -> Predicate:
        start, negated = self._at, False
        while self._peek() == "!":
            negated = not negated
            self._at += 1
        if self._ended():
            self._fail(start, "nothing follows '!'", "as in !state:running")
        predicate = self._positive_term()
        if not self._ended():
            self._fail(self._at, "a space is missing here")
        if not negated:
            return predicate
        return terms.negated(predicate)

    def _positive_term(self) -> Predicate:
        if self._peek() == "/":
            return self._pattern()
        if self._peek() == "~":
            self._at += 1
            return terms.in_any_name(terms.fuzzy(value.text) for value in self._values("~"))
        if (match := _FIELD.match(self._text, self._at)) is not None:
            return self._field(match[1], match[2], match)
        values = self._values("")
        address = any(":" in value.text for value in values)
        return terms.in_any_name((_word(value) for value in values), address=address)

    def _field(self, name: str, sign: str, match: re.Match[str]) -> Predicate:
        field = name.lower()
        if field not in FIELDS:
            near = nearest(field, FIELDS, 1)
            quoted = f'to search for the text itself, quote it: "{clean(name, 40)}{sign}…"'
            self._fail(
                self._at,
                f"there is no field '{clean(name, 40)}'",
                f"did you mean {near[0]}{sign}? Or, {quoted}" if near else quoted,
            )
        sign_at = match.start(2)
        self._at = match.end()
        if field in _TEXT_FIELDS:
            self._require_colon(field, sign, sign_at)
            found = (_whole_name(value) for value in self._values(field + sign))
            return terms.in_field(cast(terms.TextField, field), found)
        if field == "state":
            self._require_colon(field, sign, sign_at)
            return self._state(self._values(field + sign))
        if field in _TIME_FIELDS:
            return self._duration(cast(Literal["uptime", "since"], field), sign, sign_at)
        return self._number(cast(Literal["pid", "exit"], field), sign)

    def _state(self, values: list[_Value]) -> Predicate:
        words: list[str] = []
        for value in values:
            meant = terms.state_words(value.text)
            if not meant:
                near = nearest(value.text, terms.STATE_WORDS) or ["running", "fatal", "bad"]
                shown = clean(value.text, 40)
                self._fail(value.position, f"there is no state '{shown}'", f"did you mean {_either(near)}?")
            words.extend(meant)
        return terms.in_state(words)

    def _number(self, field: Literal["pid", "exit"], sign: str) -> Predicate:
        values = self._values(field + sign)
        for value in values:
            if not _NUMBER.match(value.text):
                self._fail(value.position, f"{field} is a whole number", f"as in {field}:0 or {field}>0")
        if len(values) > 1 and sign not in (":", "="):
            self._fail(values[1].position, f"one number is enough after {field}{sign}")
        return terms.number(field, "=" if sign == ":" else sign, [int(value.text) for value in values])

    def _duration(self, field: Literal["uptime", "since"], sign: str, sign_at: int) -> Predicate:
        if sign in (":", "="):
            self._fail(sign_at, f"{field} is compared", f"as in {field}<5m or {field}>=2h")
        values = self._values(field + sign)
        if len(values) > 1:
            self._fail(values[1].position, f"one duration is enough after {field}{sign}")
        try:
            seconds = parse_duration(values[0].text)
        except ValueError as error:
            self._fail(values[0].position, str(error))
        self.depends_on_time = True
        return terms.duration(field, sign, seconds)

    def _pattern(self) -> Predicate:
        start = self._at
        end = start + 1
        while end < len(self._text) and self._text[end] != "/":
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            self._fail(start, "this regular expression has no end", "close it with /")
        if end == start + 1:
            self._fail(start, "this regular expression is empty")
        self._at = end + 1
        try:
            matcher = terms.pattern(self._text[start + 1 : end])
        except re.error as error:
            position = min(start + 1 + (error.pos or 0), end)
            self._fail(position, f"this regular expression cannot be used: {clean(error.msg, 80)}")
        return terms.in_any_name([matcher], address=True)

    def _values(self, after: str) -> list[_Value]:
        """One or more values with `|` between."""
        values = [self._value(after)]
        while self._peek() == "|":
            self._at += 1
            values.append(self._value("|"))
        return values

    def _value(self, after: str) -> _Value:
        start = self._at
        if self._peek() == '"':
            end = self._text.find('"', start + 1)
            if end < 0:
                self._fail(start, "this quote has no end", 'close it with "')
            if end == start + 1:
                self._fail(start, "there is nothing between these quotes")
            self._at = end + 1
            return _Value(self._text[start + 1 : end], start, True)
        match = _BARE.match(self._text, start)
        if match is None:
            self._fail(
                start, f"a value is missing after '{after}'" if after else "a value is missing before '|'"
            )
        self._at = match.end()
        return _Value(match[0], start, False)

    def _require_colon(self, field: str, sign: str, sign_at: int) -> None:
        if sign != ":":
            self._fail(sign_at, f"{field} cannot be compared with '{sign}'", f"as in {field}:…")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _ended(self) -> bool:
        """Whether the current term ends here."""
        return self._at >= len(self._text) or self._text[self._at].isspace()

    def _skip_space(self) -> bool:
        """Go to the next term; False at the end of the text."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _fail(self, position: int, problem: str, advice: str = "") -> NoReturn:
        raise QueryError(self._text, min(position, len(self._text)), problem, advice)


def _word(value: _Value) -> Matcher:
    if not value.quoted and ("*" in value.text or "?" in value.text):
        return terms.glob(value.text)
    return terms.substring(value.text)


def _whole_name(value: _Value) -> Matcher:
    return terms.exactly(value.text) if value.quoted else terms.glob(value.text)


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


Query.ALL = Query("", (), depends_on_time=False)
