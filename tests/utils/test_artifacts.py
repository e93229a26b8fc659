from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.artifacts import (
    atomic_write,
    content_key,
    file_digest,
    prepare_folder,
    read_provenance,
    read_table,
    table_digest,
    write_table,
)
from utils.errors import InputError

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
unprivileged = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")


def table_of_all_types() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": pd.array([0, 1, 2], dtype="int64"),
            "count": pd.array([7, None, 9], dtype="Int64"),
            "start": [0.5, float("nan"), -1e-300],
            "speaker": pd.array(["Mike", None, "Élève"], dtype="string"),
            "text": ["", 'with "quotes", and\nrows', "NA"],
            "spoken": [True, False, True],
        }
    )


def damage(path: Path, begin: int, end: int) -> None:
    content = bytearray(path.read_bytes())
    content[begin:end] = bytes(byte ^ 0xFF for byte in content[begin:end])
    path.write_bytes(content)


def test_a_key_ignores_the_order_of_its_parts() -> None:
    assert content_key(model="a", settings={"x": 1, "y": [1, 2]}) == content_key(
        settings={"y": [1, 2], "x": 1}, model="a"
    )


@pytest.mark.parametrize(
    "other",
    [{"model": "b", "n": 1}, {"model": "a", "n": 2}, {"model": "a", "n": "1"}, {"model": "a"}, {"model": "a", "m": 1}],
)
def test_a_key_changes_with_every_part(other: dict[str, object]) -> None:
    assert content_key(**other) != content_key(model="a", n=1)


def test_a_key_keeps_the_order_inside_lists_and_takes_paths() -> None:
    assert content_key(files=["a", "b"]) != content_key(files=["b", "a"])
    assert content_key(path=Path("a")) == content_key(path=Path("a")) != content_key(path=Path("b"))


def test_a_file_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_digest(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    table = table_of_all_types()
    write_table(table, tmp_path / "t.parquet", key="k")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet", key="k"), table, check_exact=True)


texts, counts, weights = st.none() | st.text(), st.none() | st.integers(-(2**63), 2**63 - 1), st.floats()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(texts, counts, weights)))
def test_any_rows_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.parquet"
    columns = {"text": "string", "count": "Int64", "weight": "float64"}
    table = pd.DataFrame(
        {name: pd.array([row[i] for row in rows], dtype=kind) for i, (name, kind) in enumerate(columns.items())}
    )
    write_table(table, path, key="k")
    pd.testing.assert_frame_equal(read_table(path, key="k"), table, check_exact=True)


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    table = table_of_all_types().iloc[:0]
    write_table(table, tmp_path / "t.parquet", key="k")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table)


def test_csv_lies_beside(tmp_path: Path) -> None:
    table = table_of_all_types()
    write_table(table, tmp_path / "t.parquet", key="k")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]
    csv = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, dtype="string")
    assert csv.columns.tolist() == table.columns.tolist()
    assert csv["speaker"].tolist() == ["Mike", "", "Élève"]
    assert csv["text"].tolist() == table["text"].tolist()


def test_another_key_counts_as_absent(tmp_path: Path) -> None:
    write_table(table_of_all_types(), tmp_path / "t.parquet", key="old")
    assert read_table(tmp_path / "t.parquet", key="new") is None
    assert read_table(tmp_path / "t.parquet") is not None


def test_provenance_and_single_columns(tmp_path: Path) -> None:
    write_table(table_of_all_types(), tmp_path / "t.parquet", key="k", provenance={"model": "tiny", "path": Path("a")})
    assert read_provenance(tmp_path / "t.parquet") == {"key": "k", "model": "tiny", "path": "a"}
    assert list(read_table(tmp_path / "t.parquet", columns=["text", "line"])) == ["text", "line"]


def test_absent_empty_and_cut_files_count_as_absent(tmp_path: Path) -> None:
    write_table(table_of_all_types(), tmp_path / "t.parquet", key="k")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-40])
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "text.parquet").write_text("name,line\n" * 50)
    for name in ("none", "empty", "cut", "text"):
        assert read_table(tmp_path / f"{name}.parquet", key="k") is None
        assert read_provenance(tmp_path / f"{name}.parquet") is None
    assert read_table(tmp_path) is None


def test_damage_before_an_intact_footer_counts_as_absent(tmp_path: Path) -> None:
    write_table(table_of_all_types(), tmp_path / "t.parquet", key="k")
    damage(tmp_path / "t.parquet", 4, 200)
    assert read_table(tmp_path / "t.parquet", key="k") is None


@pytest.mark.parametrize("record", [None, b"{}", b"[]", b"not json", b"\xff"])
def test_parquet_of_others_counts_as_absent(record: bytes | None, tmp_path: Path) -> None:
    foreign = pa.table({"a": [1]}).replace_schema_metadata({} if record is None else {b"hawkins": record})
    pq.write_table(foreign, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", key="k") is None


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, fail)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "old"


def test_a_writer_fills_a_file_of_the_same_kind_in_the_same_folder(tmp_path: Path) -> None:
    seen: list[Path] = []
    atomic_write(tmp_path / "t.csv", lambda temporary: (seen.append(temporary), temporary.write_text("new")))
    assert (tmp_path / "t.csv").read_text() == "new"
    assert (seen[0].parent, seen[0].suffix) == (tmp_path, ".csv")
    assert not seen[0].exists()


@posix
@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_results_get_the_rights_of_the_umask(mask: int, rights: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        atomic_write(tmp_path / "t.csv", lambda temporary: temporary.write_text("x"))
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.csv").stat().st_mode) == rights


def test_a_folder_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert prepare_folder(folder) == folder == prepare_folder(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("below", ["", "sub", "sub/sub"])
def test_a_file_is_no_folder(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file.* is not a folder; give another --out"):
        prepare_folder(tmp_path / "file" / below)


@posix
@unprivileged
def test_folders_without_rights_are_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Cannot write into"):
        prepare_folder(tmp_path)
    with pytest.raises(InputError, match=r"Cannot create the folder .*new"):
        prepare_folder(tmp_path / "new")


def test_a_table_digest_ignores_the_index_alone() -> None:
    table = table_of_all_types()
    assert table_digest(table) == table_digest(table.copy()) == table_digest(table.set_axis([5, 6, 7], axis=0))


@pytest.mark.parametrize(
    "other",
    [
        pd.DataFrame({"a": [2, 1], "b": [3, 4]}),
        pd.DataFrame({"a": [1, 2], "b": [4, 3]}),
        pd.DataFrame({"a": [3, 4], "b": [1, 2]}),
        pd.DataFrame({"b": [3, 4], "a": [1, 2]}),
        pd.DataFrame({"a": [1, 2], "c": [3, 4]}),
        pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}),
        pd.DataFrame({"a": [1, 2], "b": [3, 5]}),
        pd.DataFrame({"a": [1], "b": [3]}),
        pd.DataFrame({"a": [1, 2]}),
    ],
)
def test_a_table_digest_depends_on_order_values_and_types(other: pd.DataFrame) -> None:
    assert table_digest(other) != table_digest(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))


def test_a_table_digest_tells_missing_from_empty() -> None:
    speakers = [pd.DataFrame({"speaker": pd.array(["Mike", last], dtype="string")}) for last in (None, "", "NA")]
    assert len({table_digest(table) for table in speakers}) == 3
