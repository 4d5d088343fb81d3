#!/usr/bin/env bash
# Runs as the job's user, in the job's unit: starts the runner with the configuration that its standard input begins
# with. It goes on as an environment variable: as an argument every user of the machine could read it, and as a property
# of the unit too. It is kept from other users, and from nobody else: the runner takes it out of what its job's steps
# inherit, but they are the same user, and can read it in /proc/<runner>/environ and in the files that the runner makes
# of it (.credentials and the like). What they get so is this one runner, which is registered for one job, theirs.
set -euo pipefail
IFS= read -r ACTIONS_RUNNER_INPUT_JITCONFIG
export ACTIONS_RUNNER_INPUT_JITCONFIG
exec ./run.sh </dev/null
