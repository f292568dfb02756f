"""The public interface: two functions, and a command line that answers at once."""

import subprocess
import sys

import pytest

import unisono

SLOW = {"torch", "pandas", "numpy", "scipy", "sklearn", "pyarrow", "dvc"}


def test_two_functions_are_the_whole_public_interface() -> None:
    assert unisono.__all__ == ["load", "open_catalogue"]


@pytest.mark.parametrize("module", ["unisono", "unisono.cli.app"])
def test_nothing_slow_is_loaded_before_it_is_used(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "unisono" in loaded
    assert not SLOW & set(loaded)


def test_every_command_has_a_help_that_says_what_it_does() -> None:
    from typer.main import get_command

    from unisono.cli.app import app

    commands = get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    assert set(commands) >= {
        "embed",
        "similar",
        "path",
        "search",
        "continue",
        "tag",
        "models",
        "check",
        "init",
        "index",
        "explore",
    }
    for name, command in commands.items():
        assert command.help and command.help[0].isupper(), name
