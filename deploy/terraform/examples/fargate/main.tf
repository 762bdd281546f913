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

variable "repository_arn" {
  description = "The image's repository, if it is in ECR."
  type        = string
  default     = ""
}

variable "otlp_endpoint" {
  description = "The Collector, or Loki."
  type        = string
}

variable "otlp_port" {
  description = "The port of otlp_endpoint, which the security group lets out. 443 for https:// without a port."
  type        = number
  default     = 4318
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
    Image         = var.image
    RepositoryArn = var.repository_arn
    QueueUrl      = module.trail_agent.queue_url
    Buckets       = module.trail_agent.buckets
    TaskRoleArn   = module.trail_agent.role_arn
    OtlpEndpoint  = var.otlp_endpoint
    OtlpPort      = var.otlp_port
    VpcId         = var.vpc_id
    SubnetIds     = join(",", var.subnet_ids)
  }

  lifecycle {
    precondition {
      condition     = !strcontains(var.image, ".dkr.ecr.") || var.repository_arn != ""
      error_message = "An image in ECR needs repository_arn: else no task can fetch it."
    }
  }
}
