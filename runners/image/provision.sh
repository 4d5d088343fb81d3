#!/usr/bin/env bash
# Makes a runner image out of Ubuntu 24.04. Run once, as root, by Packer; /tmp/boot is runners/boot.
set -euo pipefail
: "${RUNNER_VERSION:?}" "${RUNNER_SHA256:?}" "${RUNNER_ARCH:?}"
export DEBIAN_FRONTEND=noninteractive

cloud-init status --wait >/dev/null || true # its first boot holds apt's lock

apt-get update --quiet
apt-get upgrade --quiet --yes
# The runner's own libraries are those of its `installdependencies.sh`; the rest is what boots it, what builds
# container images without root, and what nearly every job wants.
apt-get install --quiet --yes --no-install-recommends \
  ca-certificates curl gpg gpgv nftables python3 \
  libicu74 libkrb5-3 liblttng-ust1t64 libssl3t64 zlib1g \
  buildah crun fuse-overlayfs passt podman slirp4netns uidmap \
  build-essential busybox-static git jq unzip xz-utils zip zstd

# Nothing that talks to AWS by itself, and nothing that changes the machine under a running job: an image is a week old.
apt-get purge --quiet --yes snapd unattended-upgrades
systemctl disable --now apt-daily.timer apt-daily-upgrade.timer || true

# Who runs jobs: no password, no group but its own, and subordinate users for its containers.
useradd --create-home --shell /bin/bash --user-group runner
usermod --lock runner
grep --quiet '^runner:' /etc/subuid || usermod --add-subuids 200000-265535 --add-subgids 200000-265535 runner
chmod 0700 /home/runner
install --directory --owner runner --group runner --mode 0700 /home/runner/actions-runner

# The job's unit is the only control group that its containers have, so that they end with it. There is no session of
# the user's own, in which a job could leave something behind.
install --directory /etc/containers/containers.conf.d
cat >/etc/containers/containers.conf.d/slipway.conf <<'CONF'
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
loginctl disable-linger runner || true

install --directory --mode 0755 /opt/slipway
archive=actions-runner-linux-$RUNNER_ARCH-$RUNNER_VERSION.tar.gz
curl --fail --silent --show-error --location --proto '=https' --retry 5 \
  --output /opt/slipway/actions-runner.tar.gz \
  "https://github.com/actions/runner/releases/download/v$RUNNER_VERSION/$archive"
printf '%s  /opt/slipway/actions-runner.tar.gz\n' "$RUNNER_SHA256" | sha256sum --check --strict
chmod 0644 /opt/slipway/actions-runner.tar.gz
printf 'RUNNER_SHA256=%s\n' "$RUNNER_SHA256" >/opt/slipway/image.conf
printf '%s\n' "$RUNNER_VERSION" >/opt/slipway/runner-version

install --mode 0755 /tmp/boot/boot.sh /tmp/boot/job.sh /tmp/boot/wire.py /tmp/boot/cicd.py /opt/slipway
install --mode 0644 /tmp/boot/metadata.nft /tmp/boot/aws-config /opt/slipway
install --mode 0644 /tmp/boot/slipway-runner.service /etc/systemd/system
systemctl daemon-reload

# A job has no use for a program that runs as somebody else, except those two that make its containers' users.
# `sudo` stays for cloud-init's own user, who is not there when nobody can log in.
chgrp sudo /usr/bin/sudo
chmod 4750 /usr/bin/sudo
find / -xdev -type f \( -perm -4001 -o -perm -2001 \) ! -name newuidmap ! -name newgidmap -exec chmod ug-s {} +
