# Two accounts that run services, and a third that keeps their copies. A module of the main stack and a policy document for each of the
# two; of the third its registry's policy alone, as infra/central.yaml has it. Another account is one more provider and one more module.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "organization_id" {
  description = "The organisation whose accounts may pull the copies."
  type        = string
}

variable "buckets" {
  description = "The buckets that hold the functions' code, by account: one in the account's region."
  type        = object({ shop = string, bank = string })
}

variable "build" {
  description = "The folder of a release, as .ci/assemble makes it."
  type        = string
}

variable "passable_role_arns" {
  description = "The roles of the tasks, by account: repull scan --profile NAME --roles."
  type        = object({ shop = list(string), bank = list(string) })
}

provider "aws" {
  alias   = "shop"
  profile = "shop"
}

provider "aws" {
  alias   = "bank"
  profile = "bank"
}

provider "aws" {
  alias   = "central"
  profile = "central"
}

data "aws_caller_identity" "central" {
  provider = aws.central
}

data "aws_region" "central" {
  provider = aws.central
}

data "aws_partition" "central" {
  provider = aws.central
}

locals {
  copies = join(":", [
    "arn", data.aws_partition.central.partition, "ecr", data.aws_region.central.name,
    data.aws_caller_identity.central.account_id, "repository/repull/*",
  ])

  registry = join(".", [
    data.aws_caller_identity.central.account_id, "dkr.ecr",
    data.aws_region.central.name, data.aws_partition.central.dns_suffix,
  ])

  # By this the two look for copies in the central account. A stack that names a document does nothing without it.
  policy = jsonencode({
    mirrors = { additionalRepositories = ["${local.registry}/repull/{host}/{path}"] }
  })
}

resource "aws_ssm_parameter" "shop" {
  provider = aws.shop

  name  = "/repull/policy"
  type  = "String"
  value = local.policy
}

resource "aws_ssm_parameter" "bank" {
  provider = aws.bank

  name  = "/repull/policy"
  type  = "String"
  value = local.policy
}

# A registry has one policy: if yours has one, put this statement into it instead.
resource "aws_ecr_registry_policy" "central" {
  provider = aws.central

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheOrganisationMayPullCopies"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource  = local.copies
      Condition = { StringEquals = { "aws:PrincipalOrgID" = var.organization_id } }
    }]
  })
}

module "shop" {
  source    = "../.."
  providers = { aws = aws.shop }

  bucket             = var.buckets.shop
  build              = var.build
  passable_role_arns = var.passable_role_arns.shop
  parameters         = { ReadableRepositoryArns = local.copies, PolicyParameter = aws_ssm_parameter.shop.name }
}

module "bank" {
  source    = "../.."
  providers = { aws = aws.bank }

  bucket             = var.buckets.bank
  build              = var.build
  passable_role_arns = var.passable_role_arns.bank
  parameters         = { ReadableRepositoryArns = local.copies, PolicyParameter = aws_ssm_parameter.bank.name }
}
