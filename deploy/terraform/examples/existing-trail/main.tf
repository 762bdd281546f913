# A trail of this account that writes to a bucket of this region. EventBridge tells the queue: turn it on for the bucket.

provider "aws" {
  region = "us-west-2" # the bucket's
}

module "trail_agent" {
  source            = "../.."
  bucket_name       = "acme-trail-111122223333"
  notify            = "eventbridge"
  runs_on           = "irsa"
  oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE"
  alarm_topic_arn   = "arn:aws:sns:us-west-2:111122223333:on-call"
}

output "settings" {
  value = module.trail_agent.settings
}
