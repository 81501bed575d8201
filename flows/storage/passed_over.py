"""Names in the landing folder that are passed over, and how people are told of it.

Hidden names (`.` or `_` first) and those of uploads under way are no deliveries: a writer that renames into place when
it is done relies on that. But somebody who drops `_notes.txt` must be told, not left to wonder: whatever looks at the
landing folder counts what it passes over, without a stat and without a line for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.storage.names import printable, to_source_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

# Where Longshore puts what it has dealt with: folders of the landing root.
ARCHIVE = "_archive"
REJECTED = "_rejected"
# Where a file that is to be deleted stands for the moment in which it is looked at a last time.
DELETING = "_deleting"

_OWN = (ARCHIVE, REJECTED, DELETING)
_UPLOADING = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
# Nobody dropped these to have them ingested.
_NO_DELIVERY = (".gitkeep", ".gitignore")


@dataclass(slots=True)
class PassedOver:
    """How much one look at the landing folder passed over.

    files, folders: by name (such a folder is not looked into); example: the path of one of them.
    unwanted: files that the settings `include` and `exclude` leave out.
    """

    files: int = 0
    folders: int = 0
    example: str = ""
    unwanted: int = 0

    def add(self, entry: os.DirEntry[str], path: str) -> None:
        """Count what is passed over by name; our own folders are not, nor what keeps an empty folder in git."""
        if entry.name in _NO_DELIVERY or path in _OWN:
            return
        if entry.is_dir(follow_symlinks=False):
            self.folders += 1
            self.example = self.example or f"{path}/"
        else:
            if not self.files:
                self.example = path
            self.files += 1

    def sentences(self) -> Iterator[str]:
        """Say what was passed over, and why; nothing where there is none."""
        counts = " and ".join(
            f"{count:,} {kind}" for count, kind in ((self.files, "file(s)"), (self.folders, "folder(s)")) if count
        )
        if counts:
            yield (
                f"Passed over by name: {counts}, such as {printable(to_source_path(self.example))}. Names that begin "
                f"with . or _ are hidden ones, those that end in {', '.join(_UPLOADING[:-1])} or {_UPLOADING[-1]} "
                "uploads under way. Rename what is to be ingested; the setting `take_underscored` takes names with _."
            )
        if self.unwanted:
            yield f"Left alone by the settings `include` and `exclude`: {self.unwanted:,} file(s)."

    def to_dict(self) -> dict[str, int | str | None]:
        """Give it as plain values, for JSON."""
        return {
            "files": self.files,
            "folders": self.folders,
            "example": to_source_path(self.example) or None,
            "unwanted": self.unwanted,
        }


def is_passed_over(path: str, name: str, *, take_underscored: bool = False) -> bool:
    """Tell whether a file or folder of this name is none that was delivered.

    path: below the landing root; there, Longshore's own folders are none whatever the settings say.

    >>> is_passed_over("_notes.txt", "_notes.txt"), is_passed_over("story.txt.part", "story.txt.part")
    (True, True)
    >>> is_passed_over("_notes.txt", "_notes.txt", take_underscored=True)
    False
    """
    underscored = name[0] == "_" and (not take_underscored or path in _OWN)
    return underscored or name[0] == "." or name.endswith(_UPLOADING)
