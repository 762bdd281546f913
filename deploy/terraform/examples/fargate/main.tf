# The service on Fargate, as CloudFormation has it: one definition for both.

provider "aws" {
  region = "us-west-2"
}

module "trail_agent" {
  source    = "../.."
  new_trail = true
  runs_on   = "ecs"
}

variable "image" {
  description = "The image with its tag or digest."
  type        = string
}

variable "otlp_endpoint" {
  description = "The Collector, or Loki."
  type        = string
}

variable "vpc_id" {
  description = "The network of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which AWS and the sink are reached."
  type        = list(string)
}

resource "aws_cloudformation_stack" "service" {
  name          = "trail-agent"
  template_body = file("${path.module}/../../../cloudformation/fargate.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  parameters = {
    Image        = var.image
    QueueUrl     = module.trail_agent.queue_url
    Buckets      = module.trail_agent.buckets
    TaskRoleArn  = module.trail_agent.role_arn
    OtlpEndpoint = var.otlp_endpoint
    VpcId        = var.vpc_id
    SubnetIds    = join(",", var.subnet_ids)
  }
}
