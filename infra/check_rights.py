"""Compares what a template grants with AWS's Service Authorization Reference, in the copy that policy-sentry brings.

    python infra/check_rights.py [TEMPLATE…]    every infra/*.yaml where none is named

An action that has no resource type is never granted on an ARN, and a condition on a key that the action does not know
never holds: both look right, and are refused in production. Every branch of every !If is looked at. Exits 0 when all is
well; says what is wrong otherwise. https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

import fnmatch
import re
import sys
from functools import lru_cache
from pathlib import Path

import yaml
from policy_sentry.querying.actions import get_action_data

HERE = Path(__file__).parent

# Keys that AWS adds to every request, whatever the action: not in the tables of the services.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS = {
    "aws:PrincipalOrgID",
    "aws:RequestedRegion",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
}
# In the credentials of a function's role: https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
GLOBAL_KEYS |= {"lambda:SourceFunctionArn"}

# Granted on "*" although there are resource types, each with the reason.
WIDE = {
    "UseNetworkInterfaces": "Lambda makes the interface before there is an ARN to name",
    "ButNotByCode": "a denial is as wide as it can be",
    "ReadWhatAStartNeeds": "a start names any secret, role, repository or network of the account; all are descriptions",
    "ReadWhatMayUseACopy": "any service, task, function, job or project of the account may use a copy; all are descriptions",
    "ReadWhatPullsImages": "any service, task, rule, schedule or network of the account may pull images; all are descriptions",
    "ListTasks": "a service's tasks are listed without naming a machine, and the cluster is a condition",
}

PARAMETERS = {
    "PassableRoleArns": "arn:aws:iam::123456789012:role/a",
    "ScheduleRoleArns": "arn:aws:iam::123456789012:role/a",
    "NodeRoleArns": "arn:aws:iam::123456789012:role/a",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "DockerHubSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a",
    "ReadableRepositoryArns": "arn:aws:ecr:us-east-1:123456789012:repository/a",
}
# What `!GetAtt X.Arn`, a topic's `!Ref`, or `!Ref X.Alias` is.
ARNS = {
    "AWS::Serverless::Function": "arn:aws:lambda:us-east-1:123456789012:function:a:live",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:a",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:123456789012:a",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:123456789012:table/a",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:a:*",
}
# The values of names within `!Sub`; any other is one letter.
NAMES = {"Partition": "aws", "Region": "us-east-1", "AccountId": "123456789012", "PolicyParameter": "/a"}


def load(path: Path) -> dict:
    class Loader(yaml.SafeLoader):
        pass

    def call(loader, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            return {f"!{suffix}": loader.construct_scalar(node)}
        if isinstance(node, yaml.SequenceNode):
            return {f"!{suffix}": loader.construct_sequence(node, True)}
        return {f"!{suffix}": loader.construct_mapping(node, True)}

    Loader.add_multi_constructor("!", call)
    return yaml.load(path.read_text(), Loader)


def check(path: Path) -> list[str]:
    resources = load(path)["Resources"]
    return [
        f"{path.name}: {name}, {statement.get('Sid', 'without a Sid')}: {problem}"
        for name, resource in resources.items()
        for statement in statements(resource.get("Properties", {}))
        for problem in problems_of(statement, resources)
    ]


def statements(value):
    if isinstance(value, dict):
        if "Effect" in value and "Action" in value:
            # Who may assume a role is not a grant of the template's.
            if not all(action.startswith("sts:") for action in spread(value["Action"])):
                yield value
        else:
            for member in value.values():
                yield from statements(member)
    elif isinstance(value, list):
        for member in value:
            yield from statements(member)


def problems_of(statement: dict, resources: dict):
    arns = []
    for value in spread(statement.get("Resource", "*")):
        arn = arn_of(value, resources)
        if arn is None:
            yield f"the ARN of {value} is not known: add it to check_rights.py"
            return
        arns.append(arn)
    used = set()
    for action in spread(statement["Action"]):
        rows = rows_of(action)
        if not rows:
            yield f"{action} is not an action that AWS has"
            continue
        types = [row for row in rows if row["resource_arn_format"] != "*"]
        if "*" in arns:
            used.add("*")
            if types and statement.get("Sid") not in WIDE:
                yield f"{action} is granted on *, although it has resource types: {formats(types)}"
            matched = rows
        else:
            matched = [row for row in types if any(meet(row["resource_arn_format"], arn) for arn in arns)]
            used |= {arn for arn in arns if any(meet(row["resource_arn_format"], arn) for row in types)}
            if not types:
                yield f"{action} has no resource type, and so is never granted on {', '.join(arns)}"
            elif not matched:
                yield f"{action} is never granted on {', '.join(arns)}, because it is of {formats(types)}"
        known = {key for row in matched for key in row["condition_keys"]}
        for key in condition_keys(statement.get("Condition", {})):
            if matched and not knows(known, key):
                yield f"{action} does not know the condition key {key}"
    for arn in arns:
        if arn not in used:
            yield f"no action is of the resource {arn}"


def formats(rows: list) -> str:
    return ", ".join(sorted({row["resource_arn_format"].split(":", 5)[-1] for row in rows}))


@lru_cache(maxsize=None)
def rows_of(action: str) -> list:
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return found.get(service, []) if found else []


def condition_keys(condition):
    """The keys of every operator, through every !If."""
    for operator, keys in condition.items():
        if operator == "!If":
            for branch in keys[1:]:
                yield from condition_keys(branch if isinstance(branch, dict) else {})
        elif isinstance(keys, dict):
            yield from (key for key in keys if not key.startswith("!"))


def knows(known: set, key: str) -> bool:
    if key in GLOBAL_KEYS:
        return True
    return any(fnmatch.fnmatchcase(key, re.sub(r"\$\{[^}]*\}|(?<=:resourceTag/)tag-key$", "*", one)) for one in known)


def spread(value) -> list:
    """The members of a list, with both branches of each !If."""
    if isinstance(value, list):
        return [one for member in value for one in spread(member)]
    if isinstance(value, dict) and "!If" in value:
        return [one for branch in value["!If"][1:] for one in spread(branch)]
    if value == {"!Ref": "AWS::NoValue"}:
        return []
    return [value]


def arn_of(value, resources: dict) -> str | None:
    if isinstance(value, str):
        return value
    (call, argument), *_ = value.items()
    if call == "!Sub":
        return re.sub(r"\$\{(?:AWS::)?(\w+)\}", lambda found: NAMES.get(found[1], "a"), argument)
    if call == "!Ref" and argument in PARAMETERS:
        return PARAMETERS[argument]
    name = argument.removesuffix(".Arn").removesuffix(".Alias") if call in ("!Ref", "!GetAtt") else ""
    return ARNS.get(resources.get(name, {}).get("Type"))


def meet(form: str, arn: str) -> bool:
    """Whether one ARN can be of both patterns: AWS's own form of a type, and ours with its asterisks."""
    return meets(re.sub(r"\$\{[^}]*\}", "*", form), arn)


@lru_cache(maxsize=None)
def meets(one: str, other: str) -> bool:
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return meets(one[1:], other) or meets(one, other[1:])
    if other[0] == "*":
        return meets(one, other[1:]) or meets(one[1:], other)
    return one[0] == other[0] and meets(one[1:], other[1:])


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.yaml"))
    found = [problem for path in paths for problem in check(path)]
    print("\n".join(found) or f"rights: {', '.join(path.name for path in paths)} agree with the Service Authorization Reference")
    sys.exit(1 if found else 0)
