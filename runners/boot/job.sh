#!/usr/bin/env bash
# Runs as the job's user, in the job's unit: starts the runner with the configuration that its standard input begins
# with. It goes on as an environment variable, which the runner takes out of its own environment before any job's
# step starts; as an argument every process of the machine could read it, and as a property of the unit too.
set -euo pipefail
IFS= read -r ACTIONS_RUNNER_INPUT_JITCONFIG
export ACTIONS_RUNNER_INPUT_JITCONFIG
exec ./run.sh </dev/null
