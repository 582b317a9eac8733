# The same stack as `sam deploy` makes, for those who have Terraform and no SAM: the code goes to S3, and CloudFormation
# makes the rest from the one template. Nothing is said here that the template says.

locals {
  functions = toset(["detect", "remediate", "mirror"])

  # What `sam package` would write in the place of each CodeUri.
  template = replace(replace(replace(
    file("${var.build}/template.yaml"),
    "CodeUri: ../dist/detect", "CodeUri: { Bucket: ${var.bucket}, Key: ${aws_s3_object.code["detect"].key} }"),
    "CodeUri: ../dist/remediate", "CodeUri: { Bucket: ${var.bucket}, Key: ${aws_s3_object.code["remediate"].key} }"),
  "CodeUri: ../dist/mirror", "CodeUri: { Bucket: ${var.bucket}, Key: ${aws_s3_object.code["mirror"].key} }")
}

# The key names the bytes: other code is another key, and CloudFormation sees that there is something to do.
resource "aws_s3_object" "code" {
  for_each = local.functions

  bucket      = var.bucket
  key         = "${var.prefix}/${each.key}-${filesha256("${var.build}/${each.key}.zip")}.zip"
  source      = "${var.build}/${each.key}.zip"
  source_hash = filesha256("${var.build}/${each.key}.zip")

  # An alias that is rolled back needs the code that it had.
  lifecycle {
    create_before_destroy = true
  }
}

# Longer than what CloudFormation takes in a request.
resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${var.prefix}/template-${sha256(local.template)}.yaml"
  content = local.template

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_s3_bucket" "code" {
  bucket = var.bucket
}

resource "aws_cloudformation_stack" "repull" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}"

  # Roles are made, and the SAM transform makes several resources of one.
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

  parameters = merge(var.parameters, {
    PassableRoleArns = join(",", var.passable_role_arns)
  })

  tags = var.tags
}
