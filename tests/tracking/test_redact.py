from __future__ import annotations

import ast
import os
import string
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.config.shipped import shipped_recipes
from sketchfit.errors import UserError
from sketchfit.own_words import own_words
from sketchfit.redact import STARS, command_line, redact, secret_keys
from sketchfit.runs.environment import environment
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
    assert command_line(["sketchfit", "run", "my data"], {}) == "sketchfit run 'my data'"
    assert command_line(["x", "Xq9'3kd8fj2"], {"MY_TOKEN": "Xq9'3kd8fj2"}) == "x '***'"


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


SECRET = st.from_regex(
    r"[A-Za-z][0-9][A-Za-z0-9]{10,30}", fullmatch=True, alphabet=string.ascii_letters + string.digits
)


@given(SECRET, st.sampled_from(["https", "http", "ftp", "s3", "gs", "sqlite", "file", "postgresql", "ssh", "redis"]))
@pytest.mark.parametrize("extra", ["", "/x", "@", "#", "?y", ":z"])
def test_user_and_password_of_an_address_never_stay(extra: str, secret: str, scheme: str) -> None:
    for login in (f"me:{secret}{extra}", f"{secret}:x-oauth{extra}", f":{secret}{extra}"):
        cleaned = redact(f"git clone {scheme}://{login}@host.org:8080/a/b.csv and more", {})
        assert secret not in cleaned
        assert cleaned.startswith("git clone ")
        assert cleaned.endswith(" and more")
    assert secret not in redact(f"me:{secret}@host.org", {})


@given(SECRET)
@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer {}",
        "authorization=Basic {}==",
        "{{'Authorization': 'Bearer {}'}}",
        '{{"authorization": "{}"}}',
        "-H 'Authorization: token {}'",
        "Proxy-Authorization: Negotiate {}",
        "sent with Bearer {} to the server",
        "Cookie: session={}; other=1",
        "X-Api-Key: {}",
        "PRIVATE-TOKEN: {}",
    ],
)
def test_headers_never_stay(header: str, secret: str) -> None:
    cleaned = redact(header.format(secret), {})
    assert secret not in cleaned
    assert STARS in cleaned


@given(st.text(string.ascii_letters, min_size=24, max_size=24))
@pytest.mark.parametrize("prefix", ["https://", "http://", "", "POST /"])
def test_paths_of_webhooks_never_stay(prefix: str, secret: str) -> None:
    for place in (
        f"hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/{secret}",
        f"hooks.slack.com/workflows/T0/A0/123/{secret}",
        f"discord.com/api/webhooks/1234/{secret}",
        f"x.webhook.office.com/webhookb2/{secret}/IncomingWebhook/1",
    ):
        assert secret not in redact(f"{prefix}{place}: 404", {})
    assert secret not in redact(f"with url: /services/T0ABCDEFG/B0ABCDEFG/{secret} (caused by", {})


@given(st.integers(10**8, 10**10), st.text(string.ascii_letters + string.digits + "_-", min_size=35, max_size=35))
def test_tokens_of_telegram_never_stay(number: int, secret: str) -> None:
    for text in (
        f"{number}:{secret}",
        f"https://api.telegram.org/bot{number}:{secret}/sendMessage",
        f"/bot{number}:{secret}/sendMessage",
        f"tgram://{number}:{secret}/12",
    ):
        assert secret not in redact(text, {})


@pytest.mark.parametrize("token", ["xoxb-123456789012-abcdefGHIJ", "xoxp-12345678", "xapp-1-A012-345-abcdef"])
def test_tokens_of_slack_never_stay(token: str) -> None:
    assert redact(f"slack: {token} failed", {}) == f"slack: {STARS} failed"


def test_a_private_key_never_stays() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
    assert redact(f"a {key} b", {}) == f"a {STARS} b"


@pytest.mark.parametrize(
    "key", ["token", "api_key", "tracking.wandb.api_key", "password", "hf_token", "a.accesstoken", "webhook_url"]
)
def test_a_key_with_a_secret_name_is_secret_whatever_its_value(key: str) -> None:
    assert secret_keys({"x": {key: "abc"}, "y": {key: ""}}, {}) == [f"x.{key}"]


@pytest.mark.parametrize("key", ["token_mixer", "class_tokens", "head.pool", "keys", "tokenizer"])
def test_a_harmless_key_is_no_secret(key: str) -> None:
    assert secret_keys({key: "pool"}, {}) == []


def _own_texts() -> list[str]:
    """Texts of the package's code that users can see: every constant, with 7 for what is formatted into it."""
    found = []
    for path in sorted((Path(__file__).resolve().parents[2] / "src").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "7" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                found.append(node.value)
    return found


@pytest.mark.parametrize("variable", ["$SKETCHFIT_TOKEN", "${TOKEN}", "$A"])
def test_the_name_of_a_variable_in_the_place_of_a_secret_stays(variable: str) -> None:
    text = f'curl -H "Authorization: Bearer {variable}" http://127.0.0.1:8000'
    assert redact(text, {}) == text
    assert "hunter2" not in redact(f"Authorization: Bearer {variable}hunter2/", {})
    assert "hunter2" not in redact(f"Authorization: {variable} hunter2", {})


def test_no_word_of_an_own_text_is_starred() -> None:
    for text in _own_texts():
        assert redact(text, {}) == text


@given(st.lists(st.sampled_from(sorted(own_words())), min_size=1, max_size=3), st.sampled_from(["-", " ", "_", ""]))
def test_a_secret_that_is_a_word_of_own_texts_stars_nothing_but_its_own_setting(words: list[str], between: str) -> None:
    secret = between.join(words)
    environ = {"APP_PASSWORD": secret, "MAX_TOKENS": "100000"}
    sentence = f"error: {' '.join(words)} of 100000 images"
    if between:
        assert redact(sentence, environ) == sentence
    assert redact(f"password={words[0]}", environ) == f"password={STARS}"


def test_settings_with_their_defaults_stay() -> None:
    def leaves(value: object, prefix: str = "") -> list[str]:
        if isinstance(value, dict):
            return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{prefix}.{key}".strip("."))]
        return [f"--set {prefix}={value}"]

    for recipe in shipped_recipes():
        for text in leaves(load_recipe(recipe).model_dump(mode="json")):
            assert redact(text, {}) == text
    pattern = r"folds.group=url:^\w+://([^/?#]+)"
    assert redact(pattern, {}) == pattern
    assert secret_keys({"folds": {"group": r"url:^\w+://([^/?#]+)"}}, {}) == []


def test_values_of_dotenv_are_known_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("MY_PASSWORD=hushhush1234\nPLAIN=visible1234\n")
    assert redact("hushhush1234 visible1234") == f"{STARS} visible1234"
    (tmp_path / ".env").write_text("MY_PASSWORD=another-9876\n")
    os.utime(tmp_path / ".env", ns=(1, 1))
    assert redact("hushhush1234 another-9876") == f"hushhush1234 {STARS}"
    monkeypatch.setattr(sys, "argv", ["sketchfit", "run", "--set", "data.note=another-9876"])
    assert "another" not in environment().command


@pytest.mark.parametrize(
    "text",
    [
        "members/webhook: done in 3 s",
        "label 'secret': 3 images",
        "class token: 12 images",
        "tokens=196",
        "MAX_TOKENS: 99999",
    ],
)
def test_names_of_the_user_in_own_sentences_star_nothing(text: str) -> None:
    assert redact(text, {}) == text


@pytest.mark.parametrize("text", ["secret=training", "--password training", "{'token': 'training'}", "api_key: 98765"])
def test_a_setting_of_a_secret_is_starred_whatever_its_value(text: str) -> None:
    assert STARS in redact(text, {})


@pytest.mark.parametrize("part", ["a", "a.", "1", "token", "-", "a:", "https://", "hooks.slack.com/", "bearer "])
def test_the_time_grows_in_proportion_to_the_text(part: str) -> None:
    text = part * (300_000 // len(part))  # takes minutes where the time grows with the square
    assert len(redact(text, {})) <= len(text) + len(STARS)
