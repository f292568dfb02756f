"""Models that travel: to ONNX, to the Hugging Face Hub, and the published ones here."""

from pathlib import Path
from typing import Annotated, Literal

import typer

TRAINED = Path("data/models/trained")
Model = Annotated[Path, typer.Option("--model", help="The folder of a trained encoder.")]


def export(
    onnx: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
    clips: Annotated[
        list[Path] | None,
        typer.Argument(metavar="AUDIO", help="Clips to check it on; by default, tracks of the project."),
    ] = None,
    model: Model = TRAINED,
    layer: Annotated[
        Literal["projection", "backbone"], typer.Option(help="The embedding, or the features under it.")
    ] = "projection",
) -> None:
    """Write an encoder as one ONNX file: samples in, vector out, any batch size, checked against torch."""
    import unisono
    from unisono.sharing.onnx_file import INPUT, OPSET, OUTPUT, export_onnx
    from unisono.sharing.run import Record, clips_of, licence_of, project_of

    encoder = unisono.load(model, layer=layer, device="cpu", precision="fp32")
    licence, project = licence_of(Record(model).made), project_of(model)
    check = export_onnx(encoder, onnx, clips or (clips_of(project) if project else []), licence=licence)
    rate, seconds = encoder.front_end.sample_rate, encoder.window_seconds
    print(f"{onnx}: {onnx.stat().st_size / 1000:,.0f} kB, opset {OPSET}, licence: {licence}")
    print(f"{INPUT}: (batch, {round(seconds * rate)}) float32, windows of {seconds:.2f} s at {rate} Hz, mono in -1..1")
    print(f"{OUTPUT}: (batch, {encoder.dim}) float32, {layer}")
    print(
        f"Checked on {check.windows} windows of {check.clips} clips: the largest difference to torch is"
        f" {check.difference:.1e} of the largest value."
    )
    if check.later_cosine is not None:
        print(
            "A window that is cut from a track after its start hears zeros where the track goes on: its vector and the"
            f" pipeline's have a cosine of {check.later_cosine:.5f} or more."
        )


def share(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What to write; it must not exist.")],
    model: Model = TRAINED,
) -> None:
    """Write a folder for the Hugging Face Hub: model.safetensors, config.json, and a model card from this run."""
    import unisono
    from unisono.sharing.card import model_card
    from unisono.sharing.hub import write_hub_folder
    from unisono.sharing.run import Record

    record = Record(model)
    write_hub_folder(folder, model, model_card(unisono.load(model, device="cpu"), record.made, record.scores))
    for known, what in ((record.made, "how the model was made"), (record.scores, "what it scores")):
        if not known:
            print(f"The card does not say {what}: no dvc.lock around {model} records it")
    print(f"Read {folder}/README.md, then upload it: hf upload YOU/YOUR-MODEL {folder}")


def import_weights(
    checkpoint: Annotated[Path, typer.Argument(metavar="AUDIO_ENCODER.PT", help="A checkpoint of the first paper.")],
    folder: Annotated[Path, typer.Option("-o", "--output", help="The encoder's folder; it must not exist.")],
    layout: Annotated[
        Literal["bands-first", "view"],
        typer.Option(help="What it hears: true mels, as the published encoding script feeds it, or mels reinterpreted"
                     " without transposing, as its training loop does."),
    ] = "bands-first",
) -> None:  # fmt: skip
    """Read published weights of the first paper as an encoder that export and evaluation take like any other."""
    from unisono.sharing.import_weights import import_weights

    import_weights(checkpoint, folder, layout)
    print(f"{folder}: the audio encoder of {checkpoint.name}, input layout {layout}")


COMMANDS = [export, share, import_weights]
