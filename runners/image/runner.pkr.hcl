# The runner image: Ubuntu 24.04, GitHub's runner by its published checksum, and the programs of runners/boot.
#
#   make image                    for x86_64
#   make image ARCHITECTURE=arm64
#
# Every variable without a default is given as PKR_VAR_<name>; docs/runners.md says where each comes from. The job
# that builds images each week has the image role's credentials.

packer {
  required_version = "~> 1.11"
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "= 1.3.3"
    }
  }
}

variable "region" {
  type = string
}

variable "fleet" {
  type        = string
  description = "The fleet's name, which is the stack's: automation."
}

variable "subnet_id" {
  type        = string
  description = "Where the image is built: a private subnet with a NAT gateway; a public one for public_ip."
}

variable "security_group_id" {
  type        = string
  description = "slipway-<fleet>-runners-image-build, which lets nobody in, or SSH from one network."
}

variable "ssh_interface" {
  type        = string
  default     = "session_manager"
  description = "How Packer reaches the machine: from anywhere; or by SSH, public_ip, or private_ip in its network."

  validation {
    condition     = contains(["session_manager", "public_ip", "private_ip"], var.ssh_interface)
    error_message = "The interface must be session_manager, public_ip or private_ip."
  }
}

variable "architecture" {
  type    = string
  default = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }
}

# https://github.com/actions/runner/releases has the checksums at the end of each release's notes.
variable "runner_version" {
  type    = string
  default = "2.337.0"
}

variable "runner_sha256" {
  type = map(string)
  default = {
    x86_64 = "70920811a4f8ad4328818682bca5c6469c1c942fab52448868071d0063816613"
    arm64  = "9b1dc70626422526e3c94767cf024896beb15da5342a3f4819bf2feac13e0393"
  }
}

# https://dl.k8s.io/release/v<version>/bin/linux/<amd64|arm64>/kubectl.sha256. One minor version from the clusters' at
# most: https://kubernetes.io/releases/version-skew-policy/#kubectl
variable "kubectl_version" {
  type    = string
  default = "1.35.8"
}

variable "kubectl_sha256" {
  type = map(string)
  default = {
    x86_64 = "874d5e72dbb819f43cff16bcd1e4f8bac5b7f2361fe1e55049b0a6c676fb0cbf"
    arm64  = "cc749967b62f4422260bc9c0aa7a7c55f45175ae38cb8d95767b5d2b7e04c1fd"
  }
}

# https://github.com/helm/helm/releases has the checksums in each release's notes.
variable "helm_version" {
  type    = string
  default = "3.21.4"
}

variable "helm_sha256" {
  type = map(string)
  default = {
    x86_64 = "61f88ab166748cb19604d7884cb100ae9ccb13804ddeb98e08af167eacbb6a14"
    arm64  = "b54c04b4e0b2540bbdc08c17a121dab70e9a2ed0de5705528fec68a5fd3b85a7"
  }
}

# https://github.com/aws/aws-cli/blob/v2/CHANGELOG.rst; aws-cli.asc verifies it.
variable "aws_cli_version" {
  type    = string
  default = "2.37.4"
}

locals {
  built_at = formatdate("YYYY-MM-DD'T'hh:mm:ssZ", timestamp())
  day      = formatdate("YYYY-MM-DD", timestamp())
  sha256   = var.runner_sha256[var.architecture]
  ubuntu   = { x86_64 = "amd64", arm64 = "arm64" }[var.architecture]
  name     = "slipway-${var.fleet}-runner-${var.architecture}-${formatdate("YYYYMMDDhhmm", timestamp())}"
  tags = {
    Name                     = local.name
    "slipway:fleet"          = var.fleet
    "slipway:image-build"    = var.fleet # the image role makes and changes nothing without it
    "slipway:architecture"   = var.architecture
    "slipway:runner-version" = var.runner_version
    "slipway:runner-sha256"  = local.sha256
    "slipway:built-at"       = local.built_at
  }
}

source "amazon-ebs" "runner" {
  region        = var.region
  ami_name      = local.name
  instance_type = { x86_64 = "m7i.large", arm64 = "m7g.large" }[var.architecture]
  ebs_optimized = true

  # The newest on purpose: each week's build takes in Canonical's fixes. An AMI cannot change under its id, which the
  # tag slipway:base-image keeps, and AWS vouches that the owner's account made it.
  source_ami_filter {
    owners      = ["099720109477"] # Canonical, https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images
    most_recent = true
    filters = {
      name                = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${local.ubuntu}-server-*"
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
  }

  # The profile opens Session Manager's channels and nothing else; by SSH there is none.
  iam_instance_profile        = var.ssh_interface == "session_manager" ? "slipway-${var.fleet}-runner-image-build" : ""
  subnet_id                   = var.subnet_id
  security_group_ids          = [var.security_group_id]
  associate_public_ip_address = var.ssh_interface == "public_ip"
  ssh_interface               = var.ssh_interface
  ssh_timeout                 = "10m" # the agent asks for its session once it has the role
  ssh_username                = "ubuntu"
  ssh_clear_authorized_keys   = true
  temporary_key_pair_type     = "ed25519"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # Encrypted from the first byte, with the account's key for EBS: no copy of it is made, and the image role may make
  # none.
  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_size           = 16
    volume_type           = "gp3"
    encrypted             = true
    delete_on_termination = true
  }

  tags            = merge(local.tags, { "slipway:base-image" = "{{ .SourceAMI }}" })
  snapshot_tags   = local.tags
  run_tags        = local.tags
  run_volume_tags = local.tags
}

build {
  sources = ["source.amazon-ebs.runner"]

  provisioner "file" {
    source      = "${path.root}/../boot"
    destination = "/tmp"
  }

  provisioner "file" {
    source      = "${path.root}/aws-cli.asc"
    destination = "/tmp/aws-cli.asc"
  }

  provisioner "shell" {
    execute_command = "sudo env {{ .Vars }} bash {{ .Path }}"
    env = {
      RUNNER_VERSION  = var.runner_version
      RUNNER_SHA256   = local.sha256
      RUNNER_ARCH     = { x86_64 = "x64", arm64 = "arm64" }[var.architecture]
      ARCHITECTURE    = var.architecture
      KUBECTL_VERSION = var.kubectl_version
      KUBECTL_SHA256  = var.kubectl_sha256[var.architecture]
      HELM_VERSION    = var.helm_version
      HELM_SHA256     = var.helm_sha256[var.architecture]
      AWS_CLI_VERSION = var.aws_cli_version
    }
    scripts = [for name in ["provision", "tools", "check", "clean"] : "${path.root}/${name}.sh"]
  }

  post-processor "manifest" {
    output = ".slipway/build/runner-image-${var.architecture}.json"
    custom_data = {
      architecture   = var.architecture
      built          = local.day
      runner_version = var.runner_version
    }
  }
}
