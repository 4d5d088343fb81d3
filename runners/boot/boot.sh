#!/usr/bin/env bash
# Runs on an instance as root: claims one runner configuration, runs that one job, and asks to be ended.
#
#   boot.sh run SETTINGS...           everything; what systemd starts
#   boot.sh last-resort SETTINGS...   only the ending; what systemd starts when `run` is gone, however it went
#
# SETTINGS are files of KEY=VALUE lines that only root may write; a later file wins. Secrets (the instance's
# credentials, the runner configuration) live in variables of this shell that are never exported, reach curl by a
# configuration on a pipe and the runner by its standard input: no argument, no file and no log of this script has them.
# That keeps the instance's credentials from a job. Not the runner configuration, which a job's code can read (job.sh).
set -euo pipefail
umask 077

programs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
declare -A setting=(
  [FLEET]='' [CLASS]='' [REGION]='' [CLAIM_URL]='' [FINISH_URL]='' [CICD_ROLE]=''
  [RUNNER_ARCHIVE]=/opt/slipway/actions-runner.tar.gz [RUNNER_SHA256]=''
  [RUNNER_USER]=runner [RUNNER_HOME]=/home/runner
  [RUN_DIR]=/run/slipway [CICD_SOCKET]=/run/slipway-cicd.sock
  [METADATA_URL]=http://169.254.169.254 [STS_URL]=''
  [FIRST_WAIT_S]=1 [LONGEST_WAIT_S]=10 [UNREACHABLE_S]=1800 [REFUSALS]=6 [FINISH_TRIES]=9 [GRACE_S]=300
)
instance='' result=failed claimed='' unneeded=''
key_id='' secret_key='' session_token='' jitconfig=''
job_minutes=0 wants_cicd=false job='' job_log='' cicd=''

say() { printf '%(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$*"; }

die() {
  say "failed: $*"
  exit 1
}

read_settings() {
  local file key value
  for file in "$@"; do
    # Whoever could write here could send the instance's credentials anywhere.
    [[ $(stat --format '%u %A' "$file") =~ ^$EUID\ -....-..-.$ ]] || die "$file is not root's alone to write"
    while IFS='=' read -r key value || [[ -n $key ]]; do
      [[ $key == '' || $key == '#'* ]] && continue
      [[ $key =~ ^[A-Z][A-Z0-9_]*$ && -v "setting[$key]" ]] || die "$file has an unknown key $key"
      setting[$key]=$value
    done <"$file"
  done
  for key in FLEET CLASS REGION CLAIM_URL FINISH_URL RUNNER_SHA256; do
    [[ -n ${setting[$key]} ]] || die "no setting $key"
  done
}

least() { (($1 < $2)) && echo "$1" || echo "$2"; }

# Sleeps for $1 seconds and up to one more, so that instances that started together do not call together.
# In the background, because a signal is only heard between commands.
rest() {
  sleep "$1.$((RANDOM % 1000))" &
  wait "$!"
}

metadata() {
  local token
  token=$(curl --silent --show-error --fail --noproxy '*' --max-time 5 --retry 3 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "${setting[METADATA_URL]}/latest/api/token") || return 1
  curl --silent --fail --noproxy '*' --max-time 5 \
    --config <(printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$token") "${setting[METADATA_URL]}/latest/$1"
}

# Reads the credentials of the instance's role anew: a job may outlive them.
read_credentials() {
  local role found
  role=$(metadata meta-data/iam/security-credentials/) || return 1
  found=$(metadata "meta-data/iam/security-credentials/$role" | python3 -I "$programs/wire.py" credentials) || return 1
  { read -r key_id && read -r secret_key && read -r session_token; } < <(printf '%s\n' "$found")
}

signature() {
  printf 'user = "%s:%s"\n' "$key_id" "$secret_key"
  printf 'header = "X-Amz-Security-Token: %s"\n' "$session_token"
  printf 'aws-sigv4 = "aws:amz:%s:execute-api"\n' "${setting[REGION]}"
}

# Posts $2 to $1 as the instance's role. Sets `status` (000: nobody answered), `retry_after` and `answer`.
post() {
  local answered
  status=000 retry_after='' answer=''
  read_credentials || { say "no credentials from the metadata service"; return 0; }
  answered=$(curl --silent --show-error --max-time 40 --connect-timeout 5 --config <(signature) \
    --header 'Content-Type: application/json' --data-binary @- --write-out '\n%{http_code} %header{retry-after}' \
    "$1" < <(printf '%s' "$2")) || true
  read -r status retry_after <<<"${answered##*$'\n'}" || true
  answer=${answered%$'\n'*}
  [[ $retry_after =~ ^[1-9][0-9]{0,3}$ ]] || retry_after=''
}

# Nobody but root reaches the metadata service, and without that rule no job runs here.
close_metadata() { nft --file "$programs/metadata.nft" || die "the metadata service could not be closed to jobs"; }

# The archive is the one that GitHub published, or nothing of it is unpacked.
unpack_runner() {
  printf '%s  %s\n' "${setting[RUNNER_SHA256]}" "${setting[RUNNER_ARCHIVE]}" | sha256sum --check --status --strict \
    || die "the runner's archive does not have the checksum ${setting[RUNNER_SHA256]}"
  runuser --user "${setting[RUNNER_USER]}" -- tar --extract --gzip --file "${setting[RUNNER_ARCHIVE]}" \
    --directory "${setting[RUNNER_HOME]}/actions-runner" || die "the runner could not be unpacked"
}

# An instance of a warm pool is stopped once it is ready, and started again when it is needed. Until then it is
# none that may claim, and its stop is not its end.
wait_until_needed() {
  unneeded=yes
  while [[ $(metadata meta-data/autoscaling/target-lifecycle-state || true) == Warmed:* ]]; do
    rest 2
  done
  unneeded=''
}

# Sets the job's configuration. Waits for work as long as the fleet answers: it, not we, ends surplus instances.
claim() {
  local wait=${setting[FIRST_WAIT_S]} refusals=0 reached=$SECONDS told
  while true; do
    post "${setting[CLAIM_URL]}" '{}'
    case $status in
      200) break ;;
      409) die "the fleet has no more work for this instance (409)" ;;
      204 | 503 | 429) reached=$SECONDS refusals=0 ;;
      # A role that was made a moment ago is refused until all of IAM knows it.
      403) ((++refusals < setting[REFUSALS])) || die "the fleet does not know this instance (403)" ;;
      *) say "claim: no answer ($status)" ;;
    esac
    ((SECONDS - reached < setting[UNREACHABLE_S])) || die "the fleet could not be reached"
    # The fleet ends who is silent for long, so it hears of us each minute even if it asks for more patience.
    rest "$(least "${retry_after:-$wait}" 60)"
    wait=$(least "$((wait * 2))" "${setting[LONGEST_WAIT_S]}")
  done
  claimed=yes
  told=$(printf '%s' "$answer" | python3 -I "$programs/wire.py" claim) || die "the claim's answer cannot be read"
  # Not a here-string, which bash writes to a file once it is long.
  { read -r jitconfig && read -r runner_name && read -r job_minutes && read -r wants_cicd; } < <(printf '%s\n' "$told")
  answer='' told=''
  say "claimed as $runner_name, for at most $job_minutes minutes"
}

# Hands the CICD role's credentials to the job's user, in a class that opts in, and in no other.
serve_cicd() {
  [[ $wants_cicd == true ]] || return 0
  # Not the end: the job would go back into the queue and fail here again and again.
  [[ -n ${setting[CICD_ROLE]} ]] || { say "the settings name no CICD role, so the job gets none"; return 0; }
  python3 -I "$programs/cicd.py" serve --socket "${setting[CICD_SOCKET]}" --user "${setting[RUNNER_USER]}" \
    --role "${setting[CICD_ROLE]}" --session "gha-runner-$instance" --region "${setting[REGION]}" \
    --metadata "${setting[METADATA_URL]}" --sts "${setting[STS_URL]:-https://sts.${setting[REGION]}.amazonaws.com}" &
  cicd=$!
  runuser --user "${setting[RUNNER_USER]}" -- install -D --mode 600 "$programs/aws-config" \
    "${setting[RUNNER_HOME]}/.aws/config" || die "the job's AWS profile could not be written"
}

# Runs exactly one job: a just-in-time runner takes one and ends. systemd ends everything it started, at the limit too.
run_job() {
  local limit=$((job_minutes * 60 + setting[GRACE_S])) started=$SECONDS code=0
  timeout --kill-after 10 "$((limit + 90))" systemd-run --unit slipway-job --collect --wait --pipe --quiet \
    --service-type exec --property "User=${setting[RUNNER_USER]}" --property "RuntimeMaxSec=$limit" \
    --property KillMode=control-group --property TimeoutStopSec=30 --property Delegate=yes \
    --property RuntimeDirectory=slipway-job --property RuntimeDirectoryMode=0700 --property TasksMax=infinity \
    --property "WorkingDirectory=${setting[RUNNER_HOME]}/actions-runner" --property UMask=0022 \
    --setenv LANG=C.UTF-8 --setenv XDG_RUNTIME_DIR=/run/slipway-job --setenv RUNNER_MANUALLY_TRAP_SIG=1 \
    "$programs/job.sh" < <(printf '%s\n' "$jitconfig") > >(exec tail --bytes 65536 >"${setting[RUN_DIR]}/job.log") 2>&1 &
  job=$! job_log=yes
  wait "$job" || code=$?
  job=''
  if ((SECONDS - started >= limit)); then
    result=timeout
  elif ((code == 0)); then
    result=ok
  fi
  say "the job's unit ended with $code after $((SECONDS - started)) s: $result"
}

# A spot instance that is taken leaves its group by itself. The fleet then counts it as taken, which is what decides
# about running its job again; to finish here would say that it failed.
taken() { [[ -n $claimed ]] && metadata meta-data/spot/instance-action >/dev/null; }

stop_children() {
  local try
  systemctl stop slipway-job.service >/dev/null 2>&1
  [[ -z $job ]] || kill "$job" 2>/dev/null
  [[ -z $cicd ]] || kill "$cicd" 2>/dev/null
  rm -f "${setting[CICD_SOCKET]}"
  # `tail` writes once the last process of the unit has let go of its end.
  for ((try = 0; try < 20; try++)); do
    [[ -n $job_log && ! -s ${setting[RUN_DIR]}/job.log ]] || break
    sleep 0.1
  done
}

report() {
  python3 -I "$programs/wire.py" report "$result" "${setting[RUN_DIR]}/boot.log" "${setting[RUN_DIR]}/job.log" \
    < <(printf '%s\n' "$jitconfig" "$secret_key" "$session_token" "$key_id")
}

# Asks to be ended until that was heard; the instance ends itself if it never is, since its template says terminate.
finish() {
  local wait=${setting[FIRST_WAIT_S]} try body
  body=$(report) || body="{\"result\":\"$result\",\"log\":\"\"}"
  [[ -n ${setting[FINISH_URL]} ]] || setting[FINISH_TRIES]=0
  for ((try = 1; try <= setting[FINISH_TRIES]; try++)); do
    post "${setting[FINISH_URL]}" "$body"
    if [[ $status == 200 ]]; then
      say "finished: $result"
      : >"${setting[RUN_DIR]}/finished"
      return 0
    fi
    say "finish: try $try was answered $status"
    # Not longer than half a minute, whatever was asked for: an instance that does nothing costs money.
    rest "$(least "${retry_after:-$wait}" 30)"
    wait=$((wait * 2))
  done
  say "finish was not heard: shutting down"
  : >"${setting[RUN_DIR]}/finished"
  shutdown -h now
}

at_exit() {
  trap - EXIT
  trap '' TERM INT HUP
  set +e
  stop_children
  if [[ -n $unneeded ]]; then
    say "stopped in its warm pool"
    : >"${setting[RUN_DIR]}/finished"
  elif [[ $result != ok ]] && taken; then
    say "the spot instance is taken"
    : >"${setting[RUN_DIR]}/finished"
  else
    finish
  fi
}

begin() {
  trap at_exit EXIT
  trap 'exit 143' TERM INT HUP
  read_settings "$@"
  mkdir -p "${setting[RUN_DIR]}"
  exec >>"${setting[RUN_DIR]}/boot.log" 2>&1
}

run() {
  begin "$@"
  rm -f "${setting[RUN_DIR]}/finished"
  close_metadata
  instance=$(metadata meta-data/instance-id) || die "no metadata service"
  say "instance $instance, class ${setting[CLASS]} of fleet ${setting[FLEET]}"
  unpack_runner
  wait_until_needed
  claim
  serve_cicd
  run_job
}

last_resort() {
  begin "$@"
  [[ ! -e ${setting[RUN_DIR]}/finished ]] || trap - EXIT
}

mode=${1:-}
shift || true
case $mode in
  run) run "$@" ;;
  last-resort) last_resort "$@" ;;
  *) echo "usage: ${0##*/} run|last-resort SETTINGS..." >&2 && exit 2 ;;
esac
