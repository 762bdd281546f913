# The trail and its bucket.

variable "new_trail" {
  description = "Whether this module makes a trail and its bucket. Else you have both."
  type        = bool
  default     = false
}

variable "bucket_name" {
  description = "Name of the trail's bucket. Needed for an existing trail; for a new one, empty means trail-agent-ACCOUNT-REGION."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", var.bucket_name))
    error_message = "bucket_name is the bucket's name alone, such as acme-trail-111122223333: no s3://, no ARN, no folder."
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

variable "organization_id" {
  description = "Only for a new trail that is an organisation trail, in the management account: the id of the organisation."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(o-[a-z0-9]{10,32})?$", var.organization_id))
    error_message = "organization_id looks like o-exampleorgid: see 'aws organizations describe-organization'."
  }
}

variable "bucket_account" {
  description = "Account that owns the bucket. Empty means this account. Without bucket_role_arn, the policy of another account's bucket must let the agent's role read."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([0-9]{12})?$", var.bucket_account))
    error_message = "bucket_account is an account id of 12 digits."
  }
}

variable "bucket_region" {
  description = "Region of the bucket. Empty means this region. Only with notify = \"sns\" may it be another one: S3 and EventBridge reach only a queue of the bucket's own region."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z]{2}(-[a-z]+)+-[0-9])?$", var.bucket_region))
    error_message = "bucket_region is a region's name, such as us-west-2."
  }
}

variable "bucket_role_arn" {
  description = "Role that the agent assumes to read the bucket, in the bucket's account; the module connected-account makes it. Empty means that the agent reads the bucket with its own role."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+)?$", var.bucket_role_arn))
    error_message = "bucket_role_arn is the ARN of a role, such as arn:aws:iam::444455556666:role/trail-reader."
  }
}

variable "bucket_key_arn" {
  description = "KMS key that encrypts the trail's log files, if it is a key of yours. Its policy must let CloudTrail encrypt, and let IAM policies of the reader's account count. With bucket_role_arn, give it to the module connected-account instead."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.bucket_key_arn))
    error_message = "bucket_key_arn is the ARN of a key (…:key/…), not of an alias, and not the key's id alone."
  }
}

variable "keep_days" {
  description = "Only for a new trail. Days after which log files are deleted. Choose more than lock_days."
  type        = number
  default     = 400
  validation {
    condition     = var.keep_days >= 31 && var.keep_days <= 3650
    error_message = "keep_days is between 31 and 3650."
  }
}

variable "lock_days" {
  description = "Only for a new trail. Days for which Object Lock (governance mode) keeps log files from being deleted or changed."
  type        = number
  default     = 30
  validation {
    condition     = var.lock_days >= 25 && var.lock_days <= 3650
    error_message = "lock_days is 25 or more: a notification can wait 10 days in the queue and 14 as a dead letter."
  }
}

variable "trail_arns" {
  description = "Only for a new trail. Trails of other accounts that may write to the new bucket, too. They may be made later."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.trail_arns : can(regex("^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]+$", arn))])
    error_message = "trail_arns are ARNs of trails, such as arn:aws:cloudtrail:us-west-2:444455556666:trail/trail-agent."
  }
}

# How the queue learns of new log files.

variable "notify" {
  description = "bucket: S3 sends to the queue itself; a new trail's bucket does. eventbridge: the bucket sends its events to EventBridge, and this module makes the rule. sns: a topic of S3 or of CloudTrail is told, and this module subscribes."
  type        = string
  default     = "bucket"
  validation {
    condition     = contains(["bucket", "eventbridge", "sns"], var.notify)
    error_message = "notify is 'bucket', 'eventbridge' or 'sns'."
  }
}

variable "topic_arn" {
  description = "Only for notify = \"sns\". The topic that S3, or CloudTrail, tells of new log files."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)?$", var.topic_arn))
    error_message = "topic_arn is the ARN of a standard topic; S3 cannot notify a FIFO one."
  }
}

variable "raw_delivery" {
  description = "Only for notify = \"sns\". Whether messages come without SNS's envelope. The agent reads both."
  type        = bool
  default     = true
}

# Further accounts.

variable "connected_buckets" {
  description = "Further buckets of this region that may notify the queue, with the account that owns each, and the role that the agent assumes to read it."
  type = list(object({
    name     = string
    account  = string
    role_arn = string
  }))
  default = []
  validation {
    condition     = alltrue([for bucket in var.connected_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.name)) && can(regex("^[0-9]{12}$", bucket.account)) && can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", bucket.role_arn))])
    error_message = "Each of connected_buckets has the bucket's name alone, such as acme-trail-444455556666, an account id of 12 digits, and the ARN of a role."
  }
}

# Where the agent runs.

variable "runs_on" {
  description = "Who may take the agent's role. ecs: ECS and Fargate tasks. ec2: an instance. irsa: a service account of EKS, through its OIDC provider. pod-identity: the same, through EKS Pod Identity. other: the principal that you name."
  type        = string
  default     = "ecs"
  validation {
    condition     = contains(["ecs", "ec2", "irsa", "pod-identity", "other"], var.runs_on)
    error_message = "runs_on is 'ecs', 'ec2', 'irsa', 'pod-identity' or 'other'."
  }
}

variable "oidc_provider_arn" {
  description = "Only for runs_on = \"irsa\". The IAM OIDC provider of the cluster."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.+)?$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn looks like arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE."
  }
}

variable "namespace" {
  description = "Only for runs_on = \"irsa\" and \"pod-identity\". Kubernetes namespace of the agent."
  type        = string
  default     = "trail-agent"
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace is the name of a Kubernetes namespace."
  }
}

variable "service_account" {
  description = "Only for runs_on = \"irsa\" and \"pod-identity\". Kubernetes service account of the agent."
  type        = string
  default     = "trail-agent"
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.service_account))
    error_message = "service_account is the name of a Kubernetes service account, without its namespace."
  }
}

variable "trusted_principal_arn" {
  description = "Only for runs_on = \"other\". The IAM role or user that may take the agent's role."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(role|user|assumed-role)/.+)?$", var.trusted_principal_arn))
    error_message = "trusted_principal_arn is the ARN of a role or a user, such as arn:aws:iam::111122223333:user/agent-host."
  }
}

variable "poll_event_history" {
  description = "Whether the agent may also read Event history (event_history in its settings), in this account. AWS knows no resource for it: the agent may then see all management events of the account."
  type        = bool
  default     = false
}

# Queues and alarms.

variable "queue_name" {
  description = "Name of the queue. The dead-letter queue has the same name with -dead-letters after it. Do not change it later: both queues would be deleted with what they hold; see README.md."
  type        = string
  default     = "trail-agent"
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,67}$", var.queue_name))
    error_message = "queue_name has letters, digits, - and _, at most 67. A FIFO queue (.fifo) is wrong: S3 cannot notify one."
  }
}

variable "queue_key_arn" {
  description = "KMS key of yours for both queues. Empty means that SQS encrypts with its own keys, which is enough for most. Add the statement of deploy/iam/queue-key.json to the key's policy first, or notifications are lost."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.queue_key_arn))
    error_message = "queue_key_arn is the ARN of a key (…:key/…), not of an alias; alias/aws/sqs does not work for S3."
  }
}

variable "alarm_topic_arn" {
  description = "Topic that the alarms tell. Empty means that they only change their state in CloudWatch."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)?$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is the ARN of an SNS topic in this region."
  }
}

variable "alarm_age_seconds" {
  description = "How long the oldest message may wait in the queue before an alarm, in seconds."
  type        = number
  default     = 1800
  validation {
    condition     = var.alarm_age_seconds >= 300 && var.alarm_age_seconds <= 432000
    error_message = "alarm_age_seconds is between 300 (five minutes) and 432000 (half of the queue's retention)."
  }
}
