from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.redact import STARS, command_line, redact, secret_keys
from sketchfit.tracking.connect import load_dotenv

WORD = st.from_regex(r"[A-Za-z0-9][\w-]{7,39}", fullmatch=True, alphabet=string.ascii_letters + string.digits + "_-")


@given(WORD, st.text(max_size=30), st.text(max_size=30))
def test_a_value_of_the_environment_never_stays(secret: str, before: str, after: str) -> None:
    environ = {"WANDB_API_KEY": secret}
    assert secret not in redact(f"{before}{secret}{after}", environ)


@given(WORD, st.sampled_from(["slack", "tgram", "discord", "mailtos", "json", "jsons", "postgresql"]))
def test_a_notifiers_address_never_stays(token: str, scheme: str) -> None:
    environ = {"SKETCHFIT_NOTIFY": f"json://other, {scheme}://{token}/x"}
    assert token not in redact(f"run data --set a={scheme}://{token}/x", {}).replace(scheme, "")
    assert token not in redact(f"failed at {token}/x again", environ)


@given(WORD, st.sampled_from(["token", "api_key", "WANDB_API_KEY", "password", "tracking.secret", "aws_access_key"]))
def test_what_a_secret_name_is_set_to_never_stays(secret: str, name: str) -> None:
    for text in (
        f"{name}={secret} rest",
        f"--{name} {secret}x rest",
        f"{{'{name}': '{secret}x'}}",
        f"{name}: {secret}x",
    ):
        cleaned = redact(text, {})
        assert STARS in cleaned
        assert f"{secret}x" not in cleaned
        assert f"={secret}" not in cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://me:pass@host.org/data?sig=1", "https://***@host.org/data?***"),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "https://hooks.slack.com/services/***/***/***",
        ),
        ("https://discord.com/api/webhooks/12/aZ3hsj2kSJdk3Jsk3jd", "https://discord.com/api/webhooks/12/***"),
        ("a hf_abcdefghijklmnopqrst b", "a *** b"),
        ("0123456789abcdef0123456789abcdef01234567", STARS),
        # harmless, and left as it is
        ("https://github.com/user/repo/blob/main/file_12.py", None),
        ("sketchfit run data --recipe demo --set training.epochs=20", None),
        ("hf-hub:timm/vit_base_patch16_224.augreg2_in21k_ft_in1k", None),
        ("~/.cache/hub/snapshots/0123456789abcdef0123456789abcdef01234567/model.safetensors", None),
        ("unexpected token in line 3", None),
        ("s3://bucket/train.csv", None),
    ],
)
def test_examples(text: str, expected: str | None) -> None:
    assert redact(text, {}) == (text if expected is None else expected)


def test_a_place_of_a_secret_and_short_words_stay() -> None:
    environ = {"TOKEN_FILE": "/run/secrets/x", "TOKENIZERS_PARALLELISM": "false"}
    assert redact("false /run/secrets/x", environ) == "false /run/secrets/x"


def test_a_command_is_one_line() -> None:
    assert command_line(["sketchfit", "run", "d", "--token", "abc123"], {}) == "sketchfit run d --token ***"


def test_secret_settings_are_named_by_key_alone() -> None:
    settings = {"tracking": {"notify": ["start", "slack://a/b/c"]}, "model": {"backbone": "resnet18"}, "seed": 1}
    assert secret_keys(settings, {}) == ["tracking.notify"]


@pytest.mark.parametrize("key", ["tracking.notify", "tracking.project", "data.cache"])
def test_a_recipe_with_an_address_is_refused_and_the_message_does_not_repeat_it(key: str) -> None:
    with pytest.raises(UserError) as caught:
        load_recipe("demo", [f"{key}=slack://TokenA/TokenB/TokenC"])
    assert key in str(caught.value)
    assert "TokenA" not in str(caught.value)
    assert "SKETCHFIT_NOTIFY" in str(caught.value)


def test_dotenv_takes_trackers_variables_only_and_what_is_set_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# mine\nexport SKETCHFIT_NOTIFY='slack://a b'\nWANDB_API_KEY = abc # old\n"
        'MLFLOW_TRACKING_URI="http://h/#x" \nPATH=/evil\nnonsense\nWANDB_MODE=\n'
    )
    assert load_dotenv(file, {}) == {
        "SKETCHFIT_NOTIFY": "slack://a b",
        "WANDB_API_KEY": "abc",
        "MLFLOW_TRACKING_URI": "http://h/#x",
        "WANDB_MODE": "",
    }
    assert load_dotenv(file, {"WANDB_API_KEY": "set", "PATH": "/bin"}) == {
        "SKETCHFIT_NOTIFY": "slack://a b",
        "WANDB_API_KEY": "set",
        "MLFLOW_TRACKING_URI": "http://h/#x",
        "WANDB_MODE": "",
        "PATH": "/bin",
    }


def test_dotenv_that_is_missing_or_no_text_is_empty(tmp_path: Path) -> None:
    assert load_dotenv(tmp_path / ".env", {}) == {}
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00WANDB_API_KEY=a")
    assert load_dotenv(tmp_path / ".env", {}) == {}
