"""`hawkins export card` and `hawkins import card` as a person meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def hawkins(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "hawkins.py"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
    )


def test_out_and_in(tmp_path: Path) -> None:
    out = hawkins("export", "card", "El", "--until", "S01E02", "--out", "el.png", cwd=tmp_path)
    assert (out.returncode, out.stdout, out.stderr) == (0, "el.png\n", "")
    done = hawkins("import", "card", "el.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "eleven.yaml: Eleven, 13 years old, from a V3 card." in done.stdout
    assert "note: Kept, but not followed: system_prompt, scenario." in done.stdout
    back = hawkins("export", "card", "Eleven", "--series", "out/series/eleven", "--out", "two.png", cwd=tmp_path)
    assert back.returncode == 0, back.stderr
    assert (tmp_path / "two.png").read_bytes() == (tmp_path / "el.png").read_bytes()


def test_refusals_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"name": "An\\u001b[31mn", "description": "Kind."}', encoding="utf-8")
    for arguments, words in [
        (("import", "card", "card.json"), "give --age in years"),
        (("import", "card", "absent.png"), "is not a file"),
        (("export", "card", "Eleven", "--until", "S09E99"), "no episode S09E99"),
        (("export", "card", "Elven"), "Did you mean Eleven"),
    ]:
        done = hawkins(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    coloured = hawkins("import", "card", "card.json", "--age", "30", cwd=tmp_path)
    assert "\x1b" not in coloured.stdout + coloured.stderr
