locals {
  alarm_actions = var.alarm_topic_arn != "" ? [var.alarm_topic_arn] : []
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  alarm_name          = "${var.queue_name}-queue-age"
  alarm_description   = "Messages wait in the queue for a long time. The agent does not run, is not ready, or cannot keep up: look at its /readyz and its log. Nothing is lost within 10 days."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.intake.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_age_seconds
  treat_missing_data  = "notBreaching" # SQS sends no metrics of a queue that nobody uses
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "queue_retention" {
  alarm_name          = "${var.queue_name}-queue-retention"
  alarm_description   = "A message has waited for half of the time after which SQS deletes it. Make the agent ship again, or raise the queue's retention (at most 14 days). The log files themselves stay in the bucket."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.intake.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 432000 # half of 10 days
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.queue_name}-dead-letters"
  alarm_description   = "There are dead letters: events that were not delivered. Those of the agent say why, in their message attributes \"reason\" and \"detail\"; those that SQS, SNS or EventBridge moved do not. docs/faults.md says what to do. SQS deletes them after 14 days, counted from the message's first day if SQS moved it."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "ignore" # SQS stops the metrics of a quiet queue after hours, and the letters still lie there
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}
