"""What all sections of params.yaml share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


class Room(BaseModel):
    """Base of every section: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(Room):
    """How long a stage trains, and in which steps."""

    batch_size: Annotated[int, Field(ge=2)]
    epochs: Annotated[int, Field(ge=0)]
    patience: Positive
    learning_rate: Rate
    seed: int
