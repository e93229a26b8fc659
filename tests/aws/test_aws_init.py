"""``init`` for real against moto: made once, kept afterwards, put right where somebody changed it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.awsrequest import AWSResponse

from aws.clients import Clients
from aws.config import AwsConfig, read_config
from aws.config_file import config_text, new_bucket_name
from aws.plan import carry_out
from aws.policies import role_policy
from aws.setup import Ground, init_calls, plan_init
from character_training.settings import TrainingSettings
from commands.aws_plan import plan_facts
from utils.errors import HawkinsError, InputError

BUCKET = "hawkins-lab-test"
ROLE_NAMES = ("EC2-S3-Access", "EC2-S3-Access-App")


# Connections are dear to make, and moto stays where it is for all tests.
_connect = cache(Clients)


@pytest.fixture
def init(moto: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Do what ``init --yes --json`` does, without the time that a program of its own takes."""
    monkeypatch.setenv("HOME", str(home))

    def run() -> Any:
        ground = Ground.of(read_config(home / "aws_config.yaml"), _connect)
        plan = plan_init(ground)
        done = carry_out(plan, init_calls(ground))
        return {**json.loads(json.dumps(plan_facts(plan))), "done": [each.step.kind for each in done]}

    return run


def _actions(facts: Any) -> dict[str, set[str]]:
    actions: dict[str, set[str]] = {}
    for step in facts["steps"]:
        actions.setdefault(step["action"], set()).add(step["kind"])
    return actions


def test_twice_changes_nothing(run_cli: Callable[..., Any], write_config: Callable[..., Path]) -> None:
    write_config()
    first = run_cli("init", "--yes", "--json").json
    assert set(_actions(first)) == {"create"}
    assert len(first["done"]) == len(first["steps"])
    second = run_cli("init", "--json")
    assert second.code == 0, second.err
    assert set(_actions(second.json)) == {"keep"}
    assert second.json["done"] == []


def test_the_bucket_is_what_it_should_be(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    init()
    s3 = moto.client("s3")
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    rules = {each["ID"]: each for each in s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}
    for folder in ("data", "checkpoints"):
        assert rules[f"hawkins-{folder}"]["Transitions"] == [{"Days": 31, "StorageClass": "STANDARD_IA"}]
    assert rules["hawkins-models"]["NoncurrentVersionTransitions"][0]["StorageClass"] == "GLACIER"
    assert rules["hawkins-unfinished"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert {"Key": "project", "Value": "stranger-things-nlp"} in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]


def test_everything_is_tagged(init: Callable[..., Any], write_config: Callable[..., Path], moto: Any) -> None:
    write_config(tags={"project": "lab", "owner": "mike"}, ec2={"key_pair_name": "lab-key"})
    init()
    ec2, iam = moto.client("ec2"), moto.client("iam")
    ours = [{"Name": "tag:project", "Values": ["lab"]}, {"Name": "tag:owner", "Values": ["mike"]}]
    groups = ec2.describe_security_groups(Filters=ours)["SecurityGroups"]
    assert {each["GroupName"] for each in groups} == {"lab-training", "lab-gradio"}
    assert [each["KeyName"] for each in ec2.describe_key_pairs(Filters=ours)["KeyPairs"]] == ["lab-key"]
    wanted = [{"Key": "project", "Value": "lab"}, {"Key": "owner", "Value": "mike"}]
    assert all(tag in moto.client("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"] for tag in wanted)
    for name in ROLE_NAMES:
        profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        for tags in (iam.list_role_tags(RoleName=name)["Tags"], profile["Tags"]):
            assert all(tag in tags for tag in wanted)
        assert [each["RoleName"] for each in profile["Roles"]] == [name]


def test_an_account_with_one_role_for_all_gets_the_apps_and_narrows_the_other(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    init()
    iam = moto.client("iam")
    training, app = ROLE_NAMES
    iam.remove_role_from_instance_profile(InstanceProfileName=app, RoleName=app)
    iam.delete_instance_profile(InstanceProfileName=app)
    iam.delete_role_policy(RoleName=app, PolicyName="hawkins")
    iam.delete_role(RoleName=app)
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}]}
    iam.put_role_policy(RoleName=training, PolicyName="hawkins", PolicyDocument=json.dumps(wide))

    steps = [(step["action"], step["kind"], step["name"]) for step in init()["steps"] if step["action"] != "keep"]

    kinds = ("role", "role policy", "instance profile", "role of instance profile")
    assert steps == [("change", "role policy", training), *(("create", kind, app) for kind in kinds)]
    assert set(_actions(init())) == {"keep"}


def test_drift_is_put_right(init: Callable[..., Any], write_config: Callable[..., Path], moto: Any) -> None:
    write_config()
    init()
    s3, iam = moto.client("s3"), moto.client("iam")
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    iam.put_role_policy(
        RoleName="EC2-S3-Access",
        PolicyName="hawkins",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        ),
    )
    changed = init()
    assert _actions(changed)["change"] == {"public access", "versioning", "bucket policy", "lifecycle", "role policy"}
    assert set(_actions(init())) == {"keep"}


def test_what_others_put_beside_ours_stays(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    init()
    s3, iam = moto.client("s3"), moto.client("iam")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "else/"}, "Expiration": {"Days": 9}}
    kept = [theirs, *(each for each in rules if each["ID"] != "hawkins-logs")]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": kept})
    own = iam.create_policy(
        PolicyName="Wide",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        ),
    )
    iam.attach_role_policy(RoleName="EC2-S3-Access", PolicyArn=own["Policy"]["Arn"])
    changed = init()
    assert _actions(changed)["change"] == {"lifecycle"}
    assert any("Wide" in note for note in changed["notes"])
    after = {each["ID"] for each in s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}
    assert {"theirs", "hawkins-logs"} <= after


def _rules(moto: Any, name: str) -> set[tuple[int, int, str]]:
    ec2 = moto.client("ec2")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])["SecurityGroups"]
    return {
        (rule["FromPort"], rule["ToPort"], network)
        for rule in group["IpPermissions"]
        for network in (
            *(each["CidrIp"] for each in rule.get("IpRanges", [])),
            *(each["CidrIpv6"] for each in rule.get("Ipv6Ranges", [])),
        )
    }


def test_ports_are_open_for_whom_they_should_be(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config(ec2={"ssh_cidrs": ["198.51.100.7/32"]})
    init()
    assert _rules(moto, "stranger-things-nlp-training") == {(22, 22, "198.51.100.7/32")}
    assert _rules(moto, "stranger-things-nlp-gradio") == {
        (7860, 7860, "203.0.113.0/24"),
        (7860, 7860, "2001:db8::/48"),
    }


def test_with_a_domain_the_app_is_behind_tls(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config(gradio={"domain": "hawkins.example.org"})
    init()
    assert _rules(moto, "stranger-things-nlp-gradio") == {
        (443, 443, "203.0.113.0/24"),
        (443, 443, "2001:db8::/48"),
        (80, 80, "0.0.0.0/0"),
        (80, 80, "::/0"),
    }


def test_ports_that_somebody_opened_are_closed_again(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    init()
    ec2 = moto.client("ec2")
    found = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["stranger-things-nlp-training", "stranger-things-nlp-gradio"]}]
    )["SecurityGroups"]
    for group in found:
        ec2.authorize_security_group_ingress(
            GroupId=group["GroupId"],
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            ],
        )
    changed = init()
    steps = [step for step in changed["steps"] if step["action"] == "change"]
    assert [step["kind"] for step in steps] == ["security group", "security group"]
    assert all("closes 22 from 0.0.0.0/0, 22 from ::/0" in step["detail"] for step in steps)
    assert _rules(moto, "stranger-things-nlp-training") == set()
    assert len(_rules(moto, "stranger-things-nlp-gradio")) == 2


def test_a_key_pair_goes_into_a_file_of_ones_own(
    init: Callable[..., Any], write_config: Callable[..., Path], home: Path
) -> None:
    write_config(ec2={"key_pair_name": "lab-key"})
    first = init()
    file = home / ".ssh" / "lab-key.pem"
    assert file.stat().st_mode & 0o777 == 0o400
    key = file.read_text(encoding="utf-8")
    assert "PRIVATE KEY" in key
    assert key.splitlines()[1] not in json.dumps(first)
    again = init()
    assert set(_actions(again)) == {"keep"}
    assert file.read_text(encoding="utf-8") == key


def test_a_key_file_that_is_there_is_not_overwritten(
    run_cli: Callable[..., Any], write_config: Callable[..., Path], home: Path
) -> None:
    write_config(gradio={"key_pair_name": "lab-key"})
    (home / ".ssh").mkdir()
    (home / ".ssh" / "lab-key.pem").write_text("mine", encoding="utf-8")
    done = run_cli("init", "--yes", env={"HOME": str(home)})
    assert done.code == 2
    assert "move the file away" in done.err
    assert (home / ".ssh" / "lab-key.pem").read_text(encoding="utf-8") == "mine"


def test_what_is_somebody_elses_is_left_alone(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    s3, iam = moto.client("s3"), moto.client("iam")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="thesis.doc", Body=b"mine")
    with pytest.raises(InputError, match=r"is not this project's .* s3\.bucket_name"):
        init()
    s3.delete_object(Bucket=BUCKET, Key="thesis.doc")
    iam.create_role(RoleName="EC2-S3-Access", AssumeRolePolicyDocument="{}")
    with pytest.raises(InputError, match=r"is not this project's .* iam\.role_name"):
        init()
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_bucket_tagging(Bucket=BUCKET)


def test_an_init_that_was_interrupted_goes_on(
    init: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    moto.client("s3").create_bucket(Bucket=BUCKET)
    facts = init()
    assert facts["steps"][0]["action"] == "keep"
    assert _actions(facts)["change"] >= {"bucket tags", "public access", "versioning", "bucket policy"}
    assert set(_actions(init())) == {"keep"}


def test_a_bucket_in_another_region(init: Callable[..., Any], write_config: Callable[..., Path], moto: Any) -> None:
    write_config(s3={"region": "eu-west-1"})
    facts = init()
    assert moto.client("s3").get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-west-1"
    assert any("pay for every byte" in note for note in facts["notes"])
    assert set(_actions(init())) == {"keep"}
    write_config(s3={"region": "us-east-1"})
    with pytest.raises(InputError, match=r"lies in eu-west-1; set s3\.region to that"):
        init()


def test_a_dry_run_makes_nothing(run_cli: Callable[..., Any], home: Path, moto: Any) -> None:
    done = run_cli("init", "--dry-run")
    assert done.code == 0, done.err
    assert "+ create bucket stranger-things-nlp-" in done.out
    assert "Nobody can open the app yet" in done.out
    assert "Nothing was done" in done.out
    assert list(home.iterdir()) == []
    assert moto.client("s3").list_buckets()["Buckets"] == []


def test_the_bucket_that_a_dry_run_shows_is_the_one_that_is_made(
    run_cli: Callable[..., Any], home: Path, moto: Any
) -> None:
    shown = run_cli("init", "--dry-run", "--json").json["steps"][0]["name"]
    assert run_cli("init", "--yes").code == 0
    assert read_config(home / "aws_config.yaml").s3.bucket_name == shown
    assert [each["Name"] for each in moto.client("s3").list_buckets()["Buckets"]] == [shown]


def test_a_made_up_name_is_the_accounts_and_the_regions_own() -> None:
    ours = new_bucket_name("The Lake!", account="123456789012", region="eu-west-1")
    assert re.fullmatch(r"the-lake-[0-9a-f]{8}", ours)
    assert ours == new_bucket_name("The Lake!", account="123456789012", region="eu-west-1")
    others = {("123456789012", "us-east-1"), ("123456789013", "eu-west-1")}
    assert ours not in {new_bucket_name("The Lake!", account=account, region=region) for account, region in others}


def test_a_bucket_of_another_account_is_refused_whoever_may_use_it(
    init: Callable[..., Any], write_config: Callable[..., Path]
) -> None:
    # Moto takes no notice of who shall be the owner; S3 refuses with 403.
    write_config()
    asked: list[str] = []

    def refuse(params: Any, **_: Any) -> Any:
        asked.append(params["headers"]["x-amz-expected-bucket-owner"])
        return AWSResponse(params["url"], 403, {}, None), {
            "Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {"HTTPStatusCode": 403},
        }  # fmt: skip

    events = _connect("us-east-1").s3.meta.events
    events.register("before-call.s3.HeadBucket", refuse)
    try:
        with pytest.raises(HawkinsError, match="belongs to another account"):
            init()
    finally:
        events.unregister("before-call.s3.HeadBucket", refuse)
    assert asked == ["123456789012"]


def test_the_first_init_writes_the_file(run_cli: Callable[..., Any], home: Path, moto: Any) -> None:
    done = run_cli("init", "--bucket", "hawkins-first", "--region", "eu-central-1", answer="y\n")
    assert done.code == 0, done.err
    config = read_config(home / "aws_config.yaml")
    assert (config.s3.bucket_name, config.s3.region, config.ec2.region) == (
        "hawkins-first",
        "eu-central-1",
        "eu-central-1",
    )
    assert [each["Name"] for each in moto.client("s3").list_buckets()["Buckets"]] == ["hawkins-first"]
    assert "Next: python deploy_aws.py upload-data" in done.out


def test_a_file_that_is_there_is_kept_as_it_is(run_cli: Callable[..., Any], home: Path) -> None:
    path = home / "aws_config.yaml"
    text = "# my own words\ns3: {bucket_name: hawkins-mine}\n"
    path.write_text(text, encoding="utf-8")
    assert run_cli("init", "--yes").code == 0
    assert path.read_text(encoding="utf-8") == text
    refused = run_cli("init", "--bucket", "another-name")
    assert (refused.code, "is there already" in refused.err) == (2, True)


def test_no_is_no(run_cli: Callable[..., Any], write_config: Callable[..., Path], moto: Any) -> None:
    write_config()
    done = run_cli("init", answer="n\n")
    assert done.code == 1
    assert moto.client("s3").list_buckets()["Buckets"] == []


def test_without_credentials(run_cli: Callable[..., Any], home: Path) -> None:
    done = run_cli("init", env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    assert done.code == 2
    assert "no AWS credentials were found" in done.err
    assert len(done.err.splitlines()) == 1
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3: {bucket_name: my-data}\nec3: {}", "unknown key 'ec3'. Did you mean ec2"),
        ("s3: {bucket_name: my-data}\nec2: {instance_tpye: x}", "unknown key 'ec2.instance_tpye'. Did you mean inst"),
        ("s3: {bucket_name: My.Data}", "'My.Data' is no bucket name"),
        ("s3: {bucket_name: my-data}\nec2: {ssh_cidrs: ['0.0.0.0/0']}", "SSH from everywhere"),
        ("s3: {bucket_name: my-data}\ngradio: {ssh_cidrs: ['::/0']}", "SSH from everywhere"),
        ("s3: {bucket_name: my-data}\ntraining: {lora: 3}", "unknown key 'lora'"),
        ("s3: {bucket_name: my-data}\ntags: {owner: me}", "'project' must be among the tags"),
        ("s3: {bucket_name: my-data}\ntags: {project: my lab}", "project 'my lab' may hold"),
        ("s3: {bucket_name: my-data", "is not valid YAML"),
        ("", "must hold keys and values"),
    ],
)
def test_a_config_that_cannot_be_says_where(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "aws_config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_config(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_wrong_key_is_one_line_at_the_door(run_cli: Callable[..., Any], home: Path) -> None:
    (home / "aws_config.yaml").write_text("s3: {bucket_nam: my-data}", encoding="utf-8")
    done = run_cli("init", "--yes")
    assert done.code == 2
    assert done.err == "error: aws_config.yaml: unknown key 's3.bucket_nam'. Did you mean bucket_name?\n"


def test_the_written_file_has_every_key_with_its_default() -> None:
    text = config_text(bucket="my-data", region="eu-west-1")
    plain = yaml.safe_load(text)
    config = AwsConfig.model_validate(plain)
    assert config == AwsConfig.model_validate(
        {
            "s3": {"bucket_name": "my-data", "region": "eu-west-1"},
            "ec2": {"region": "eu-west-1"},
            "training": TrainingSettings().model_dump(),
        }
    )
    for section in AwsConfig.model_fields:
        keys = plain[section]
        assert set(keys) >= set(getattr(AwsConfig.model_fields[section].annotation, "model_fields", ())), section
    for before, line in zip(text.splitlines(), text.splitlines()[1:], strict=False):
        if line.startswith("  ") and not line.lstrip().startswith("#") and not line.startswith("  project:"):
            assert before.lstrip().startswith("# "), f"{line} has no meaning above it"


@pytest.mark.parametrize(
    ("role", "secrets"),
    [("training", ["huggingface_token"]), ("gradio", ["gradio_password", "endpoint_key"])],
)
def test_a_role_names_its_bucket_and_its_secrets_and_nothing_else(role: str, secrets: list[str]) -> None:
    config = AwsConfig.model_validate({"s3": {"bucket_name": "my-data"}})
    own_secrets = [f"arn:aws:ssm:us-east-1:123456789012:parameter/stranger-things-nlp/{secret}" for secret in secrets]
    for statement in role_policy(config, role, account="123456789012")["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert not any("*" in action for action in actions)
        for resource in resources:
            own = resource in own_secrets or resource.startswith("arn:aws:s3:::my-data")
            assert own or (statement["Sid"] == "DecryptSecret" and "Condition" in statement)
