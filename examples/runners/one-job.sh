#!/usr/bin/env bash
# Plays one job against the runner fleet that `make up` brought up, by curl: GitHub's signed events, the instance
# that is started for the job, its claim, and its end. Run it in the project's folder.
set -euo pipefail

slipway=.venv/bin/slipway group=slipway-local-linux region=eu-west-1
bold='' plain=''
[[ ! -t 1 ]] || bold=$'\033[1m' plain=$'\033[0m'
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
field() { .venv/bin/python -c "import json, sys; print(json.load(sys.stdin)$1)"; }
# An ordinary AWS client at the embedded cloud's address.
aws() {
  .venv/bin/python - "$endpoint" "$region" <<<"import boto3, sys
client = lambda service: boto3.client(service, region_name=sys.argv[2], endpoint_url=sys.argv[1],
                                      aws_access_key_id='any', aws_secret_access_key='any')
$1"
}

# Says what to do where there is no cloud, or no fleet on it; as JSON, that would end up in a variable below.
$slipway runners status local >/dev/null
endpoint=$($slipway cloud status --json | field '["endpoints"]["aws"]')
webhook=$($slipway runners status local --json | field '["webhook"]')
# On GitHub and in Secrets Manager nobody reads it; the embedded cloud keeps nothing from anybody.
secret=$(aws "print(client('secretsmanager').get_secret_value(SecretId='slipway-local-runner-webhook')['SecretString'])")

# What GitHub does: an event, signed over its exact bytes.
send() {
  local event=$1 body=$2 signature
  signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)
  curl --silent --show-error --write-out ' %{http_code}\n' "$webhook" --data-binary "$body" \
    -H "X-GitHub-Event: $event" -H "X-GitHub-Delivery: $RANDOM-$RANDOM" \
    -H "X-Hub-Signature-256: sha256=$signature"
}
# What an instance does: a request signed with its role's credentials, which EC2's metadata service gives it.
call() {
  local credentials
  credentials=$(curl --silent --show-error --fail "$endpoint/slipway/instances/$instance/credentials")
  curl --silent --show-error --write-out ' %{http_code}\n' "${webhook%/webhook}/$1" --data-binary "$2" \
    -H 'Content-Type: application/json' -H "X-Amz-Security-Token: $(field '["Token"]' <<<"$credentials")" \
    --aws-sigv4 "aws:amz:$region:execute-api" \
    --user "$(field '["AccessKeyId"]' <<<"$credentials"):$(field '["SecretAccessKey"]' <<<"$credentials")"
}
instances() {
  aws "groups = client('autoscaling').describe_auto_scaling_groups(AutoScalingGroupNames=['$group'])
print(*(one['InstanceId'] for one in groups['AutoScalingGroups'][0]['Instances']), sep='\\n')"
}

job=$((RANDOM + 1000000)) run=$((RANDOM + 2000000)) now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
from='"organization": {"login": "acme"}, "installation": {"id": 424244},
  "repository": {"id": 70001, "full_name": "acme/skill-pool", "private": true}'
job_event() {
  send workflow_job '{"action": "'"$1"'", '"$from"', "workflow_job": {"id": '$job', "run_id": '$run',
    "run_attempt": 1, "name": "build", "labels": ["self-hosted", "linux", "x64"], "created_at": "'"$now"'",
    "runner_name": '"$2"', "conclusion": '"$3"'}}'
}

before=$(instances)
say "GitHub: a run of the repository itself, and its job $job is queued"
send workflow_run '{"action": "requested", '"$from"', "workflow_run": {"id": '$run', "run_attempt": 1,
  "event": "push", "head_repository": {"id": 70001}}}'
job_event queued null null

say "AWS: an instance is started for it"
instance='' tries=0
until [[ -n $instance ]]; do
  ((++tries < 60)) || { echo "none came: $slipway runners explain $job local says why" >&2; exit 1; }
  sleep 0.5
  instance=$(grep -vxFf <(echo "$before") <<<"$(instances)" | head -1 || true)
done
echo "$instance"
$slipway runners explain "$job" local

say "The instance: claims, and gets one configuration; a second claim gets none"
handed=$(call claim '{}')
runner=$(field '["runner_name"]' <<<"${handed% *}")
echo "a configuration of ${#handed} characters for $runner"
call claim '{}'

say "GitHub: the job runs on it, and is completed"
job_event in_progress "\"$runner\"" null
job_event completed "\"$runner\"" '"success"'

say "The instance: finishes, and exactly it is ended"
call finish '{"result": "ok", "log": ""}'
left=$(instances)
[[ $left != *"$instance"* ]] || { echo "it is still there" >&2; exit 1; }
echo "left in $group: ${left:-none}"
$slipway runners explain "$job" local
