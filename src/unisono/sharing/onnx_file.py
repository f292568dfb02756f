"""An encoder as one ONNX file: samples in, vector out, wherever ONNX runs."""

import itertools
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]  # it has no types
import torch

from unisono.audio.decode import AudioBlocks
from unisono.audio.rejects import RejectError
from unisono.embeddings.model import Model
from unisono.errors import UserError
from unisono.sharing.fresh import refuse_existing
from unisono.sharing.samples import SamplesToVector

OPSET = 18  # of ONNX's operators; the first with the STFT is 17
# Largest difference to torch, as a share of the largest value: 5e-4 was found on 319 windows of real music, where a
# value of a frame falls on the other side of a step of float16.
TOLERANCE = 2e-3
CLIPS, WINDOWS = 8, 8  # at most so many clips are checked, and of each its first windows
INPUT, OUTPUT = "samples", "vectors"


@dataclass(frozen=True)
class Check:
    """How an ONNX file compares on real clips.

    Attributes:
        windows, clips: how many were embedded.
        difference: the largest to torch, as a share of the largest value.
        later_cosine: the least cosine between the vector of a window that is cut from a track after its first, and
            that which the pipeline gives it; None if no clip has a second window.
    """

    windows: int
    clips: int
    difference: float
    later_cosine: float | None


def export_onnx(model: Model, path: Path, clips: Iterable[Path], *, licence: str) -> Check:
    """Write an encoder with its front end as one ONNX file, which appears once it agrees with torch on `clips`.

    Input `samples`: (batch, S) float32, mono in -1..1 at the model's rate, one window a row; see `SamplesToVector`.
    Output `vectors`: (batch, D) float32. The file's metadata say rate, S, layer and licence.

    Args:
        model: on the CPU, in fp32.
        clips: audio files; the first that can be read are used.
        licence: an SPDX identifier, or unknown.

    Raises:
        UserError: there is a file already, no clip is one window long, or ONNX and torch differ by more than
            `TOLERANCE`.
    """
    refuse_existing(path)
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    module = SamplesToVector(model.encoder, model.front_end, model.layer).eval()
    starts = _starts(clips, module)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, path.name)
        _write(module, part)
        _describe(part, module, model, licence)
        check = _compare(part, module, model, starts)
        if not check.difference <= TOLERANCE:
            raise UserError(
                f"{path}: not written: the ONNX file differs from torch by {check.difference:.1e} of the largest value,"
                f" and {TOLERANCE:g} is tolerated"
            )
        refuse_existing(path)  # it may have appeared meanwhile
        shutil.copyfile(part, path)
        return check


def _starts(clips: Iterable[Path], module: SamplesToVector) -> list[torch.Tensor]:
    """The starts (S,) of the first clips that can be used: at least one window, at most one more than `WINDOWS`."""
    found: list[torch.Tensor] = []
    reasons = []
    for clip in clips:
        try:
            audio_S = _start(clip, module)
        except RejectError as reason:
            reasons.append(f"{clip}: {reason}")
            continue
        if len(audio_S) < module.window_samples:
            reasons.append(f"{clip}: shorter than one window")
        elif not audio_S.any():
            reasons.append(f"{clip}: silent")
        else:
            found.append(audio_S)
        if len(found) == CLIPS:
            break
    if not found:
        seconds = module.window_samples / module.sample_rate
        tried = f" ({'; '.join(reasons[:3])})" if reasons else ""
        raise UserError(
            f"no clip to check the file on{tried}; name audio files of at least {seconds:.1f} s: one window"
        )
    return found


def _start(clip: Path, module: SamplesToVector) -> torch.Tensor:
    wanted = (WINDOWS + 1) * module.window_samples
    audio_S = torch.zeros(0)
    for block_S in AudioBlocks(clip, module.sample_rate):
        audio_S = torch.cat([audio_S, block_S])
        if len(audio_S) >= wanted:
            break
    return audio_S[:wanted]


def _write(module: SamplesToVector, path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it reports on its own progress
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's, of its own code
        torch.onnx.export(
            module,
            (torch.zeros(2, module.window_samples),),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )


def _describe(path: Path, module: SamplesToVector, model: Model, licence: str) -> None:
    """Have the file say what it is, and not where on this machine the code lies: torch notes that at each node."""
    described = onnx.load(path)
    for node in described.graph.node:
        node.ClearField("metadata_props")
    onnx.helper.set_model_props(
        described,
        {
            "name": f"unisono {type(model.encoder).__name__}",
            "sample_rate": str(module.sample_rate),
            "window_samples": str(module.window_samples),
            "layer": model.layer,
            "licence": licence,
            "input": "one window of mono samples in -1..1 a row; a track's vector is the mean of its windows'",
            "encoder": json.dumps(model.encoder.config, sort_keys=True),
            "front_end": model.front_end.model_dump_json(),
        },
    )
    onnx.checker.check_model(described, full_check=True)
    onnx.save(described, path)


def _compare(path: Path, module: SamplesToVector, model: Model, starts: list[torch.Tensor]) -> Check:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    windows, differences, largest, cosines = 0, [], [], []
    for audio_S in starts:
        count = min(len(audio_S) // module.window_samples, WINDOWS)
        samples_MS = audio_S[: count * module.window_samples].reshape(count, -1)
        found_MD = session.run([OUTPUT], {INPUT: samples_MS.numpy()})[0]
        with torch.inference_mode():
            expected_MD = module(samples_MS).numpy()
        differences.append(np.abs(found_MD - expected_MD).max())
        largest.append(np.abs(expected_MD).max())
        windows += count
        [track] = model.embed_windows(audio_S, module.sample_rate)
        cosines += [
            a_D @ b_D / (np.linalg.norm(a_D) * np.linalg.norm(b_D))
            for a_D, b_D in itertools.islice(zip(found_MD, track.vectors_MD, strict=False), 1, None)
        ]
    return Check(
        windows=windows,
        clips=len(starts),
        difference=float(np.max(differences) / np.max(largest)),
        later_cosine=float(min(cosines)) if cosines else None,
    )
