"""Reading params.yaml as DVC does, with everything refused that YAML would quietly read as something else."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from unisono.errors import UserError

MOST_BYTES = 1_000_000
MOST_LEVELS = 20
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Numbers are those of YAML 1.2, which DVC reads: 1e-3 is one, 010 is ten, and 1:30 is text.

    Raises:
        UserError: the file is missing, is none, or is not YAML in UTF-8, a key occurs twice, or there is a tag.
    """
    text = _read_text(path)
    try:
        _refuse_tags_and_depth(text)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}: not valid YAML{where}: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).split(";")[0]  # without Python's advice on numbers of thousands of digits
        raise UserError(f"{path}: not valid YAML: {reason}") from None


def _refuse_tags_and_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            raise ValueError(f"tags such as {event.tag} are not read, only plain values")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_LEVELS:
            raise ValueError(f"more than {MOST_LEVELS} levels of nesting, expected a few")


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():
            found = "is not a file" if path.exists() else "no such file"
            raise UserError(f"{path}: {found}; run from the repository root, or copy one of params/*.yaml")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"{path}: {size:,} bytes, expected a few thousand; copy one of params/*.yaml")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); mend that, or copy one of params/*.yaml") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's numbers, and without keys that occur twice."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Called with each mapping before it is built; PyYAML resolves merge keys (<<) here."""
        own: set[Hashable] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is not plain text", problem_mark=key.start_mark)
            if key.value in own:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} occurs twice in its section", problem_mark=key.start_mark
                )
            own.add(key.value)
        super().flatten_mapping(node)
        # Own keys come last and win; merging merges of merges would double them each time.
        node.value = list({key.value: (key, value) for key, value in node.value}.values())


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_NUMBERS[0], re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    _NUMBERS[1],
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"),
    list("-+0123456789."),
)
