#!/usr/bin/env bash
# Takes out of an image what belongs to the one machine that it was built on. Run last, as root, by Packer.
set -euo pipefail
# Nobody logs in to an instance. What Packer itself is connected by goes on until this machine is stopped.
systemctl disable ssh.service ssh.socket
systemctl disable snap.amazon-ssm-agent.amazon-ssm-agent.service
apt-get clean
rm -rf /var/lib/apt/lists/* /tmp/boot /tmp/aws-cli.asc /home/runner/.local /home/runner/.config
rm -f /etc/ssh/ssh_host_*
journalctl --rotate --quiet && journalctl --vacuum-time=1s --quiet
find /var/log -type f -exec truncate --size 0 {} +
cloud-init clean --logs --machine-id
