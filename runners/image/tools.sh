#!/usr/bin/env bash
# Installs what jobs that talk to a cluster need: kubectl and helm by checksum, the AWS CLI by AWS's signature. Run once,
# as root, by Packer, after provision.sh. Nothing is installed, or even unpacked, before it is verified.
set -euo pipefail
: "${KUBECTL_VERSION:?}" "${KUBECTL_SHA256:?}" "${HELM_VERSION:?}" "${HELM_SHA256:?}" "${AWS_CLI_VERSION:?}"
: "${ARCHITECTURE:?x86_64 or arm64}"
prefix=${PREFIX:-/usr/local}
# Each publisher's own word for the architecture.
case $ARCHITECTURE in
  x86_64) go=amd64 aws=x86_64 ;;
  arm64) go=arm64 aws=aarch64 ;;
  *) echo "tools: no architecture $ARCHITECTURE" >&2 && exit 1 ;;
esac
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

download() {
  curl --fail --silent --show-error --location --proto '=https' --retry 5 --output "$work/$1" "$2"
}
verify() {
  printf '%s  %s\n' "$2" "$work/$1" | sha256sum --check --strict --quiet
}

# https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/
download kubectl "https://dl.k8s.io/release/v$KUBECTL_VERSION/bin/linux/$go/kubectl"
verify kubectl "$KUBECTL_SHA256"
# https://github.com/helm/helm/releases
download helm.tar.gz "https://get.helm.sh/helm-v$HELM_VERSION-linux-$go.tar.gz"
verify helm.tar.gz "$HELM_SHA256"
# AWS publishes no checksums. Its key is in aws-cli.asc, from
# https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html
archive=awscli-exe-linux-$aws-$AWS_CLI_VERSION.zip
download aws.zip "https://awscli.amazonaws.com/$archive"
download aws.zip.sig "https://awscli.amazonaws.com/$archive.sig"
gpg --homedir "$work" --batch --quiet --dearmor --output "$work/aws.gpg" "${AWS_CLI_KEY:-/tmp/aws-cli.asc}"
gpgv --quiet --keyring "$work/aws.gpg" "$work/aws.zip.sig" "$work/aws.zip"

install --directory "$prefix/bin"
tar --extract --gzip --file "$work/helm.tar.gz" --directory "$work" "linux-$go/helm"
install --mode 0755 "$work/kubectl" "$work/linux-$go/helm" "$prefix/bin"
unzip -q "$work/aws.zip" -d "$work"
"$work/aws/install" --install-dir "$prefix/aws-cli" --bin-dir "$prefix/bin" >/dev/null
