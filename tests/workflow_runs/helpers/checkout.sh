#!/bin/bash
# actions/checkout: the commit of the run, in a folder that the runs of the story share. A real stack meets the
# embedded cloud only in a project's rehearsal, so that is where all of them work.
set -euo pipefail
exec 9> "$STORY_CHECKOUT.lock"
flock 9
cd "$STORY_CHECKOUT"
git fetch --quiet --force origin '+refs/*:refs/remotes/origin/*' 2> /dev/null
# The name of a branch means GitHub's, not the clone's own.
commit=$(git rev-parse --verify --quiet "refs/remotes/origin/heads/$COMMIT" || echo "$COMMIT")
git checkout --quiet --force --detach "$commit"
git clean --quiet -fd
mkdir -p .venv
ln -sfn "$STORY_VENV/bin" .venv/bin
touch .venv/installed .venv/installed-runtime
cd /
if [ ! -L "$GITHUB_WORKSPACE" ]; then
  rm -rf "$GITHUB_WORKSPACE"
  ln -s "$STORY_CHECKOUT" "$GITHUB_WORKSPACE"
fi
