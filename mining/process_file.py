"""Reading a process file; every mistake is told with file, line, key, value and the fix."""

from __future__ import annotations

import json
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mining.errors import InputError
from mining.process import Process

SCHEMA_LINE = "# yaml-language-server: $schema=schema.json"


def load(path: Path) -> Process:
    """Read and check one process file.

    Raises:
        InputError: one line per mistake: `file:line: key: value: what is wrong and how to fix it`.
    """
    tree = _parse(path)
    if "folder" in tree:  # a field of the model, but not for the file to say
        raise InputError(f"{path}:{_line_of(tree, ['folder'])}: folder: there is no such key; remove it")
    try:
        process = Process.model_validate({**_plain(tree), "folder": path.resolve().parent})
    except ValidationError as error:
        raise InputError("\n".join(_mistake(path, tree, detail) for detail in error.errors())) from None
    if process.process != path.stem:
        line = tree.lc.key("process")[0] + 1
        raise InputError(
            f"{path}:{line}: process: {process.process!r} is not the file's name; "
            f"write `process: {path.stem}` or rename the file to {process.process}.yaml"
        )
    return process


def schema() -> str:
    """JSON Schema of a process file, for editors that complete and check YAML."""
    return json.dumps(Process.model_json_schema(), indent=2) + "\n"


def _parse(path: Path) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
        tree = YAML(typ="rt").load(StringIO(text))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; `headrace check` takes the path of a process file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{where}: this is not YAML: {error.problem or error.context}") from None
    except YAMLError as error:
        raise InputError(f"{path}: this is not YAML: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror}") from None
    if not isinstance(tree, CommentedMap):
        raise InputError(f"{path}:1: a process file is a list of `key: value` lines; see docs/process-file.md")
    return tree


def _plain(node: Any) -> Any:
    """ruamel's marked types as plain Python ones."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _mistake(path: Path, tree: CommentedMap, detail: ErrorDetails) -> str:
    keys = [key for key in detail["loc"] if key != "folder"]
    dotted = ".".join(str(key) for key in keys) or "process file"
    value = "" if detail["type"] == "missing" or isinstance(detail["input"], dict) else f" {detail['input']!r}:"
    return f"{path}:{_line_of(tree, keys)}: {dotted}:{value} {_advice(detail, keys)}"


def _line_of(tree: Any, keys: list[Any]) -> int:
    """The line of the deepest key that the file has."""
    line = 1
    for key in keys:
        if isinstance(tree, CommentedMap) and key in tree:
            line = tree.lc.key(key)[0] + 1
        elif isinstance(tree, CommentedSeq) and isinstance(key, int) and key < len(tree):
            line = tree.lc.item(key)[0] + 1
        else:
            break
        tree = tree[key]
    return line


def _advice(detail: ErrorDetails, keys: list[Any]) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "this key is missing; add it"
    if kind == "extra_forbidden":
        near = get_close_matches(str(keys[-1]), _known_keys(keys[:-1]), n=1)
        return f"there is no such key; did you mean `{near[0]}`?" if near else "there is no such key; remove it"
    if kind == "string_pattern_mismatch" and keys == ["process"]:
        return "use small letters, digits and _, beginning with a letter"
    return detail["msg"].removeprefix("Value error, ")


def _known_keys(parents: list[Any]) -> list[str]:
    """Keys allowed where a mistaken one was found."""
    model: Any = Process
    for key in parents:
        field = getattr(model, "model_fields", {}).get(key)
        models = (
            [a for a in [*getattr(field.annotation, "__args__", ()), field.annotation] if hasattr(a, "model_fields")]
            if field
            else []
        )
        if not models:
            return []
        model = models[0]
    return [name for name in model.model_fields if name != "folder"]
