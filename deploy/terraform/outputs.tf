output "queue_url" {
  description = "queue.url of the agent's settings."
  value       = aws_sqs_queue.intake.id
}

output "queue_arn" {
  description = "Where buckets send their notifications."
  value       = aws_sqs_queue.intake.arn
}

output "dead_letter_queue_url" {
  description = "The agent finds it by itself, in the queue's redrive policy."
  value       = aws_sqs_queue.dead_letters.id
}

output "role_arn" {
  description = "The agent's role."
  value       = aws_iam_role.agent.arn
}

output "instance_profile_arn" {
  description = "For the instance on which the agent runs, with runs_on = \"ec2\"."
  value       = one(aws_iam_instance_profile.agent[*].arn)
}

output "bucket_name" {
  description = "The trail's bucket."
  value       = local.bucket
}

locals {
  buckets = concat(
    [merge(
      { name = local.bucket, region = local.bucket_region, owner = local.bucket_account },
      var.bucket_role_arn != "" ? { role_arn = var.bucket_role_arn } : {},
    )],
    [for bucket in var.connected_buckets : {
      name = bucket.name, region = local.region, owner = bucket.account, role_arn = bucket.role_arn
    }],
  )
}

output "buckets" {
  description = "The variable TRAIL_AGENT_BUCKETS; Buckets of fargate.yaml."
  value       = jsonencode(local.buckets)
}

output "settings" {
  description = "For the agent's settings file; add otlp.endpoint."
  value = yamlencode({
    queue   = { url = aws_sqs_queue.intake.id }
    buckets = local.buckets
  })
}
