"""Checks the templates as far as that goes without an account: they lint, and SAM makes CloudFormation of them.

    python infra/check.py lint        cfn-lint, warnings included
    python infra/check.py translate   the SAM translator, offline; then what it made is looked at
    python infra/check.py print       what the translator made of the main one, as JSON: for a deployment without the SAM transform

Exits 0 when all is well; says what is wrong otherwise.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template.yaml"
FUNCTIONS = ("Detect", "Remediate", "Mirror")
# What is deployed in addition to the main stack, each with its functions.
ADDITIONS = {
    Path(__file__).parent / "deployment-hook.yaml": ("DeploymentHook",),
    Path(__file__).parent / "diagnose.yaml": ("Diagnose",),
    Path(__file__).parent / "hook.yaml": ("Hook",),
    Path(__file__).parent / "prefill.yaml": ("Prefill",),
    Path(__file__).parent / "mirrors.yaml": ("Mirrors", "Refresh"),
}
# Without a transform, and without functions.
PLAIN = tuple(Path(__file__).parent / name for name in ("central.yaml", "eks-role.yaml", "scan-role.yaml", "stackset.yaml"))


def lint() -> list[str]:
    # The program that this interpreter's own installation of it brought.
    program = shutil.which("cfn-lint", path=str(Path(sys.executable).parent)) or "cfn-lint"
    run = subprocess.run(
        [program, "--template", str(TEMPLATE), *map(str, ADDITIONS), *map(str, PLAIN)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if run.returncode == 0 else [run.stdout + run.stderr]


def translate() -> list[str]:
    made, problems = translated(TEMPLATE, FUNCTIONS)
    problems += look_at(made["Resources"])
    for template, functions in ADDITIONS.items():
        made, missing = translated(template, functions)
        problems += missing + look_at_any(made["Resources"], functions)
    return problems


def translated(template: Path, functions: tuple[str, ...]) -> tuple[dict, list[str]]:
    # The translator asks for a region even when it calls no service.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.yaml_helper import yaml_parse

    source = yaml_parse(template.read_text())
    problems = []
    for name in functions:
        properties = source["Resources"][f"{name}Function"]["Properties"]
        bundle = (template.parent / properties["CodeUri"]).resolve()
        if not (bundle / "index.mjs").is_file():
            problems.append(f"{name}Function: {bundle.name}/index.mjs is not built")
        # `sam package` puts an address in the place of the folder.
        properties["CodeUri"] = {"Bucket": "bucket", "Key": f"{name}.zip"}

    # No managed policies: the template names none, so none needs a lookup.
    return Translator({}, Parser()).translate(source, {}), problems


def look_at(resources: dict) -> list[str]:
    problems = []
    for wanted, count in {
        "AWS::Lambda::Function": 3,
        "AWS::Lambda::Alias": 3,
        "AWS::Lambda::Version": 3,
        "AWS::Lambda::EventSourceMapping": 1,
        "AWS::IAM::Role": 4,
        "AWS::Events::Rule": 3,
        "AWS::SQS::Queue": 3,
        "AWS::Logs::LogGroup": 3,
    }.items():
        made = [name for name, it in resources.items() if it["Type"] == wanted]
        if len(made) != count:
            problems.append(f"{wanted}: expected {count}, SAM made {made}")
    for name in FUNCTIONS:
        properties = resources[f"{name}Function"]["Properties"]
        is_durable = "DurableConfig" in properties
        if is_durable != (name != "Detect"):
            problems.append(f"{name}Function: DurableConfig {'should not' if is_durable else 'should'} be there")
    problems += look_at_any(resources, FUNCTIONS)
    pattern = resources["PullFailureRule"]["Properties"]["EventPattern"]
    # EventBridge's own limit, with room for the longest names.
    if len(json.dumps(pattern)) > 4096:
        problems.append("the event pattern is longer than 4,096 characters")
    return problems


def policies_in(value) -> list[str]:
    """The policies of a list, in both branches of each Fn::If."""
    if isinstance(value, list):
        return [one for member in value for one in policies_in(member)]
    if isinstance(value, dict) and "Fn::If" in value:
        return policies_in(value["Fn::If"][1:])
    if isinstance(value, dict) and "Ref" in value:
        return [] if value["Ref"] == "AWS::NoValue" else [value["Ref"]]
    return [str(value)]


def look_at_any(resources: dict, functions: tuple[str, ...]) -> list[str]:
    problems = []
    for name in functions:
        if resources[f"{name}Function"]["Properties"]["Role"] != {"Fn::GetAtt": [f"{name}Role", "Arn"]}:
            problems.append(f"{name}Function: its role is not {name}Role")
        attached = resources[f"{name}Role"]["Properties"].get("ManagedPolicyArns", [])
        for policy in policies_in(attached):
            if resources.get(policy, {}).get("Type") != "AWS::IAM::ManagedPolicy":
                problems.append(f"{name}Role: a policy of others grants more than is needed: {policy}")
    if "arn:aws:" in json.dumps({name: it.get("Properties") for name, it in resources.items()}):
        problems.append("an ARN names the partition aws: use ${AWS::Partition}")
    return problems


if __name__ == "__main__":
    checks = {"lint": lint, "translate": translate}
    if sys.argv[1:] == ["print"]:
        print(json.dumps(translated(TEMPLATE, FUNCTIONS)[0], indent=2))
        sys.exit(0)
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(f"usage: python infra/check.py {'|'.join([*checks, 'print'])}")
    found = checks[sys.argv[1]]()
    print("\n".join(found) or f"template: {sys.argv[1]} is clean")
    sys.exit(1 if found else 0)
