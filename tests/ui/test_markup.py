"""Textual reads a `str` as markup: `[/x]` in one ends the program, `[@click=app.quit]` is a link that does. So none gets there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui

SOURCES = sorted((Path(tui.__file__).parent / "ui").rglob("*.py"))

WIDGETS_OF_TEXTUAL = {"Input"}
"""Of its own widgets only those that never show a `str` as more than itself."""
CALLS = {"notify", "from_markup"}
"""Methods that take markup."""
ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "sub_title", "title"}
"""Of a widget, a screen or an app: whatever is assigned is read as markup, or reaches the terminal's title."""


def found_in(tree: ast.AST) -> Iterator[str]:
    """Each way by which text could be read as markup."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("textual.widgets"):
                for name in names:
                    if name.name not in WIDGETS_OF_TEXTUAL and not name.name.startswith("_"):
                        yield f"line {node.lineno}: textual's {name.name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in CALLS:
                yield f"line {node.lineno}: {name}()"
            case ast.Attribute(value=ast.Name(id="Text"), attr="from_ansi"):
                yield f"line {node.lineno}: Text.from_ansi, which is no sanitiser"
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Attribute) and target.attr in ATTRIBUTES:
                        yield f"line {node.lineno}: .{target.attr} ="
            case ast.FunctionDef(name="render", returns=ast.Name(id="str")):
                yield f"line {node.lineno}: render() gives a str"


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(SOURCES[0].parent)) for path in SOURCES])
def test_no_text_can_be_read_as_markup(path: Path) -> None:
    assert list(found_in(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from textual.widgets import Static",
        "from textual.widgets import Input, Label",
        "app.notify(name)",
        "Content.from_markup(name)",
        "Text.from_ansi(line)",
        "self.border_title = name",
        "self.app.sub_title = name",
        "def render(self) -> str: ...",
    ],
)
def test_what_would_read_markup_is_found(source: str) -> None:
    assert list(found_in(ast.parse(source)))
