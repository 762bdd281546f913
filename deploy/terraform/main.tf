data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_region.current.region
}

locals {
  bucket         = var.bucket_name != "" ? var.bucket_name : "trail-agent-${local.account}-${local.region}"
  bucket_account = var.bucket_account != "" ? var.bucket_account : local.account
  bucket_region  = var.bucket_region != "" ? var.bucket_region : local.region
  prefix         = var.trail_prefix != "" ? "${var.trail_prefix}/" : ""

  # By name: the two queues would else wait for each other, and so would the rule and its target.
  queue_arn        = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.queue_name}"
  dead_letters_arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.queue_name}-dead-letters"
  rule_arn         = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.queue_name}"
  trail_arn        = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.queue_name}"

  # SNS takes a dead-letter queue only of the subscription's own account and region.
  topic_is_nearby = var.notify == "sns" && startswith(var.topic_arn, "arn:${local.partition}:sns:${local.region}:${local.account}:")

  reads_directly            = var.bucket_role_arn == ""
  connected_bucket_arns     = [for bucket in var.connected_buckets : "arn:${local.partition}:s3:::${bucket.name}"]
  connected_bucket_accounts = distinct([for bucket in var.connected_buckets : bucket.account])
  reader_roles              = compact(concat([var.bucket_role_arn], var.connected_buckets[*].role_arn))
}

# It may hold what was not delivered yet: see README.md before you destroy or rename it.
resource "aws_sqs_queue" "intake" {
  name = var.queue_name
  # 10 days. SQS counts the age of a message that it moves to the dead-letter queue from its first day: with 14 days
  # there, at least four are left to look at it.
  message_retention_seconds = 864000
  # How soon another task takes over after a crash. The agent extends it while it works on a message.
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 10
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    # The agent spends few receives, and sends what cannot pass to the dead-letter queue itself, with a reason.
    maxReceiveCount = 20
  })
  sqs_managed_sse_enabled = var.queue_key_arn == "" ? true : null
  kms_master_key_id       = var.queue_key_arn != "" ? var.queue_key_arn : null

  lifecycle {
    precondition {
      condition     = var.new_trail || var.bucket_name != ""
      error_message = "An existing trail needs bucket_name: the bucket that the trail writes to. ('aws cloudtrail describe-trails' shows it.)"
    }
    precondition {
      condition     = var.new_trail || (var.organization_id == "" && length(var.trail_arns) == 0)
      error_message = "organization_id and trail_arns are only for new_trail: this module does not change an existing trail or bucket."
    }
    precondition {
      condition     = !var.new_trail || (var.notify == "bucket" && var.bucket_account == "" && var.bucket_region == "" && var.bucket_role_arn == "")
      error_message = "new_trail makes the bucket in this account and region, and the bucket notifies the queue itself: leave notify, bucket_account, bucket_region and bucket_role_arn alone."
    }
    precondition {
      condition     = (var.notify == "sns") == (var.topic_arn != "")
      error_message = "notify = \"sns\" and topic_arn go together."
    }
    precondition {
      condition     = var.notify == "sns" || local.bucket_region == local.region
      error_message = "A bucket of another region reaches this queue only through SNS: set notify = \"sns\", or use a provider of the bucket's region and leave bucket_region empty."
    }
    precondition {
      condition     = var.notify != "eventbridge" || local.bucket_account == local.account
      error_message = "notify = \"eventbridge\" is for a bucket of this account. For a bucket of another account, set notify to bucket or sns."
    }
    precondition {
      condition     = var.bucket_role_arn == "" || var.bucket_account != ""
      error_message = "bucket_role_arn needs bucket_account: the account that owns the bucket, which the role's ARN names."
    }
    precondition {
      condition     = var.bucket_role_arn == "" || var.bucket_key_arn == ""
      error_message = "With bucket_role_arn, that role decrypts the bucket: give bucket_key_arn to the module connected-account, and leave it empty here."
    }
    precondition {
      condition     = !var.new_trail || var.keep_days > var.lock_days
      error_message = "keep_days must be more than lock_days: else a file is hidden after keep_days, and deleted only when its lock ends."
    }
    precondition {
      condition     = var.runs_on != "irsa" || var.oidc_provider_arn != ""
      error_message = "runs_on = \"irsa\" needs oidc_provider_arn: 'aws iam list-open-id-connect-providers' shows it."
    }
    precondition {
      condition     = var.runs_on != "other" || var.trusted_principal_arn != ""
      error_message = "runs_on = \"other\" needs trusted_principal_arn."
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.queue_name}-dead-letters"
  message_retention_seconds = 1209600 # 14 days, the most that SQS can
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })
  sqs_managed_sse_enabled = var.queue_key_arn == "" ? true : null
  kms_master_key_id       = var.queue_key_arn != "" ? var.queue_key_arn : null
}

resource "aws_sqs_queue_policy" "intake" {
  queue_url = aws_sqs_queue.intake.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in [local.let_the_trails_bucket_notify] : statement if var.notify == "bucket"],
      [for statement in [local.let_connected_buckets_notify] : statement if length(var.connected_buckets) > 0],
      [for statement in [local.let_the_rule_notify] : statement if var.notify == "eventbridge"],
      [for statement in [local.let_the_topic_notify] : statement if var.notify == "sns"],
      [local.only_over_tls],
    )
  })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in [local.keep_what_the_rule_could_not_send] : statement if var.notify == "eventbridge"],
      [for statement in [local.keep_what_the_topic_could_not_send] : statement if local.topic_is_nearby],
      [merge(local.only_over_tls, { Resource = local.dead_letters_arn })],
    )
  })
}

resource "aws_cloudwatch_event_rule" "object_created" {
  count       = var.notify == "eventbridge" ? 1 : 0
  name        = var.queue_name
  description = "Tells the queue of trail-agent of each new CloudTrail log file."
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [local.bucket] }
      object = { key = [{ wildcard = "${local.prefix}AWSLogs/*_CloudTrail_*" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  count = var.notify == "eventbridge" ? 1 : 0
  rule  = aws_cloudwatch_event_rule.object_created[0].name
  arn   = aws_sqs_queue.intake.arn
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_sns_topic_subscription" "queue" {
  count                = var.notify == "sns" ? 1 : 0
  region               = try(split(":", var.topic_arn)[3], null) # the topic's, which may be another one
  topic_arn            = var.topic_arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.intake.arn
  raw_message_delivery = var.raw_delivery
  redrive_policy       = local.topic_is_nearby ? jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn }) : null
  depends_on           = [aws_sqs_queue_policy.intake, aws_sqs_queue_policy.dead_letters]
}
