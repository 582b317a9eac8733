variable "name" {
  description = "The stack's name, with which the names of its functions begin."
  type        = string
  default     = "repull"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,49}$", var.name))
    error_message = "A letter, and then at most 49 letters, digits and hyphens: a function's name has 64 characters at most."
  }
}

variable "bucket" {
  description = "An S3 bucket of the same region that holds the functions' code. The module writes below prefix, and nowhere else."
  type        = string
}

variable "prefix" {
  description = "Where in the bucket."
  type        = string
  default     = "repull"
}

variable "build" {
  description = "The folder with detect.zip, remediate.zip, mirror.zip and template.yaml: dist and infra of a build, or a release, in one place."
  type        = string
}

variable "passable_role_arns" {
  description = "PassableRoleArns: the task and execution roles of the services to heal, as repull scan --roles prints them. No default: who may pass a role, may run code as that role."
  type        = list(string)

  validation {
    condition     = length(var.passable_role_arns) > 0
    error_message = "Name at least one role; repull scan --roles prints them."
  }
}

variable "parameters" {
  description = "Every other parameter of the stack, by its name in docs/parameters.md; lists separated by commas. What is not named has the template's default."
  type        = map(string)
  default     = {}

  validation {
    condition     = !contains(keys(var.parameters), "PassableRoleArns")
    error_message = "PassableRoleArns is the variable passable_role_arns."
  }
}

variable "tags" {
  description = "Tags for the stack and for what it makes."
  type        = map(string)
  default     = {}
}
