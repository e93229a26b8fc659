"""Secrets that machines read: encrypted parameters of SSM below the project's own path. None is ever shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws.config import AwsConfig
from aws.errors import aws_errors, error_code
from aws.layout import ROLE_TAG, ssm_prefix, tag_list
from aws.plan import Action, Plan, Step
from utils.environment import setting
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = [
    "SECRETS",
    "Secret",
    "checked",
    "plan_secret",
    "secret_at_hand",
    "secret_calls",
    "secret_named",
    "secret_version",
]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Something that machines need and nobody else may see.

    Attributes:
        name: Of the parameter, below the project's path.
        variables: Where it is looked for in the environment and ``.env``, in this order.
        purpose: What it is for.
        shortest: Characters that it must have.
    """

    name: str
    variables: tuple[str, ...]
    purpose: str
    shortest: int

    def parameter(self, project: str) -> str:
        """Return the whole name of the parameter."""
        return f"{ssm_prefix(project)}{self.name}"


SECRETS: Final = {
    secret.name: secret
    for secret in (
        Secret(
            name="huggingface_token",
            variables=("huggingface_token", "HF_TOKEN"),
            purpose="fetches gated models, and pushes voices to the Hub",
            shortest=8,
        ),
        Secret(
            name="gradio_password",
            variables=("HAWKINS_APP_PASSWORD",),
            purpose="visitors log in to the app with it",
            shortest=12,
        ),
        Secret(
            name="endpoint_key",
            variables=("HAWKINS_API_KEY",),
            purpose="the app shows it to the chat server of --endpoint, such as vLLM's --api-key",
            shortest=8,
        ),
    )
}
_LONGEST: Final = 4096
"""Characters that SSM takes for nothing."""


def secret_named(name: str) -> Secret:
    """Return a secret by its name.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in SECRETS:
        raise InputError(f"There is no secret '{name}'; there are {', '.join(SECRETS)}.{did_you_mean(name, SECRETS)}")
    return SECRETS[name]


def secret_at_hand(secret: Secret) -> str | None:
    """Return a secret from the environment, or from ``.env`` in this folder; None if it is in neither."""
    return setting(*secret.variables)


def checked(secret: Secret, value: str) -> str:
    """Return a value that machines can use.

    Raises:
        InputError: If it is too short, too long or holds what no environment file takes; without saying it.
    """
    kept = value.strip()
    if len(kept) < secret.shortest:
        raise InputError(f"The value for {secret.name} is too short: {secret.shortest} characters at least.")
    if len(kept) > _LONGEST or not kept.isascii() or not kept.isprintable():
        raise InputError(
            f"The value for {secret.name} may hold ASCII letters, digits and signs alone, {_LONGEST} at most."
        )
    return kept


def secret_version(clients: Clients, config: AwsConfig, secret: Secret) -> int:
    """Return how often a secret was set; 0 for never. Its value is not asked for.

    Args:
        clients: Connections.
        config: Project.
        secret: Which.
    """
    name = secret.parameter(config.project)
    with aws_errors(f"looking for the parameter {name}"):
        found = clients.ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
        )["Parameters"]
    return found[0]["Version"] if found else 0


def plan_secret(config: AwsConfig, secret: Secret, version: int) -> Plan:
    """Return the plan that sets a secret; its value is not in it.

    Args:
        config: Project and tags.
        secret: Which.
        version: How often it was set.
    """
    step = Step(
        action=Action.CHANGE if version else Action.CREATE,
        kind="secret",
        name=secret.parameter(config.project),
        detail=f"encrypted in SSM; {secret.purpose}",
        call="put secret",
        arguments={"name": secret.parameter(config.project), "tags": {**config.tags, ROLE_TAG: "access"}},
    )
    return Plan(title=f"Set {secret.name}", steps=(step,), notes=("Machines read it when they start.",))


def secret_calls(clients: Clients, value: str) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
        value: The secret, which is in no plan.
    """

    def put(given: Mapping[str, Any]) -> str:
        name, tags = given["name"], tag_list(given["tags"])
        with aws_errors(f"setting the parameter {name}"):
            if not _made(clients, name, value, tags):
                # SSM takes no tags where a parameter is replaced.
                clients.ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
                clients.ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
        return str(name)

    return {"put secret": put}


def _made(clients: Clients, name: str, value: str, tags: Any) -> bool:
    from botocore.exceptions import ClientError

    try:
        clients.ssm.put_parameter(Name=name, Value=value, Type="SecureString", Tags=tags)
    except ClientError as error:
        if error_code(error) != "ParameterAlreadyExists":
            raise
        return False
    return True
