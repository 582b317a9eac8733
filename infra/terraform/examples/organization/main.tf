# The role by which one account of an organisation scans the others (repull scan --organization), in every account of some of its units and
# in those that join them. The management account gets none: it is scanned as it is where it scans.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "principal_arn" {
  description = "Who scans: the ARN of a role or a user of the scanning account, or its root."
  type        = string
}

variable "external_id" {
  description = "As repull scan --external-id names it."
  type        = string
  sensitive   = true
}

variable "organization_id" {
  description = "The organisation that the caller has to belong to."
  type        = string
}

variable "organizational_unit_ids" {
  description = "The units whose accounts can be scanned; the root's id is all of them."
  type        = list(string)
}

# In the management account, or in one that administers StackSets for it: then call_as is DELEGATED_ADMIN.
provider "aws" {
  profile = "management"
}

resource "aws_cloudformation_stack_set" "scan_role" {
  name             = "repull-scan-role"
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = file("${path.module}/../../../scan-role.yaml")

  parameters = {
    PrincipalArn   = var.principal_arn
    ExternalId     = var.external_id
    OrganizationId = var.organization_id
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  lifecycle {
    # AWS sets it where StackSets are administered by the organisation.
    ignore_changes = [administration_role_arn]
  }
}

# A role is of all regions: one stack in each account.
resource "aws_cloudformation_stack_set_instance" "scan_role" {
  stack_set_name = aws_cloudformation_stack_set.scan_role.name

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }
}
