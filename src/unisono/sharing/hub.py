"""An encoder in the layout of the Hugging Face Hub."""

from pathlib import Path
from typing import Any, Self

from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
from safetensors.torch import load_file

from unisono.encoders.saved import HUB_WEIGHTS, KINDS, config_of, load_encoder, save_weights
from unisono.params import Mel, Waves
from unisono.sharing.fresh import refuse_existing
from unisono.sharing.samples import SamplesToVector

CARD = "README.md"
LIBRARY, TAGS = "unisono", ["audio", "music", "audio-embeddings"]


class HubEncoder(SamplesToVector, PyTorchModelHubMixin, library_name=LIBRARY, tags=[*TAGS]):
    """An encoder that is fetched from the Hub, or read from a folder, without the pipeline that trained it.

        encoder = HubEncoder.from_pretrained("you/your-model")     # or a folder
        vectors_BD = encoder(samples_BS)                           # windows of encoder.window_samples samples

    Its config.json is that of a trained encoder, and model.safetensors holds the encoder's weights alone, so that
    `unisono.load` takes the folder too.
    """

    def __init__(self, kind: str, encoder: dict[str, Any], front_end: dict[str, Any]) -> None:
        """Build the encoder that config.json describes, with weights that are not trained yet."""
        built = KINDS[kind](**encoder)
        super().__init__(built, (Waves if built.n_bands == 1 else Mel)(**front_end))

    def _save_pretrained(self, save_directory: Path) -> None:
        save_weights(self.encoder, save_directory / HUB_WEIGHTS)

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        map_location: str = "cpu",
        **settings: Any,
    ) -> Self:
        path = Path(model_id, HUB_WEIGHTS)
        if not path.parent.is_dir():
            path = Path(
                hf_hub_download(
                    model_id,
                    HUB_WEIGHTS,
                    revision=revision,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                    token=token,
                )
            )
        shared = cls(**settings)
        shared.encoder.load_state_dict(load_file(path))
        return shared.to(map_location).eval()


def write_hub_folder(folder: Path, model: Path, card: str) -> None:
    """Write what is uploaded to the Hub: model.safetensors, config.json, and the card as README.md.

    Raises:
        UserError: there is something at `folder` already, or `model` is no trained encoder.
    """
    refuse_existing(folder)
    encoder, front_end = load_encoder(model)
    shared = HubEncoder(**config_of(encoder, front_end))
    shared.encoder.load_state_dict(encoder.state_dict())
    folder.mkdir(parents=True)
    (folder / CARD).write_text(card, encoding="utf-8")
    shared.save_pretrained(folder)
