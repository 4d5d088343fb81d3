#!/usr/bin/env bash
# Fails the build of an image that would not do as an instance. Run once, as root, by Packer, after provision.sh.
set -euo pipefail
: "${RUNNER_VERSION:?}" "${RUNNER_SHA256:?}" "${KUBECTL_VERSION:?}" "${HELM_VERSION:?}" "${AWS_CLI_VERSION:?}"

as_runner() {
  runuser --user runner -- env --chdir=/home/runner HOME=/home/runner XDG_RUNTIME_DIR="$runtime" "$@"
}
fail() {
  echo "check: $*" >&2
  exit 1
}
runtime=$(mktemp --directory)
chown runner: "$runtime"

# The job's user is nobody special.
[[ $(id --name --groups runner) == runner ]] || fail "runner is in a group of somebody else"
! as_runner sudo --non-interactive true 2>/dev/null || fail "runner may use sudo"
! as_runner test -w /opt/slipway -o -w /opt/slipway/boot.sh -o -w /etc/systemd/system || fail "runner may change programs"
unexpected=$(find / -xdev -type f \( -perm -4001 -o -perm -2001 \) ! -name newuidmap ! -name newgidmap)
[[ -z $unexpected ]] || fail "set-user-id programs that a job can run: $unexpected"

# The metadata service is root's alone.
nft --file /opt/slipway/metadata.nft
token=$(curl --silent --fail --max-time 5 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
  http://169.254.169.254/latest/api/token) || fail "root does not reach the metadata service"
[[ -n $token ]] || fail "no token from the metadata service"
! as_runner curl --silent --max-time 5 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
  http://169.254.169.254/latest/api/token >/dev/null || fail "runner reaches the metadata service"
! as_runner podman unshare curl --silent --max-time 5 --output /dev/null http://169.254.169.254/ \
  || fail "a container's user reaches the metadata service"
nft delete table inet slipway_metadata

# The runner is the one of the pinned release, and starts.
printf '%s  /opt/slipway/actions-runner.tar.gz\n' "$RUNNER_SHA256" | sha256sum --check --strict --status \
  || fail "the runner's archive has another checksum"
as_runner mkdir "$runtime/runner"
as_runner tar --extract --gzip --file /opt/slipway/actions-runner.tar.gz --directory "$runtime/runner"
found=$(as_runner "$runtime/runner/bin/Runner.Listener" --version)
[[ $found == "$RUNNER_VERSION" ]] || fail "the runner calls itself $found"

# A job that talks to a cluster finds its programs, and they are those that were asked for.
[[ $(as_runner kubectl version --client) == *" v$KUBECTL_VERSION"* ]] || fail "no kubectl $KUBECTL_VERSION"
[[ $(as_runner helm version --short) == "v$HELM_VERSION+"* ]] || fail "no helm $HELM_VERSION"
[[ $(as_runner aws --version) == "aws-cli/$AWS_CLI_VERSION "* ]] || fail "no AWS CLI $AWS_CLI_VERSION"

# An image builds without root, steps and all.
context=$runtime/context
as_runner mkdir "$context"
install --owner runner --mode 0755 /usr/bin/busybox "$context"
printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "true"]\n' >"$context/Dockerfile"
as_runner podman build --quiet --tag check "$context" || fail "no image can be built without root"
as_runner podman run --rm --network none check /bin/busybox true || fail "no container can be run without root"
as_runner podman rmi --force check >/dev/null

systemd-analyze verify /etc/systemd/system/slipway-runner.service || fail "systemd does not take the unit"
[[ $(systemctl is-enabled slipway-runner.service 2>/dev/null) == disabled ]] || fail "the unit is not user data's to enable"
for program in /opt/slipway/wire.py /opt/slipway/cicd.py; do
  python3 -I -m py_compile "$program" || fail "$program does not compile"
done
rm -rf "$runtime" /opt/slipway/__pycache__
echo "check: the image will do"
