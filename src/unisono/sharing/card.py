"""A model card for the Hugging Face Hub, from what the run that trained a model says of it."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import yaml

from unisono.artifacts.read import read_json
from unisono.embeddings.model import Model
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import CONFIG
from unisono.evaluation.task import Column
from unisono.params import Params, Task
from unisono.report.models import SECOND_SYSTEM, TITLES, model_name
from unisono.sharing.hub import LIBRARY, TAGS
from unisono.sharing.run import LICENCES, SIMULATED, UNKNOWN, Run, data_of, licence_of

FIRST_PAPER = (
    "Ferraro et al. 2021, *Enriched Music Representations with Multiple Cross-modal Contrastive Learning*"
    " ([arXiv 2104.00437](https://arxiv.org/abs/2104.00437))"
)
SECOND_PAPER = (
    "Akama et al. 2023, *Auxiliary self-supervision to metric learning for music similarity-based retrieval and"
    " auto-tagging* ([PLOS ONE](https://doi.org/10.1371/journal.pone.0294643))"
)
FIRST_SECTIONS = ["threads", "precision", "mel", "pack", "split", "cf", "genres", "encoder", "loss", "train"]
SECOND_SECTIONS = ["threads", "precision", "waves", "pack", "similarity", "augmentation", "pretrain", "finetune"]
NO_RUN = (
    "Not known: this folder does not lie where a pipeline trains, or its params.yaml describes another encoder. Whoever"
    " shares it should say here what it learned from."
)
NO_SCORES = "None were measured where this card was written."
SPREAD = (
    "± is the standard deviation over what the last column counts: repeats of a probe, or items (playlists, queries,"
    " tags); at chance it is over random orders or guesses."
    " `untrained`: the first system's encoder before its first step."
)
PURPOSE = (
    "Vectors for finding tracks that are alike, continuing playlists, and probing for genres and tags, on music like"
    " that which it learned from: what the scores above measure, and no more."
)
NOT_FOR = [
    "What the scores do not measure: recognising a recording, a melody, a voice or a person; saying who made or owns"
    " music, or whether a machine made it; sounds that are no music.",
    "Decisions about people, such as what an artist earns or who is heard, by these vectors alone.",
]
SIMULATED_ONLY = (
    "Judging real music: it has heard nothing but simulated music, and was scored on such. What it is worth on real"
    " recordings is not known from this card."
)

MELON_ONLY = "Anything but non-profit research, as far as the terms of the Melon Playlist Dataset reach."


def model_card(model: Model, run: Run | None) -> str:
    """The README.md of a shared model: what it is, its data and their licences, its scores, its limits, its params.

    It says what the run says, and where that says nothing, so.

    Args:
        model: the encoder, by its embedding.
        run: see `read_run`.
    """
    title = _title(model, run)
    parts = [
        _front_matter(licence_of(run)),
        f"# {title}",
        _what_it_is(model),
        _use(model),
        "## Data and licence",
        _data(model, run),
        "## Scores",
        _scores(run),
        "## What it is for",
        PURPOSE if run and run.evaluated else "Vectors of music; what they are worth is not known from this card.",
        "## What it is not for",
        "\n".join(f"- {line}" for line in _not_for(run)),
        "## Params",
        _params(model, run),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(licence: str) -> str:
    data = {
        "license": licence, "library_name": LIBRARY, "pipeline_tag": "feature-extraction", "tags": TAGS,
    }  # fmt: skip
    return f"---\n{yaml.safe_dump(data, sort_keys=False)}---"


def _title(model: Model, run: Run | None) -> str:
    if not isinstance(model.encoder, MelCNN):
        return f"Audio encoder: {SECOND_SYSTEM}"
    if run is None or run.corpus is None:
        return "Audio encoder"
    name = model_name(run.params.loss, run.params.train.objective)
    return f"Audio encoder: {TITLES[name]}"


def _what_it_is(model: Model) -> str:
    paper = FIRST_PAPER if isinstance(model.encoder, MelCNN) else SECOND_PAPER
    weights = sum(parameter.numel() for parameter in model.encoder.parameters())
    return (
        f"{model.window_seconds:.2f} s of mono audio at {model.front_end.sample_rate:,} Hz to a vector of {model.dim}"
        f" numbers, by a {type(model.encoder).__name__} with {weights:,} weights; a track's vector is the mean of its"
        f" windows'. The network is one of {paper}. Made with Unisono {version('unisono')}."
    )


def _use(model: Model) -> str:
    samples = round(model.window_seconds * model.front_end.sample_rate)
    return (
        "```python\n"
        "import unisono                                   # a folder with these files\n"
        'vectors = unisono.load("folder").embed("song.ogg")\n\n'
        "from unisono.sharing.hub import HubEncoder       # or the Hub's name\n"
        'encoder = HubEncoder.from_pretrained("you/this-model")\n'
        f"vectors = encoder(samples)                       # (n, {samples}) -> (n, {model.dim})\n"
        "```"
    )


def _data(model: Model, run: Run | None) -> str:
    origin = read_json(model.folder / CONFIG).get("origin")
    if origin:
        return (
            f"Imported from `{origin['file']}` (sha256 {origin['sha256']}), {origin['source']}, with the input layout"
            f" `{model.encoder.config.get('input_layout', 'bands-first')}`. How it was trained is not known from here:"
            " its licence, and what it learned from, are its authors' to say."
        )
    if run is None or run.corpus is None:
        return NO_RUN
    corpus = run.params.corpora[run.corpus]
    data = data_of(corpus)
    lines = [f"It learned from `{run.corpus}` (format {corpus.format}): {LICENCES[data]}."]
    if licence_of(run) == UNKNOWN:
        lines.append(
            "Which licence the weights have is not for Unisono to say: whoever shares them chooses it, within what the"
            " licences of the data allow, and writes it in place of `unknown` above."
        )
    return "\n\n".join(lines)


def _scores(run: Run | None) -> str:
    rows = list(_rows(run)) if run else []
    if not rows:
        return NO_SCORES
    head = "| task | score | this model | chance | untrained | measured on | n |\n|---|---|---:|---:|---:|---|---|"
    return "\n".join([SPREAD, "", head, *rows])


def _rows(run: Run) -> Iterator[str]:
    """A line a headline score that the model has."""
    for name, task in run.params.evaluation.items():
        details, baselines = run.evaluated.get(name, {}), run.baselines.get(name, {})
        scores = details.get("models", {}).get(run.row, {})
        for column in (Column(**column) for column in details.get("columns", [])):
            if column.headline and column.score in scores:
                summary = scores[column.score]
                cells = [
                    _task(task, run.params),
                    column.heading,
                    _cell(summary, column),
                    _cell(baselines.get("chance", {}).get(column.score), column),
                    _cell(baselines.get("models", {}).get("untrained", {}).get(column.score), column),
                    _counts(details["counts"][run.row]),
                    f"{summary['n']} {'repeats' if column.over_repeats else 'items'}",
                ]
                yield f"| {' | '.join(cells)} |"


def _task(task: Task, params: Params) -> str:
    corpus = params.corpora[task.corpus]
    made = f"{SIMULATED}, in the format of {corpus.format}" if data_of(corpus) == SIMULATED else corpus.format
    return f"{task.task.replace('_', ' ')}: {task.corpus} ({made})"


def _cell(summary: dict[str, Any] | None, column: Column) -> str:
    if summary is None:
        return "-"
    mean = f"{summary['mean'] * column.scale:.{column.digits}f}"
    return f"{mean} ±{summary['std'] * column.scale:.{column.digits}f}" if summary["n"] > 1 else mean


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number)


def _not_for(run: Run | None) -> list[str]:
    lines = list(NOT_FOR)
    if run and run.corpus:
        data = data_of(run.params.corpora[run.corpus])
        if data == SIMULATED:
            lines.insert(0, SIMULATED_ONLY)
        elif data == "melon":
            lines.insert(0, MELON_ONLY)
    return lines


def _params(model: Model, run: Run | None) -> str:
    if run is None or run.corpus is None:
        return "Not known."
    sections = FIRST_SECTIONS if isinstance(model.encoder, MelCNN) else SECOND_SECTIONS
    values = run.params.model_dump(mode="json", include=set(sections))
    listed = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=110)
    return f"```yaml\n{listed}```"
