from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.errors import UserError
from sketchfit.hub.address import HubAddress, is_on_hub


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("hf://me/doodles", "me/doodles", None),
        ("hf:/me/doodles", "me/doodles", None),
        ("me/doodles", "me/doodles", None),
        ("hf://Org-1/a.b_c-2@v1.0", "Org-1/a.b_c-2", "v1.0"),
        ("hf://me/doodles@refs/pr/3", "me/doodles", "refs/pr/3"),
        (Path("hf://me/doodles@main"), "me/doodles", "main"),
    ],
)
def test_addresses(text, repository, revision):
    assert HubAddress.parse(text) == HubAddress(repository, revision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hf://",
        "hf://doodles",
        "hf://me/",
        "hf:///doodles",
        "hf://me/doodles/config.json",
        "hf://me/../doodles",
        "hf://../doodles",
        "hf://me/do..odles",
        "hf://me/do--odles",
        "hf://me/doodles.git",
        "hf://me/doodles@",
        "hf://me/doodles@../x",
        "hf://-me/doodles",
        "hf://me/doo dles",
        "hf://me/doodles\n",
        f"hf://me/{'x' * 97}",
        "https://huggingface.co/me/doodles",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(UserError):
        HubAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("hf://me/x", True), (Path("hf://me/x"), True), ("hf://", True), ("runs/hf", False), ("hf", False), (".", False)],
)
def test_what_is_on_the_hub(text, expected):
    assert is_on_hub(text) is expected


@given(st.from_regex(r"[A-Za-z0-9]{1,8}/[a-z0-9_.]{0,4}[a-z0-9]", fullmatch=True), st.sampled_from([None, "v1", "a/b"]))
def test_an_address_is_read_as_it_is_written(repository, revision):
    address = HubAddress(repository, revision)
    if ".." in repository or repository.endswith(".git") or "/." in repository or "/_" in repository:
        return
    assert HubAddress.parse(str(address)) == address
    assert HubAddress.parse(Path(str(address))) == address
