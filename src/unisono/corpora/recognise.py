"""Which format a folder has, by what lies in it."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from unisono.errors import UserError

MOST_FOLDERS = 100  # below a folder that is none, of which one may be meant


@dataclass(frozen=True)
class Format:
    """What a folder of a format holds. Of each thing there may be several patterns of its path; a folder's ends with /.

    Attributes:
        title: what the format is called.
        lists: the files that tell the format.
        audio: where its audio lies.
    """

    title: str
    lists: tuple[tuple[str, ...], ...]
    audio: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (*self.lists, self.audio) if self.audio else self.lists


MELON = ("song_meta.json", "genre_gn_all.json", "train.json", "val.json", "test.json")
GTZAN = ("train_filtered.txt", "valid_filtered.txt", "test_filtered.txt")
JAMENDO = "autotagging_genre-train.tsv"
FORMATS = {
    "melon": Format("the Melon Playlist Dataset", tuple((name,) for name in MELON), ("arena_mel_*.tar", "arena_mel/")),
    "gtzan": Format("GTZAN", tuple((name,) for name in GTZAN), ("genres/", "blues/", "rock/")),
    "jamendo": Format(
        "MTG-Jamendo",
        ((f"data/splits/split-0/{JAMENDO}", f"splits/split-0/{JAMENDO}", JAMENDO),),
        ("audio/", "[0-9][0-9]/"),
    ),
    "magnatagatune": Format("MagnaTagATune", (("annotations_final.csv",),), ("0/", "[1-9a-f]/")),
    "folder": Format("your own music", (("tracks.csv",),)),
    "vectors": Format("embeddings of your own", (("tracks.csv",), ("vectors.parquet", "vectors.npy"))),
}


def recognise(root: Path) -> tuple[str, list[str]]:
    """The format of a folder, and the names in it that tell.

    It is the one of which all is there; where that is none, the one of which a list is there.

    Raises:
        UserError: no format fits, or several do. The message says what each needs.
    """
    found = {name: _found(root, format) for name, format in FORMATS.items()}
    whole = [name for name, there in found.items() if all(there)]
    if "vectors" in whole:  # which is a folder of one's own too
        whole.remove("folder")
    fits = whole or [name for name, there in found.items() if any(there[: len(FORMATS[name].lists)])]
    if len(fits) == 1:
        return fits[0], [name for name in found[fits[0]] if name]
    if fits:
        lines = [f"{root}: may be any of these; say which it is with --format"]
        lines += [_needs(name, found[name]) for name in fits]
    else:
        lines = [f"{root}: no corpus that Unisono knows. Each has these in its folder, and more (docs/data.md):"]
        lines += [_needs(name, found[name]) for name in FORMATS]
        lines += [f"{folder} looks like {FORMATS[name].title}: check that one." for folder, name in _near(root)]
        lines += [f"If this is a folder of music, `unisono init {root}` makes a catalogue of it."]
    raise UserError("\n".join(lines))


def _found(root: Path, format: Format) -> list[str]:
    """What is there of each thing that a format has; '' where it is missing."""
    return [next((name for pattern in patterns if (name := _first(root, pattern))), "") for patterns in format.needs]


def _first(root: Path, pattern: str) -> str:
    """The first name that fits a pattern, or ''."""
    end = "/" * pattern.endswith("/")
    fits = (path for path in root.glob(pattern) if path.is_dir() == bool(end))
    return min((path.relative_to(root).as_posix() + end for path in fits), default="")


def _needs(name: str, found: list[str]) -> str:
    needs = ", ".join(patterns[0] for patterns in FORMATS[name].needs)
    here = ", ".join(filter(None, found))
    return f"  {name} ({FORMATS[name].title}): {needs}" + f"; here is {here}" * bool(here)


def _near(root: Path) -> list[tuple[Path, str]]:
    """The folder above and those below that have all of one format, each with the format."""
    below = islice((path for path in sorted(root.iterdir()) if path.is_dir()), MOST_FOLDERS)
    near = [root.resolve().parent, *below]
    return [(folder, name) for folder in near for name, format in FORMATS.items() if all(_found(folder, format))]
