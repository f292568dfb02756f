"""What a corpus has, as its inventory tells in seconds, held against what params.yaml asks of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from unisono.errors import UserError

if TYPE_CHECKING:
    from unisono.params import Params

GENRES = "genres"  # the set of labels that the catalogue's own genres are
MOST_SHOWN = 60  # tags of a message


class Holdings(BaseModel):
    """What is counted of a corpus.

    Attributes:
        tracks, playlists: how many.
        words: how many playlists have one in their title or tags.
        artists: how many tracks have one.
        dim: how many numbers its vectors have; 0 where there are none.
        tags: of each set of labels, its tags, the most frequent first; `GENRES` is one of them.
    """

    tracks: int
    playlists: int
    tags: dict[str, list[str]]
    words: int = 0
    artists: int = 0
    dim: int = 0


def refuse_what_is_missing(params: "Params", corpus: str, has: Holdings) -> None:
    """Check that a corpus has what the systems are to learn from it.

    Raises:
        UserError: a loss is weighed that needs genres, playlists, words or artists, or labels are to be learnt, and
            there are none; a tag that the pictures are to show is not among them; or vectors are of another length.
    """
    if has.dim and has.dim != params.vectors.dim:
        raise UserError(
            f"corpora.{corpus}: its vectors have {has.dim} numbers, but vectors.dim is {params.vectors.dim}; set it to"
            f" {has.dim}"
        )
    if corpus in params.systems.alignment:
        _refuse_weights(params, corpus, has)
    if corpus in params.systems.metric_learning:
        _refuse_labels(params, corpus, has)


def refuse_unknown_tags(tag_pair: Sequence[str], known: Sequence[str], where: str) -> None:
    """Check that tracks have the tags of params.report.tag_pair.

    Args:
        known: their tags, the most frequent first.
        where: what to call the labels in an error.

    Raises:
        UserError: one is not among them; the message lists those that are.
    """
    unknown = [tag for tag in tag_pair if tag not in known]
    if unknown:
        more = ", ..." if len(known) > MOST_SHOWN else ""
        raise UserError(
            f"params.yaml: report.tag_pair has {' and '.join(unknown)}, but the tags of {where} are"
            f" {', '.join(known[:MOST_SHOWN]) or 'none'}{more}; name two of them"
        )


def _refuse_weights(params: "Params", corpus: str, has: Holdings) -> None:
    # By the letters of the lambdas: how many tracks or playlists have it, what to say of it, what to add.
    needed = {
        "g": (has.tags.get(GENRES), f"none of its {has.tracks} tracks has a genre", "genres"),
        "p": (has.playlists, "it has no playlists", "playlists that use the tracks' ids and paths"),
        "t": (has.words, f"none of its {has.playlists} playlists has a word in its title or tags", "titles"),
        "r": (has.artists, f"none of its {has.tracks} tracks has an artist", "artists"),
    }
    for letter, (found, lack, remedy) in needed.items():
        weights = [f"{name} is {weight:g}" for name, weight in params.loss if weight and letter in _sides(name)]
        if weights and not found:
            them = "them" if len(weights) > 1 else "it"
            raise UserError(
                f"corpora.{corpus}: {lack}, but loss.{' and loss.'.join(weights)}; set {them} to 0, or add {remedy}"
            )


def _sides(name: str) -> list[str]:
    """The letters of what a lambda aligns: lambda_a2g is a, g."""
    return name.removeprefix("lambda_").split("2")


def _refuse_labels(params: "Params", corpus: str, has: Holdings) -> None:
    labels, tags = params.similarity.labels, has.tags.get(params.similarity.labels, [])
    if params.finetune.label_fraction and not tags:
        some = ", ".join(name for name, found in has.tags.items() if found) or "none"
        raise UserError(
            f"corpora.{corpus}: no track has a label of similarity.labels '{labels}' (there is: {some}), but"
            f" finetune.label_fraction is {params.finetune.label_fraction:g}; name other labels, or set it to 0: then"
            " the second system learns by its self-supervised loss alone"
        )
    if tags:
        refuse_unknown_tags(params.report.tag_pair, tags, f"corpora.{corpus} ({labels})")
