terraform {
  required_version = ">= 1.5" # also OpenTofu, from its first version

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0" # the first in which one resource can be in another region
    }
  }
}
