"""YAML text to nodes that know their place, with everything refused that makes YAML a trap.

Who comes in: the bytes of hosts.yaml. Who leaves: `nodes`. Imported only when there is a file to read, because PyYAML takes
a tenth of a short command's time. The rule: no message shows a value; whoever knows that a value is no secret may show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from tui.config.nodes import Mapping, Node, Place, Scalar, Sequence
from tui.config.permissions import MAX_BYTES

MAX_DEPTH = 8
MAX_NODES = 200_000

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|\ufeff|\ufffe|\uffff")
"""What YAML 1.1 calls not printable, and a byte order mark that is not the first character."""


def parse(content: bytes, file: str) -> Node:
    """The only document in `content`; `file` is the name used in places. Raises ConfigError."""
    if len(content) > MAX_BYTES:
        Place(file, 1, 1).fail(
            f"the file is larger than {MAX_BYTES // 1024} KiB", "a range may stand for many hosts"
        )
    text = _decode(content, file)
    try:
        root = _Builder(file).build(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        place.fail(*_yaml_problem(error, text, place))
    except yaml.YAMLError:
        Place(file, 1, 1).fail("this is not YAML")
    if root is None or (isinstance(root, Scalar) and root.empty):
        Place(file, 1, 1).fail(
            "the file is empty", "it needs at least `hosts:`; see `supervisor-tui config init`"
        )
    return root


def _decode(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _place_of(file, error.object[: error.start].decode()).fail("this byte is not UTF-8")
    odd = _UNREADABLE.search(text)
    if odd:
        name = "a NUL character" if odd[0] == "\0" else f"the control character U+{ord(odd[0]):04X}"
        _place_of(file, text[: odd.start()]).fail(f"{name} is not allowed here")
    return text


def _place_of(file: str, before: str) -> Place:
    """The place after the text `before`."""
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Builder:
    """Nodes from the parser's events. Events, not `yaml.compose`: composing nests one call a level and obeys aliases."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.open: list[Sequence | Mapping] = []
        self.keys: list[Scalar | None] = []
        """For each open collection the key that still waits for its value."""

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = nodes = 0
        for event in events:
            mark = event.start_mark
            assert mark is not None
            place = Place(self.file, mark.line + 1, mark.column + 1)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    place.fail("a second YAML document begins here", "keep everything in one")
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
                self.keys.pop()
            elif isinstance(event, yaml.NodeEvent):
                nodes += 1
                if nodes > MAX_NODES:
                    place.fail(
                        f"the file holds more than {MAX_NODES} values", "a range may stand for many hosts"
                    )
                self._refuse_tricks(event, place)
                self._take(event, place)
        return self.root

    def _refuse_tricks(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.AliasEvent):
            place.fail("aliases are not supported", "write it out, or quote the value if it begins with *")
        if event.anchor is not None:
            place.fail("anchors are not supported", "use `defaults`, or quote the value if it begins with &")
        tag = getattr(event, "tag", None)
        if tag is not None:
            place.fail("tags are not supported", "quote the value if it begins with !")

    def _take(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._attach(Scalar(place, event.value, event.style in (None, "")))
            return
        if len(self.open) >= MAX_DEPTH:
            place.fail(f"this is nested more than {MAX_DEPTH} levels deep")
        node = Mapping(place) if isinstance(event, yaml.MappingStartEvent) else Sequence(place)
        self._attach(node)
        self.open.append(node)
        self.keys.append(None)

    def _attach(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is not None:
            parent.pairs.append((key, node))
            self.keys[-1] = None
        elif isinstance(node, Scalar):
            self.keys[-1] = self._checked_key(node)
        else:
            node.place.fail("a key must be one word", 'quote a name that has brackets: "web-[01:20]"')

    def _checked_key(self, key: Scalar) -> Scalar:
        if key.text == "<<" and key.plain:
            key.place.fail("merge keys are not supported", "use `defaults`")
        if key.empty:
            key.place.fail("a key is missing before the colon")
        return key


def _yaml_problem(error: yaml.MarkedYAMLError, text: str, place: Place) -> tuple[str, str]:
    """What is wrong and what to do, without the parser's excerpt of the file: a password may stand there."""
    problem = error.problem or "the parser gives no reason"
    line = text.split("\n")[place.line - 1] if place.line <= text.count("\n") + 1 else ""
    at = line[place.column - 1 : place.column]
    if at == "\t" or line[: place.column].lstrip(" ").startswith("\t"):
        return "not valid YAML: a tab stands where spaces belong", "indent with spaces"
    if at and at in "@`%":
        return f"not valid YAML: a value cannot begin with {at}", "put the value in quotes"
    quoted = re.sub("'([^']*)'", lambda match: match[0] if len(match[1]) <= 2 else "…", problem)
    return f"not valid YAML: {quoted}", ""
