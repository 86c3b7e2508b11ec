"""Finds the texts to translate (a Babel extraction method).

Chinese is the source language, so every Chinese string in the code is a text that a person may
read: labels, error messages, field messages. Docstrings and comments are English.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

_CHINESE = re.compile("[\u4e00-\u9fff]")
Found = tuple[int, str, str, list[str]]


def chinese_strings(
    file: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Mapping[str, Any],
) -> Iterator[Found]:
    """Yield every Chinese string constant of a Python file, except docstrings and f-strings."""
    del keywords, comment_tags, options  # the signature is Babel's
    tree = ast.parse(file.read())
    passed_over = {id(node) for node in _not_for_people(tree)}
    for node in ast.walk(tree):
        if id(node) not in passed_over and isinstance(node, ast.Constant):
            text = node.value
            if isinstance(text, str) and _CHINESE.search(text):
                yield node.lineno, "gettext", text, []


def _not_for_people(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield from node.values
