from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.config.head import HeadSection
from sketchfit.config.load import load_recipe
from sketchfit.config.loss import LossSection
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes, parse_recipe
from sketchfit.config.problems import setting_names
from sketchfit.config.recipe import Recipe
from sketchfit.config.shipped import recipe_text, shipped_recipes
from sketchfit.errors import UserError


def problems(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        load_recipe({}, overrides)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("training.epoch", "training.epochs"),
        ("trainign.epochs", "training"),
        ("optimizer.learning_rate", "optimizer"),
        ("folds.n", "folds"),
        ("epochs", "epochs"),
        ("model.backbon", "model.backbone"),
        ("model.head.nam", "model.head.name"),
        ("transforms.mixing.mixup", "transforms.mixing.mixup_alpha"),
        ("batch_size", "batch_size"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, nearest: str) -> None:
    text = problems(f"{key}=3")
    assert f"unknown key {key.partition('.')[0]!r}" in text or f"unknown key {key!r}" in text
    assert "the nearest is" in text
    assert nearest in text.partition("the nearest is")[2]


def test_all_problems_at_once() -> None:
    with pytest.raises(UserError) as caught:
        load_recipe(
            {"training": {"epochs": -1, "batchsize": 8}, "folds": {"k": "many"}, "seeed": 1, "data": {"resize": "fit"}}
        )
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    for word in ("training.epochs", "'training.batchsize'", "'training.batch_size'", "folds.k", "'many'", "'seeed'"):
        assert word in text
    assert "'stretch', 'pad', 'crop' or 'ink'" in text  # what is allowed


@pytest.mark.parametrize("given", ["autos", "ray:/host", "ray://", "two"])
def test_wrong_workers_are_refused_in_words(given: str) -> None:
    text = problems(f"compute.workers={given}")
    for part in ("an integer", "auto", "ray://HOST", repr(given)):
        assert part in text
    assert "^" not in text


def test_no_setting_is_checked_by_a_regular_expression_that_a_user_would_read() -> None:
    assert "'pattern'" not in str(Recipe.__pydantic_core_schema__)


def test_wrong_values_are_shown() -> None:
    assert "-1" in problems("training.epochs=-1")
    assert "'lots'" in problems("training.epochs=lots")
    assert "optimizer.lr" in problems("optimizer.lr=0")
    assert "training.epochs" in problems("training.epochs=2.5")
    assert "training" in problems("training=5")


@pytest.mark.parametrize(
    ("text", "get", "value"),
    [
        ("optimizer.lr=1e-3", lambda r: r.optimizer.lr, 1e-3),
        ("optimizer.lr=5E-4", lambda r: r.optimizer.lr, 5e-4),
        ("training.epochs=20", lambda r: r.training.epochs, 20),
        ("folds.train=[0, 2]", lambda r: r.folds.train, (0, 2)),
        ("model.pretrained=false", lambda r: r.model.pretrained, False),
        ("training.clip_grad=null", lambda r: r.training.clip_grad, None),
        ("training.clip_grad=", lambda r: r.training.clip_grad, None),
        ("data.label_column='1'", lambda r: r.data.label_column, "1"),
        ("data.label_column=a=b", lambda r: r.data.label_column, "a=b"),
        ("model.backbone=resnet50.a1_in1k", lambda r: r.model.backbone, "resnet50.a1_in1k"),
        ("model.freeze=head", lambda r: r.model.freeze.train, "head"),
        (" seed = 4", lambda r: r.seed, 4),
    ],
)
def test_overrides(text: str, get: object, value: object) -> None:
    assert get(load_recipe("demo", [text])) == value  # type: ignore[operator]


@pytest.mark.parametrize("text", ["epochs", "=3", "a=[1", " =1"])
def test_overrides_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match="--set"):
        load_recipe("demo", [text])


def test_later_overrides_win_and_leave_the_rest() -> None:
    recipe = load_recipe("demo", ["training.epochs=3", "training.epochs=4"])
    assert recipe.training.epochs == 4
    assert recipe.training.batch_size == load_recipe("demo").training.batch_size
    assert load_recipe("demo", {"training": {"epochs": 4}}) == load_recipe("demo", ["training.epochs=4"])


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads_and_dumps_back(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    text = recipe.to_yaml()
    assert parse_recipe(yaml.safe_load(text)) == recipe
    (tmp_path / "own.yaml").write_text(text)
    assert load_recipe(tmp_path / "own.yaml") == recipe
    assert recipe_text(name).startswith("# ")
    assert f"--recipe {name}" in recipe_text(name)  # the command that runs it
    member_recipes(recipe)


def test_a_dump_holds_every_setting() -> None:
    dumped = yaml.safe_load(Recipe().to_yaml())
    of_members = {
        f"{prefix}.{key}"
        for prefix, base in (("loss", LossSection), ("model.head", HeadSection))
        for key in base.all_fields().keys() - base.model_fields.keys()
    }
    for key in set(setting_names()) - of_members:
        part = dumped
        for name in key.split("."):
            assert name in part
            part = part[name]


def test_every_setting_has_its_help() -> None:
    """`recipes --full` and the options page are made from the fields' docstrings."""

    def walk(section: type) -> None:
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
            if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                walk(field.annotation)

    walk(Recipe)


def test_files_that_are_no_recipe(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    with pytest.raises(UserError, match="does not exist"):
        load_recipe(file)
    for content, expected in ((b"a: [", "not valid YAML"), (b"- 1", "is a list"), (b"\xff\xfe\x00", "UTF-8|YAML")):
        file.write_bytes(content)
        with pytest.raises(UserError, match=expected):
            load_recipe(file)
    file.write_bytes(b"")
    assert load_recipe(file) == Recipe()
    file.write_bytes(b"\xef\xbb\xbfseed: 5\n")  # a byte order mark
    assert load_recipe(file).seed == 5


def test_yaml_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(f"seed: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{file}x']]")
    with pytest.raises(UserError, match="not valid YAML"):
        load_recipe(file)
    assert not Path(f"{file}x").exists()


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UserError, match="the nearest is 'demo'") as caught:
        load_recipe("demmo")
    assert "demo" in caught.value.hint
    with pytest.raises(UserError, match="no recipe is named"):
        recipe_text("../load")


def test_members_are_the_recipe_with_their_differences() -> None:
    base = {"seed": 3, "training": {"epochs": 7}, "members": {"a": {}, "b": {"training": {"batch_size": 4}}}}
    members = member_recipes(load_recipe(base))
    assert list(members) == ["a", "b"]
    assert members["a"] == load_recipe({"seed": 3, "training": {"epochs": 7}})
    assert members["b"] == load_recipe({"seed": 3, "training": {"epochs": 7, "batch_size": 4}})
    (name,) = member_recipes(load_recipe({"model": {"backbone": "hf-hub:timm/x"}}))
    assert "/" not in name


def test_a_mistake_in_a_member_is_found_with_the_others() -> None:
    with pytest.raises(UserError) as caught:
        load_recipe({"seeed": 1, "members": {"a": {"training": {"epoch": 3}}, "b": {"training": {"epochs": -1}}}})
    text = "\n".join(caught.value.problems)
    assert "'seeed'" in text
    assert "unknown key 'members.a.training.epoch'; the nearest is 'training.epochs'" in text
    assert "members.b.training.epochs: must be greater than or equal to 0, and is -1" in text


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a*"])
def test_a_member_is_a_folder_name(name: str) -> None:
    with pytest.raises(UserError, match="members"):
        load_recipe({"members": {name: {}}})


@pytest.mark.parametrize("over", [{"members": {"x": {}}}, {"folds": {"k": 3}}])
def test_a_member_cannot_change_what_all_share(over: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"members\.a"):
        load_recipe({"members": {"a": over}})


nested = st.recursive(
    st.integers() | st.none(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
mappings = st.dictionaries(st.sampled_from("abc"), nested, max_size=3)


@settings(deadline=None)
@given(mappings, mappings)
def test_merge(base: dict[str, object], over: dict[str, object]) -> None:
    merged = merge(base, over)
    assert merge(base, {}) == base
    assert merge({}, over) == over
    assert merge(merged, over) == merged
    assert set(merged) == set(base) | set(over)
    for key in set(base) - set(over):
        assert merged[key] == base[key]
    for key, value in over.items():
        if not isinstance(value, dict):
            assert merged[key] == value


@pytest.mark.parametrize(
    ("own", "key"),
    [
        ({"compute": {"device": "cpu", "precision": "bf16"}}, "members.a.compute.device"),
        ({"compute": {"precision": "fp16"}}, "members.a.compute.precision"),
        ({"compute": {"networks_at_once": 2}}, "members.a.compute.networks_at_once"),
        ({"inference": {"prior": "keep"}}, "members.a.inference.prior"),
    ],
)
def test_a_member_cannot_set_what_all_networks_of_a_run_share(own, key):
    with pytest.raises(UserError) as caught:
        load_recipe({"members": {"a": own, "b": {}}})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [key]


def test_a_member_may_repeat_what_all_share_and_has_its_own_precision():
    own = {"device": "cpu", "precision": "bf16", "channels_last": False, "threads": 1}
    recipe = load_recipe({"compute": {"device": "cpu"}, "members": {"a": {"compute": own}, "b": {}}})
    members = member_recipes(recipe)
    assert members["a"].compute.model_dump(include=set(own)) == own
    assert (members["b"].compute.precision, members["b"].compute.device) == ("fp32", "cpu")
