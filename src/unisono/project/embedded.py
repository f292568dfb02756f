"""The vectors that a project has of a corpus's tracks: each model's, and those that it has to beat."""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import damaged, read_table
from unisono.embeddings.read import INDEX, Embeddings, load_embeddings
from unisono.errors import UserError

EMBEDDINGS, BASELINES, FRAMES = Path("data/embeddings"), Path("data/baselines"), Path("data/frames")
ALIGNED, SOUND = "trained", "sound"
ENCODERS = {  # what embedded each, where it is an encoder of the project
    ALIGNED: Path("data/models/trained"),
    "similarity": Path("data/models/finetuned"),
    "untrained": Path("data/models/untrained"),
}
COLUMNS = ["title", "artist", "genres", "source"]


def embedded_by(project: Path, corpus: str) -> dict[str, Path]:
    """The folders of vectors of a corpus by the model that made them, the trained one first."""
    folders = [folder for kind in (EMBEDDINGS, BASELINES) for folder in sorted((project / kind / corpus).glob("*"))]
    found = {folder.name: folder for folder in folders if (folder / INDEX).is_file() and folder.name != SOUND}
    return {name: found[name] for name in sorted(found, key=lambda name: name != ALIGNED)}


def read_embedded(project: Path, corpus: str, model: str) -> tuple[pd.DataFrame, Embeddings, Embeddings]:
    """A corpus's tracks (index track_id; columns `COLUMNS`) as a model has embedded them, aligned, and their sound.

    Of the trained model the sound is what lies under its embeddings; of others it is the same vectors.

    Raises:
        UserError: the model embedded nothing of the corpus, or a file is damaged.
    """
    if not (project / EMBEDDINGS / corpus / ALIGNED).is_dir():
        there = ", ".join(sorted(path.parent.name for path in (project / EMBEDDINGS).glob(f"*/{ALIGNED}")))
        advice = f"there are those of {there}" if there else "run `make repro` there first"
        raise UserError(f"{project}: has no embeddings of the corpus '{corpus}'; {advice}")
    folders = embedded_by(project, corpus) | {ALIGNED: project / EMBEDDINGS / corpus / ALIGNED}
    if model not in folders:
        raise UserError(f"{project}: has no vectors of {corpus} by the model {model!r}; there are {', '.join(folders)}")
    aligned = load_embeddings(folders[model])
    sound = load_embeddings(project / EMBEDDINGS / corpus / SOUND) if model == ALIGNED else aligned
    table = read_table(project / FRAMES / corpus / "tracks.parquet", "track_id", "genres", "source")
    ids = aligned.track_ids
    if not ids.equals(sound.track_ids) or not ids.isin(table["track_id"]).all():
        raise damaged(
            project / EMBEDDINGS / corpus / SOUND / INDEX if model == ALIGNED else folders[model] / INDEX,
            "its tracks are not those of the other tables",
        )
    if "path" in table:  # a corpus of vectors, whose audio lies elsewhere, if anywhere
        table["source"] = table["path"].where(table["path"] != "", table["source"])
    for column in ("title", "artist"):
        table[column] = table[column].fillna("") if column in table else ""
    table["genres"] = table["genres"].map(list)
    return table.set_index("track_id")[COLUMNS].loc[ids], aligned, sound
