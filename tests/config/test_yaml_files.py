"""YAML files of the user: other encodings and mistakes are reported with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import parse_override
from sketchfit.config.policies import read_policy
from sketchfit.config.yaml_files import read_yaml
from sketchfit.errors import UserError

POLICY = "# 뒤집기\n- {op: hflip}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(POLICY.encode(encoding))
    assert read_policy(str(path)) == [{"op": "hflip"}]


@pytest.mark.parametrize(
    "content",
    [
        POLICY.encode("cp949"), "é: 1".encode("cp1252"), b"\xff\xfe\0", b"\0",
        b"a: [", b"a: 2026-13-45", b"[" * 5000, b"a: !!int x",
    ],
)  # fmt: skip
def test_mistakes_name_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    for read in (read_yaml, load_recipe, lambda path: read_policy(str(path))):
        with pytest.raises(UserError, match=r"p\.yaml"):
            read(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").mkdir()
    with pytest.raises(UserError, match=r"r\.yaml"):
        load_recipe(tmp_path / "r.yaml")
    with pytest.raises(UserError, match=r"r\.yaml"):
        read_yaml(tmp_path / "r.yaml")


@pytest.mark.parametrize("value", ["2026-13-45", "[1", "!!int x", "[" * 3000])
def test_values_that_are_no_yaml(value: str) -> None:
    with pytest.raises(UserError, match="--set"):
        parse_override(f"seed={value}")
