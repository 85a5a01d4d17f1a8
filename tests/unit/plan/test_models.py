"""What a plan says of the user's own models: read whole, refused in a sentence, and no sentence shows a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError
from tailgate.plan.models import Model, split_s3
from tailgate.plan.plan_file import read_plan

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranker:7"


def read(tmp_path: Path, text: str) -> dict[str, Model]:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return dict(read_plan(path).models)


def test_a_plan_describes_what_the_names_of_models_stand_for(tmp_path: Path) -> None:
    """Several, under the names that cases use; model data in S3 as it stands, on this host relative to the plan."""
    models = read(
        tmp_path,
        f"""
        [models.ranker-7]
        image = "{IMAGE}"
        model_data = "s3://models/ranker-7/model.tar.gz"
        environment = {{ WORKERS = "4" }}
        environment_from = ["TOKEN"]

        [models."models/ranker-8"]
        image = "{IMAGE}"
        model_data = "built/model.tar.gz"

        [models.bare]
        image = "ranker@sha256:{"0" * 64}"
        """,
    )
    assert list(models) == ["ranker-7", "models/ranker-8", "bare"]
    assert models["ranker-7"] == Model(IMAGE, "s3://models/ranker-7/model.tar.gz", {"WORKERS": "4"}, ("TOKEN",))
    assert models["models/ranker-8"].model_data == str(tmp_path / "built" / "model.tar.gz")
    assert models["bare"].model_data is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[models]\n", "no [[experiment]]"),
        ("models = 3", "models is 3; it is a table"),
        ("[models.constant]\nimage = 'i'", "models.constant: that model ships with tailgate; call yours otherwise"),
        ("models.ranker = 'i'", "models.ranker: it is 'i'; it is a table"),
        ("[models.ranker]", "models.ranker: key 'image' is missing"),
        ("[models.ranker]\nimag = 'i'", "models.ranker: unknown key 'imag'; did you mean 'image'?"),
        ("[models.ranker]\nimage = 7", "models.ranker: image is 7; it is an image's URI"),
        ("[models.ranker]\nimage = 'https://hub/i'", "image is 'https://hub/i'"),
        (f"[models.ranker]\nimage = '{'i' * 256}'", "image has 256 characters; SageMaker takes 255"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = ''", "model_data is ''"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 3", "model_data is 3"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 's3://bucket'", "model_data is 's3://bucket', which is no object and no prefix"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 's3://B_/x.tar.gz'", "no object and no prefix in S3"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 's3:/bucket/x'", "no object and no prefix in S3"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 'https://x/m.tar.gz'", "it is s3://BUCKET/KEY.tar.gz"),
        ("[models.ranker]\nimage = 'i'\nmodel_data = 'model.pkl'", "it is s3://BUCKET/KEY.tar.gz"),
        ("[models.ranker]\nimage = 'i'\nenvironment = ['A=1']", "environment is no table"),
        ("[models.ranker]\nimage = 'i'\nenvironment = { 1A = 'x' }", "environment names '1A'"),
        ("[models.ranker]\nimage = 'i'\nenvironment = { A = 4 }", 'write it in quotation marks, such as A = "4"'),
        ("[models.ranker]\nimage = 'i'\nenvironment_from = 'A'", "environment_from is 'A'; it is a list"),
        ("[models.ranker]\nimage = 'i'\nenvironment_from = [3]", "environment names 3"),
        ("[models.ranker]\nimage = 'i'\nenvironment = { A = 'x' }\nenvironment_from = ['A']", "name a variable twice"),
    ],
)
def test_what_no_model_can_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The sentence names file, model and key, and what is allowed."""
    with pytest.raises(PlanError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "plan.toml"))
    assert said in str(refused.value)


@given(value=st.text(min_size=12).map(lambda text: "secret" + text))
def test_no_text_shows_a_variables_value(value: str) -> None:
    """Neither the model as it prints itself, nor what refuses it: too long, of no text, or set twice."""
    if len(value) <= 1024:
        assert value not in repr(Model(IMAGE, environment={"TOKEN": value}))
    with pytest.raises(PlanError) as too_long:
        Model(IMAGE, environment={"TOKEN": value * 100})
    with pytest.raises(PlanError) as twice:
        Model(IMAGE, environment={"TOKEN": value[:1024]}, environment_from=("TOKEN",))
    with pytest.raises(PlanError) as passed:
        Model(IMAGE, environment_from=("TOKEN",)).variables({"TOKEN": value * 100})
    for refused in (too_long, twice, passed):
        assert value not in str(refused.value)


def test_variables_are_passed_on_from_pytests_own_environment() -> None:
    """What is not set there is named before anything is deployed."""
    model = Model(IMAGE, environment={"WORKERS": "4"}, environment_from=("TOKEN", "OTHER"))
    assert model.variables({"TOKEN": "t", "OTHER": "", "UNASKED": "u"}) == {"WORKERS": "4", "TOKEN": "t", "OTHER": ""}
    with pytest.raises(PlanError, match="environment_from names OTHER, which pytest's own environment has not"):
        model.variables({"TOKEN": "t"})


def test_no_more_variables_than_sagemaker_takes() -> None:
    """A hundred; those that are passed on count."""
    hundred = {f"V{number}": "" for number in range(100)}
    assert len(Model(IMAGE, environment=hundred).variables({})) == 100
    with pytest.raises(PlanError, match="101 variables; SageMaker takes 100"):
        Model(IMAGE, environment=hundred, environment_from=("ONE_MORE",))


@given(bucket=st.from_regex(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", fullmatch=True), key=st.from_regex(r"[\x21-\x7e]{1,80}", fullmatch=True))
def test_an_s3_uri_is_taken_apart_as_it_was_put_together(bucket: str, key: str) -> None:
    """Bucket and key, slashes in the key included; whatever the API's own pattern takes there is taken."""
    uri = f"s3://{bucket}/{key}"
    assert Model(IMAGE, uri).model_data == uri
    assert split_s3(uri) == (bucket, key)
