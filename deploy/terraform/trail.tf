# Only with new_trail: the trail, and its bucket, which notifies the queue.

resource "aws_s3_bucket" "trail" {
  #checkov:skip=CKV_AWS_18:The trail itself is the audit log. Who needs access logs has a bucket for them, in an account of its own.
  #checkov:skip=CKV_AWS_19:It is encrypted, below; the check does not see through a condition.
  #checkov:skip=CKV_AWS_144:A copy in another region is yours to decide.
  #checkov:skip=CKV_AWS_145:bucket_key_arn sets a key of yours. Without one, S3 encrypts with its own.
  count               = var.new_trail ? 1 : 0
  bucket              = local.bucket
  object_lock_enabled = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  count  = var.new_trail ? 1 : 0
  bucket = aws_s3_bucket.trail[0].id
  rule {
    bucket_key_enabled = var.bucket_key_arn != ""
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.bucket_key_arn != "" ? "aws:kms" : "AES256"
      kms_master_key_id = var.bucket_key_arn != "" ? var.bucket_key_arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count                   = var.new_trail ? 1 : 0
  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "trail" {
  count  = var.new_trail ? 1 : 0
  bucket = aws_s3_bucket.trail[0].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "trail" {
  count  = var.new_trail ? 1 : 0
  bucket = aws_s3_bucket.trail[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

# Longer than a notification can wait, so that what it names is still there: 10 days in the queue, 14 as a dead letter.
resource "aws_s3_bucket_object_lock_configuration" "trail" {
  count      = var.new_trail ? 1 : 0
  bucket     = aws_s3_bucket.trail[0].id
  depends_on = [aws_s3_bucket_versioning.trail]
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.lock_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count      = var.new_trail ? 1 : 0
  bucket     = aws_s3_bucket.trail[0].id
  depends_on = [aws_s3_bucket_versioning.trail]
  rule {
    id     = "DeleteOldLogFiles"
    status = "Enabled"
    filter {}
    expiration {
      days = var.keep_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "trail" {
  count      = var.new_trail ? 1 : 0
  bucket     = aws_s3_bucket.trail[0].id
  depends_on = [aws_s3_bucket_public_access_block.trail]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.let_cloudtrail_look, local.let_cloudtrail_write],
      [for statement in [local.let_cloudtrail_write_for_the_organization] : statement if var.organization_id != ""],
      [for statement in [local.let_other_trails_look] : statement if length(var.trail_arns) > 0],
      [for statement in [local.let_other_trails_write] : statement if length(var.trail_arns) > 0],
      [local.bucket_only_over_tls],
    )
  })
}

resource "aws_s3_bucket_notification" "trail" {
  count      = var.new_trail ? 1 : 0
  bucket     = aws_s3_bucket.trail[0].id
  depends_on = [aws_sqs_queue_policy.intake] # S3 sends a test message to the queue before it accepts the notification
  queue {
    id            = "trail-agent"
    queue_arn     = aws_sqs_queue.intake.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "${local.prefix}AWSLogs/"
    filter_suffix = ".json.gz"
  }
}

resource "aws_cloudtrail" "trail" {
  #checkov:skip=CKV_AWS_35:bucket_key_arn sets a key of yours. Without one, S3 encrypts.
  #checkov:skip=CKV_AWS_252:The bucket notifies the queue itself, which is quicker than CloudTrail's topic.
  #checkov:skip=CKV2_AWS_10:trail-agent ships the events; CloudWatch Logs would keep, and cost, a second copy.
  count                         = var.new_trail ? 1 : 0
  name                          = var.queue_name
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  s3_key_prefix                 = var.trail_prefix != "" ? var.trail_prefix : null
  kms_key_id                    = var.bucket_key_arn != "" ? var.bucket_key_arn : null
  enable_logging                = true
  is_multi_region_trail         = true # connection events can be in another region than the space's
  include_global_service_events = true
  is_organization_trail         = var.organization_id != ""
  enable_log_file_validation    = true
  event_selector { # management events; CodeCatalyst's events are among them
    read_write_type           = "All"
    include_management_events = true
  }
  depends_on = [aws_s3_bucket_policy.trail]
}
