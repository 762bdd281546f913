# What the policies say. The files under deploy/iam/ have the same, and a test compares them.

locals {
  # The agent's role: deploy/iam/agent.json.
  take_from_the_queue = {
    Sid      = "TakeFromTheQueue"
    Effect   = "Allow"
    Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    Resource = local.queue_arn
  }
  send_dead_letters = {
    Sid      = "SendDeadLetters"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    Resource = local.dead_letters_arn
  }
  read_the_trail = {
    Sid      = "ReadTheTrail"
    Effect   = "Allow"
    Action   = "s3:GetObject"
    Resource = "arn:${local.partition}:s3:::${local.bucket}/*_CloudTrail_*"
  }
  tell_missing_from_forbidden = {
    Sid      = "TellAMissingObjectFromAForbiddenOne"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = "arn:${local.partition}:s3:::${local.bucket}"
    Condition = {
      StringLike = {
        "s3:prefix" = ["${local.prefix}AWSLogs/*/CloudTrail/*", "*_CloudTrail_*"]
      }
    }
  }

  # deploy/iam/agent-kms.json.
  decrypt_the_trail = {
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
  decrypt_the_queue = {
    Sid      = "DecryptTheQueue"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = var.queue_key_arn
    Condition = {
      StringEquals = {
        "kms:ViaService" = "sqs.${local.region}.${local.dns_suffix}"
      }
    }
  }
  encrypt_dead_letters = {
    Sid      = "EncryptDeadLetters"
    Effect   = "Allow"
    Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
    Resource = var.queue_key_arn
    Condition = {
      StringEquals = {
        "kms:ViaService" = "sqs.${local.region}.${local.dns_suffix}"
      }
    }
  }

  # deploy/iam/agent-assume-role.json.
  read_other_accounts_trails = {
    Sid      = "ReadOtherAccountsTrails"
    Effect   = "Allow"
    Action   = ["sts:AssumeRole", "sts:TagSession"] # Pod Identity's session tags are passed on to the next role
    Resource = local.reader_roles
  }

  # deploy/iam/agent-event-history.json.
  poll_the_event_history = {
    Sid      = "PollTheEventHistory"
    Effect   = "Allow"
    Action   = "cloudtrail:LookupEvents"
    Resource = "*"
  }

  # The queue: deploy/iam/queue.json. The bucket by its name: bucket and policy would else wait for each other.
  let_the_trails_bucket_notify = {
    Sid       = "LetTheTrailsBucketNotify"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.queue_arn
    Condition = {
      ArnEquals = {
        "aws:SourceArn" = "arn:${local.partition}:s3:::${local.bucket}"
      }
      StringEquals = {
        "aws:SourceAccount" = local.bucket_account
      }
    }
  }
  let_connected_buckets_notify = {
    Sid       = "LetConnectedBucketsNotify"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.queue_arn
    Condition = {
      ArnEquals = {
        "aws:SourceArn" = local.connected_bucket_arns
      }
      StringEquals = {
        "aws:SourceAccount" = local.connected_bucket_accounts
      }
    }
  }
  let_the_rule_notify = {
    Sid       = "LetTheRuleNotify"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.queue_arn
    Condition = {
      ArnEquals = {
        "aws:SourceArn" = local.rule_arn
      }
    }
  }
  let_the_topic_notify = {
    Sid       = "LetTheTopicNotify"
    Effect    = "Allow"
    Principal = { Service = "sns.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.queue_arn
    Condition = {
      ArnEquals = {
        "aws:SourceArn" = var.topic_arn
      }
    }
  }
  only_over_tls = {
    Sid       = "OnlyOverTls"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Resource  = local.queue_arn
    Condition = {
      Bool = {
        "aws:SecureTransport" = "false"
      }
    }
  }

  # The dead-letter queue: what a rule or a topic could not send to the queue (a policy that denies it, say) is kept
  # there. This does not help if queue_key_arn is what denies it: both queues have that key.
  keep_what_the_rule_could_not_send = merge(local.let_the_rule_notify, {
    Sid      = "KeepWhatTheRuleCouldNotSend"
    Resource = local.dead_letters_arn
  })
  keep_what_the_topic_could_not_send = merge(local.let_the_topic_notify, {
    Sid      = "KeepWhatTheTopicCouldNotSend"
    Resource = local.dead_letters_arn
  })

  # The bucket of a new trail.
  let_cloudtrail_look = {
    Sid       = "LetCloudTrailLook"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = "s3:GetBucketAcl"
    Resource  = "arn:${local.partition}:s3:::${local.bucket}"
    Condition = {
      StringEquals = {
        "aws:SourceArn" = local.trail_arn
      }
    }
  }
  let_cloudtrail_write = {
    Sid       = "LetCloudTrailWrite"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:${local.partition}:s3:::${local.bucket}/${local.prefix}AWSLogs/${local.account}/*"
    Condition = {
      StringEquals = {
        "aws:SourceArn" = local.trail_arn
        "s3:x-amz-acl"  = "bucket-owner-full-control"
      }
    }
  }
  let_cloudtrail_write_for_the_organization = {
    Sid       = "LetCloudTrailWriteForTheOrganization"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:${local.partition}:s3:::${local.bucket}/${local.prefix}AWSLogs/${var.organization_id}/*"
    Condition = {
      StringEquals = {
        "aws:SourceArn" = local.trail_arn
        "s3:x-amz-acl"  = "bucket-owner-full-control"
      }
    }
  }
  let_other_trails_look = {
    Sid       = "LetOtherTrailsLook"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = "s3:GetBucketAcl"
    Resource  = "arn:${local.partition}:s3:::${local.bucket}"
    Condition = {
      StringEquals = {
        "aws:SourceArn" = var.trail_arns
      }
    }
  }
  let_other_trails_write = { # CloudTrail puts the id of the trail's account after AWSLogs/
    Sid       = "LetOtherTrailsWrite"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:${local.partition}:s3:::${local.bucket}/${local.prefix}AWSLogs/*"
    Condition = {
      StringEquals = {
        "aws:SourceArn" = var.trail_arns
        "s3:x-amz-acl"  = "bucket-owner-full-control"
      }
    }
  }
  bucket_only_over_tls = {
    Sid       = "OnlyOverTls"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource = [
      "arn:${local.partition}:s3:::${local.bucket}",
      "arn:${local.partition}:s3:::${local.bucket}/*",
    ]
    Condition = {
      Bool = {
        "aws:SecureTransport" = "false"
      }
    }
  }
}
