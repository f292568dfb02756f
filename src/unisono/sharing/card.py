"""A model card for the Hugging Face Hub, from what the run that trained a model says of it."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import yaml

from unisono.artifacts.read import read_json
from unisono.embeddings.model import Model
from unisono.encoders.mel_cnn import BANDS_FIRST, MelCNN
from unisono.encoders.saved import CONFIG
from unisono.evaluation.task import Column
from unisono.params import Loss
from unisono.report.models import SECOND_SYSTEM, TITLES, model_name
from unisono.sharing.hub import LIBRARY, TAGS
from unisono.sharing.run import LICENCES, SIMULATED, UNKNOWN, Made, Scored, licence_of

FIRST_PAPER = (
    "Ferraro et al. 2021, *Enriched Music Representations with Multiple Cross-modal Contrastive Learning*"
    " ([arXiv 2104.00437](https://arxiv.org/abs/2104.00437))"
)
SECOND_PAPER = (
    "Akama et al. 2023, *Auxiliary self-supervision to metric learning for music similarity-based retrieval and"
    " auto-tagging* ([PLOS ONE](https://doi.org/10.1371/journal.pone.0294643))"
)
NOT_MADE_HERE = (
    "Not known: no `dvc.lock` around this model records how it was made. Whoever shares it should say here what it"
    " learned from."
)
CHOOSE = (
    "Which licence the weights have is not for Unisono to say: whoever shares them chooses it, within what the licences"
    " of the data allow, and writes it in place of `unknown` above."
)
NO_SCORES = "None were measured where this card was written."
SPREAD = (
    "± is the standard deviation over what the last column counts: repeats of a probe, or items (playlists, queries,"
    " tags); at chance it is over random orders or guesses. `untrained`: the first system's encoder before its first"
    " step."
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


def model_card(model: Model, made: Made | None, scores: list[Scored]) -> str:
    """The README.md of a shared model: what it is, its data and their licences, its scores, its limits, its params.

    It says what was recorded of the model, and where nothing was, so.

    Args:
        model: the encoder, by its embedding.
        made, scores: see `Record`.
    """
    parts = [
        _front_matter(licence_of(made)),
        f"# {_title(model, made)}",
        _what_it_is(model),
        _use(model),
        "## Data and licence",
        _data(model, made),
        "## Scores",
        _scores(scores),
        "## What it is for",
        PURPOSE if scores else "Vectors of music; what they are worth is not known from this card.",
        "## What it is not for",
        "\n".join(f"- {line}" for line in _not_for(made)),
        "## Params",
        _params(made),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(licence: str) -> str:
    data = {
        "license": licence, "library_name": LIBRARY, "pipeline_tag": "feature-extraction", "tags": TAGS,
    }  # fmt: skip
    return f"---\n{yaml.safe_dump(data, sort_keys=False)}---"


def _title(model: Model, made: Made | None) -> str:
    if not isinstance(model.encoder, MelCNN):
        return f"Audio encoder: {SECOND_SYSTEM}"
    if made is None:
        return "Audio encoder"
    name = model_name(Loss(**made.params["loss"]), made.params["train"]["objective"])
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


def _data(model: Model, made: Made | None) -> str:
    origin = read_json(model.folder / CONFIG).get("origin")
    if origin:
        return (
            f"Imported from `{origin['file']}` (sha256 {origin['sha256']}), {origin['source']}, with the input layout"
            f" `{model.encoder.config.get('input_layout', BANDS_FIRST)}`. How it was trained is not known from here:"
            " its licence, and what it learned from, are its authors' to say."
        )
    if made is None:
        return NOT_MADE_HERE
    learned = f"It learned from the corpus `{made.corpus}`: {LICENCES[made.data]}."
    return f"{learned}\n\n{CHOOSE}" if licence_of(made) == UNKNOWN else learned


def _scores(scores: list[Scored]) -> str:
    rows = [row for scored in scores for row in _rows(scored)]
    if not rows:
        return NO_SCORES
    head = "| task | score | this model | chance | untrained | measured on | n |\n|---|---|---:|---:|---:|---|---|"
    return "\n".join([SPREAD, "", head, *rows])


def _rows(scored: Scored) -> Iterator[str]:
    """A line a headline score."""
    own = scored.details.get("models", {}).get(scored.row, {})
    chance = scored.baselines.get("chance", {})
    untrained = scored.baselines.get("models", {}).get("untrained", {})
    for column in (Column(**column) for column in scored.details.get("columns", [])):
        if column.headline and column.score in own:
            summary = own[column.score]
            cells = [
                f"{scored.task.replace('_', ' ')}: {scored.corpus} ({scored.data})",
                column.heading,
                *(_cell(scores.get(column.score), column) for scores in (own, chance, untrained)),
                _counts(scored.details["counts"][scored.row], column),
                f"{summary['n']} {'repeats' if column.over_repeats else 'items'}",
            ]
            yield f"| {' | '.join(cells)} |"


def _cell(summary: dict[str, Any] | None, column: Column) -> str:
    if summary is None:
        return "-"
    mean = f"{summary['mean'] * column.scale:.{column.digits}f}"
    return f"{mean} ±{summary['std'] * column.scale:.{column.digits}f}" if summary["n"] > 1 else mean


def _counts(counts: dict[str, int], column: Column) -> str:
    """What a score rests on; a task with several sets of labels counts each: genre.test for genre.roc_auc."""
    labels, dot, _ = column.score.rpartition(".")
    own = {name.removeprefix(labels + dot): number for name, number in counts.items() if name.startswith(labels + dot)}
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in own.items() if number)


def _not_for(made: Made | None) -> list[str]:
    first = {SIMULATED: [SIMULATED_ONLY], "melon": [MELON_ONLY]}
    return [*first.get(made.data if made else "", []), *NOT_FOR]


def _params(made: Made | None) -> str:
    if made is None:
        return "Not known."
    return f"```yaml\n{yaml.safe_dump(made.params, sort_keys=False, default_flow_style=None, width=110)}```"
