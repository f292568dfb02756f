"""Params with some values changed, by their keys as a command line has them."""

from collections.abc import Mapping
from typing import Any


def set_keys(params: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set values by keys such as loss.lambda_a2g, in place."""
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = params
        for name in sections:
            section = section[name]
        section[last] = value
    return params
