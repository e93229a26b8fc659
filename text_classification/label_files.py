"""From a crawled file of places to a labelled one that a classifier can learn from, with a review file beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from text_classification.examples import read_rows
from text_classification.labelling import label_locations, read_rules
from text_classification.review import apply_review, read_review, write_review
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError

__all__ = ["Labelled", "label_file"]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """What was labelled.

    Attributes:
        rows: Rows of the file.
        kinds: How many have each label.
        by_person: How many labels a person decided.
        unlabelled: Rows without a label, which are not written for learning.
    """

    rows: int
    kinds: dict[str, int]
    by_person: int
    unlabelled: int


def label_file(data: Path, *, rules: Path, out: Path, review: Path) -> Labelled:
    """Label the rows of a file.

    Args:
        data: ``.jsonl`` or ``.csv`` with ``location_name``, ``location_type`` and ``location_description``.
        rules: A series' ``place_kinds.yaml``.
        out: The labelled rows (``.jsonl``): ``kind`` is the label, empty where there is none.
        review: The csv in which a person corrects; what stands there is kept and obeyed.

    Raises:
        InputError: If anything cannot be read or written; nothing is written then.
    """
    if out.suffix.lower() != ".jsonl":
        raise InputError(f"The labelled rows are written as .jsonl; name {out.with_suffix('.jsonl')} as --out.")
    if len({path.resolve() for path in (data, out, review)}) < 3:
        raise InputError("The data, --out and --review must be three different files.")
    known = read_rules(rules)
    edited = read_review(review, known.kinds)
    proposed = label_locations(read_rows(data), known)
    final = apply_review(proposed, edited)
    for path in (out, review):
        prepare_folder(path.absolute().parent)
    lines = final.to_json(orient="records", lines=True, force_ascii=False)
    write_review(proposed, edited, review)
    atomic_write(out, lambda path: path.write_text(lines, encoding="utf-8"))
    counts = Counter(kind for kind in final["kind"] if kind)
    return Labelled(
        rows=len(final),
        kinds={kind: counts[kind] for kind in known.kinds},
        by_person=int((final["decided_by"] == "person").sum()),
        unlabelled=int((final["kind"] == "").sum()),
    )
