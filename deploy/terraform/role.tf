locals {
  oidc_provider = try(split(":oidc-provider/", var.oidc_provider_arn)[1], "")

  trust = {
    ecs = {
      Sid       = "LetTasksIn"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:*:${local.account}:*" }
      }
    }
    ec2 = {
      Sid       = "LetTheInstanceIn"
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }
    irsa = {
      Sid       = "LetTheServiceAccountIn"
      Effect    = "Allow"
      Principal = { Federated = var.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.oidc_provider}:aud" = "sts.amazonaws.com"
          "${local.oidc_provider}:sub" = "system:serviceaccount:${var.namespace}:${var.service_account}"
        }
      }
    }
    pod-identity = {
      Sid       = "LetThePodIn"
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = {
          "aws:SourceAccount"                         = local.account
          "aws:RequestTag/kubernetes-namespace"       = var.namespace
          "aws:RequestTag/kubernetes-service-account" = var.service_account
        }
      }
    }
    other = {
      Sid       = "LetThePrincipalIn"
      Effect    = "Allow"
      Principal = { AWS = var.trusted_principal_arn }
      Action    = "sts:AssumeRole"
    }
  }
}

resource "aws_iam_role" "agent" {
  name_prefix = "trail-agent-"
  description = "What trail-agent may do. deploy/iam/README.md explains each action."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.trust[var.runs_on]]
  })
}

resource "aws_iam_role_policy" "agent" {
  name = "trail-agent"
  role = aws_iam_role.agent.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.take_from_the_queue, local.send_dead_letters],
      [for statement in [local.read_the_trail] : statement if local.reads_directly],
      [for statement in [local.tell_missing_from_forbidden] : statement if local.reads_directly],
    )
  })
}

resource "aws_iam_role_policy" "keys" {
  count = var.bucket_key_arn != "" || var.queue_key_arn != "" ? 1 : 0
  name  = "trail-agent-kms"
  role  = aws_iam_role.agent.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in [local.decrypt_the_trail] : statement if var.bucket_key_arn != ""],
      [for statement in [local.decrypt_the_queue] : statement if var.queue_key_arn != ""],
      [for statement in [local.encrypt_dead_letters] : statement if var.queue_key_arn != ""],
    )
  })
}

resource "aws_iam_role_policy" "assume_role" {
  count = length(local.reader_roles) > 0 ? 1 : 0
  name  = "trail-agent-assume-role"
  role  = aws_iam_role.agent.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.read_other_accounts_trails]
  })
}

resource "aws_iam_role_policy" "event_history" {
  count = var.poll_event_history ? 1 : 0
  name  = "trail-agent-event-history"
  role  = aws_iam_role.agent.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.poll_the_event_history]
  })
}

resource "aws_iam_instance_profile" "agent" {
  count       = var.runs_on == "ec2" ? 1 : 0
  name_prefix = "trail-agent-"
  role        = aws_iam_role.agent.name
}
