"""What all sections of params.yaml share: how a value is checked, and the ranges of the usual ones.

The ranges are generous. What lies beyond them is a slip of the pen, would not fit into a machine, or would run without
end, and is refused before anything runs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema


class Section(BaseModel):
    """Base of every section: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Between:
    """Annotates a number: from `low` to `high`, both included. `true` is no number, and neither is NaN.

    Args:
        words: the words and null that may stand in its place, for the message.
    """

    low: float
    high: float
    words: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kind = "a whole number" if int in (source, *get_args(source)) else "a number"
        expected = f"expected {kind} from {self.low:,} to {self.high:,}{' or ' * bool(self.words)}{self.words}"

        def check(value: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            try:
                read = inner(value)
            except ValidationError:
                raise ValueError(expected) from None
            is_number = isinstance(read, int | float)
            if isinstance(value, bool) or (is_number and not self.low <= read <= self.high):
                raise ValueError(expected)
            return read

        return core_schema.no_info_wrap_validator_function(check, handler(source))


@dataclass(frozen=True)
class Entries:
    """Annotates a list: how many entries it has, and whether they differ.

    Args:
        meaning: what the entries are, for the message.
    """

    least: int
    most: int
    meaning: str
    different: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"

        def check(read: list[Any]) -> list[Any]:
            if not self.least <= len(read) <= self.most:
                raise ValueError(f"has {len(read)} entries, expected {number}: {self.meaning}")
            if self.different and len(set(read)) < len(read):
                raise ValueError(f"has an entry more than once, expected different ones: {self.meaning}")
            return read

        return core_schema.no_info_after_validator_function(check, handler(source))


def _names_something(path: object) -> object:
    if not isinstance(path, str | Path) or not str(path).strip() or "\0" in str(path):
        raise ValueError("expected a path")
    return path


Place = Annotated[Path, BeforeValidator(_names_something)]  # of a file or a folder
Share = Annotated[float, Between(0, 1)]
Dropout = Annotated[float, Between(0, 0.99)]
LearningRate = Annotated[float, Between(1e-9, 10)]
Temperature = Annotated[float, Between(0.001, 1000)]
Weight = Annotated[float, Between(0, 1000)]
# Annoy takes 31 bits; scikit-learn and gensim take 32, which leaves room for a repeat's number on top, and torch 64,
# which hold seed * 1,000,003 + epoch.
Seed = Annotated[int, Between(0, 2**31 - 1)]
Epochs = Annotated[int, Between(1, 1_000_000)]
BatchSize = Annotated[int, Between(2, 100_000)]
Width = Annotated[int, Between(1, 4096)]  # of a layer, or a vector
Repeats = Annotated[int, Between(1, 1000)]
Places = Annotated[int, Between(1, 1000)]  # of a list of results
SampleRate = Annotated[int, Between(1000, 192_000)]  # Hz
FFTSize = Annotated[int, Between(32, 65_536)]  # samples
HopLength = Annotated[int, Between(1, 65_536)]  # samples


class Schedule(Section):
    """How long a stage trains, and in which steps."""

    batch_size: BatchSize
    epochs: Annotated[int, Between(0, 1_000_000)]
    patience: Epochs
    learning_rate: LearningRate
    seed: Seed
