# For an account that has a trail's bucket and is not the agent's: the role with which trail-agent reads that bucket.
# The module above, in the agent's own account, has the queue.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "bucket_name" {
  description = "Name of the trail's bucket in this account."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name is the bucket's name alone, such as acme-trail-444455556666: no s3://, no ARN, no folder."
  }
}

variable "trail_prefix" {
  description = "The trail's prefix in the bucket, if it has one. It stands before AWSLogs/."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*)?$", var.trail_prefix))
    error_message = "trail_prefix is what stands before /AWSLogs, without a slash at its ends: audit, not /audit/."
  }
}

variable "bucket_region" {
  description = "Region of the bucket. Empty means the provider's."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z]{2}(-[a-z]+)+-[0-9])?$", var.bucket_region))
    error_message = "bucket_region is a region's name, such as us-west-2."
  }
}

variable "bucket_key_arn" {
  description = "KMS key that encrypts the trail's log files, if it is a key of yours."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.bucket_key_arn))
    error_message = "bucket_key_arn is the ARN of a key (…:key/…), not of an alias, and not the key's id alone."
  }
}

variable "agent_role_arn" {
  description = "Role of the agent; output role_arn of the module above. It must exist."
  type        = string
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.agent_role_arn))
    error_message = "agent_role_arn is the ARN of a role, such as arn:aws:iam::111122223333:role/trail-agent; a trust of a whole account is too much."
  }
}

variable "role_name" {
  description = "Name of the role. It is known before it is made, so that the module above can name it."
  type        = string
  default     = "trail-reader"
  validation {
    condition     = can(regex("^[A-Za-z0-9+=.@_-]{1,64}$", var.role_name))
    error_message = "role_name is the name of a role, without a path."
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition     = data.aws_partition.current.partition
  dns_suffix    = data.aws_partition.current.dns_suffix
  bucket_region = var.bucket_region != "" ? var.bucket_region : data.aws_region.current.region
  prefix        = var.trail_prefix != "" ? "${var.trail_prefix}/" : ""

  let_the_agent_in = { # deploy/iam/bucket-role-trust.json
    Sid       = "LetTheAgentIn"
    Effect    = "Allow"
    Principal = { AWS = var.agent_role_arn }
    Action    = ["sts:AssumeRole", "sts:TagSession"] # an agent with EKS Pod Identity brings session tags
  }
  read_the_trail = { # deploy/iam/bucket-role.json
    Sid      = "ReadTheTrail"
    Effect   = "Allow"
    Action   = "s3:GetObject"
    Resource = "arn:${local.partition}:s3:::${var.bucket_name}/*_CloudTrail_*"
  }
  tell_missing_from_forbidden = {
    Sid      = "TellAMissingObjectFromAForbiddenOne"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = "arn:${local.partition}:s3:::${var.bucket_name}"
    Condition = {
      StringLike = {
        "s3:prefix" = ["${local.prefix}AWSLogs/*/CloudTrail/*", "*_CloudTrail_*"]
      }
    }
  }
  decrypt_the_trail = { # deploy/iam/agent-kms.json
    Sid      = "DecryptTheTrail"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = var.bucket_key_arn
    Condition = {
      StringEquals = {
        "kms:ViaService" = "s3.${local.bucket_region}.${local.dns_suffix}"
      }
    }
  }
}

resource "aws_iam_role" "reader" {
  name        = var.role_name
  description = "Lets trail-agent of another account read this account's trail."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.let_the_agent_in]
  })
}

resource "aws_iam_role_policy" "reader" {
  name = "trail-reader"
  role = aws_iam_role.reader.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.read_the_trail, local.tell_missing_from_forbidden],
      [for statement in [local.decrypt_the_trail] : statement if var.bucket_key_arn != ""],
    )
  })
}

output "role_arn" {
  description = "role_arn of the bucket in the agent's settings, and of connected_buckets, or bucket_role_arn, of the module above."
  value       = aws_iam_role.reader.arn
}

output "bucket" {
  description = "One of connected_buckets of the module above."
  value = {
    name     = var.bucket_name
    account  = data.aws_caller_identity.current.account_id
    role_arn = aws_iam_role.reader.arn
  }
}
