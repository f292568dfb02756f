"""Each epoch's losses as curves for `dvc plots`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclive import Live

from unisono.training.loop import Losses


@contextmanager
def curves(folder: Path) -> Iterator[Callable[[dict[str, Losses]], None]]:
    """What to call with an epoch's losses, so that DVCLive writes them into `folder`."""
    with Live(str(folder), dvcyaml=None, save_dvc_exp=False, report=None) as live:

        def log(losses: dict[str, Losses]) -> None:
            for part, values in losses.items():
                for name, value in values.items():
                    live.log_metric(f"{part}/{name}", value)
            live.next_step()

        yield log
