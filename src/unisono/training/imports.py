"""Which modules of this package some code uses, told from its text: what an unfinished run's results depend on."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# What starts a stage and types its params: the values themselves are known.
PLUMBING = ("params", "stage.py", "process.py", "errors.py")


def modules_used_by(file: Path) -> list[Path]:
    """The files of the modules that `file` imports, directly or through others, sorted; without the plumbing."""
    return sorted(m for m in _imports(file.resolve()) if m.relative_to(PACKAGE).parts[0] not in PLUMBING)


@cache
def _imports(file: Path) -> frozenset[Path]:
    found: set[Path] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        for package, *path in (name.split(".") for name in names):
            module = PACKAGE.joinpath(*path).with_suffix(".py")
            if package == PACKAGE.name and path and module.exists():
                found |= {module, *_imports(module)}
    return frozenset(found)
