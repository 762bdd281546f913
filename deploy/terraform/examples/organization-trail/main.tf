# An organisation trail whose bucket is in a log archive account; the agent runs in an account of its own. One connected
# account is outside the organisation, and has a bucket of its own.

provider "aws" {
  region = "us-west-2" # the buckets'
}

provider "aws" {
  alias   = "log_archive"
  region  = "us-west-2"
  profile = "log-archive"
}

provider "aws" {
  alias   = "connected"
  region  = "us-west-2"
  profile = "connected"
}

module "trail_agent" {
  source          = "../.."
  bucket_name     = "acme-organization-trail"
  bucket_account  = "444455556666"
  bucket_role_arn = "arn:aws:iam::444455556666:role/trail-reader"
  runs_on         = "ecs"
  connected_buckets = [{
    name     = "acme-trail-777788889999"
    account  = "777788889999"
    role_arn = "arn:aws:iam::777788889999:role/trail-reader"
  }]
}

module "log_archive" {
  source         = "../../connected-account"
  providers      = { aws = aws.log_archive }
  bucket_name    = "acme-organization-trail"
  agent_role_arn = module.trail_agent.role_arn
}

module "connected" {
  source         = "../../connected-account"
  providers      = { aws = aws.connected }
  bucket_name    = "acme-trail-777788889999"
  agent_role_arn = module.trail_agent.role_arn
}

output "settings" {
  value = module.trail_agent.settings
}
