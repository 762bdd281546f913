# No trail yet: this makes one, with its bucket.

provider "aws" {
  region = "us-west-2"
}

module "trail_agent" {
  source    = "../.."
  new_trail = true
  runs_on   = "ecs"
}

output "settings" {
  value = module.trail_agent.settings
}
