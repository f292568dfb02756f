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
        tags: of each set of labels, its tags, the most frequent first; `GENRES` is one of them.
    """

    tracks: int
    playlists: int
    tags: dict[str, list[str]]


def refuse_what_is_missing(params: "Params", corpus: str, has: Holdings) -> None:
    """Check that a corpus has what the systems are to learn from it.

    Raises:
        UserError: a loss is weighed that needs genres or playlists, or labels are to be learnt, and there are none; or
            a tag that the pictures are to show is not among them.
    """
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
    loss = params.loss
    if not has.tags.get(GENRES) and (loss.lambda_a2g or loss.lambda_g2p):
        raise UserError(
            f"corpora.{corpus}: none of its {has.tracks} tracks has a genre, but loss.lambda_a2g is {loss.lambda_a2g:g}"
            f" and loss.lambda_g2p {loss.lambda_g2p:g}; set both to 0, or add genres"
        )
    if not has.playlists and (loss.lambda_a2p or loss.lambda_g2p):
        raise UserError(
            f"corpora.{corpus}: it has no playlists, but loss.lambda_a2p is {loss.lambda_a2p:g} and loss.lambda_g2p"
            f" {loss.lambda_g2p:g}; set both to 0, or add playlists that use the tracks' ids and paths"
        )


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
