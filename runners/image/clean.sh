#!/usr/bin/env bash
# Takes out of an image what belongs to the one machine that it was built on. Run last, as root, by Packer.
set -euo pipefail
systemctl disable ssh.service ssh.socket # nobody logs in to an instance
apt-get clean
rm -rf /var/lib/apt/lists/* /tmp/boot /home/runner/.local /home/runner/.config
rm -f /etc/ssh/ssh_host_*
journalctl --rotate --quiet && journalctl --vacuum-time=1s --quiet
find /var/log -type f -exec truncate --size 0 {} +
cloud-init clean --logs --machine-id
