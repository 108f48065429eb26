# Readies a space of the workbench, in the background of its start, and tells in a note how far it is. It may run any
# number of times: what is there already is left as it is.

CLONE="$HOME/assembly-line"
VENV="$WORK/venv"
NOTE="$HOME/WORKBENCH.md"
LOG="$WORK/start.log"

note() { # note TITLE TEXT: the whole note, put into its place at once
  printf '# Workbench of %s: %s\n\n%s\n\nThe log of the last start: %s\n' "$LINE_ENVIRONMENT" "$1" "$2" "$LOG" >"$NOTE.new" &&
    mv -f "$NOTE.new" "$NOTE"
}

failed() { # failed WHAT MEND: the note of a start that did not come to its end
  note "not ready" "$1

The mend: $2 Then stop the space and start it again, or run: bash $WORK/start.sh"
  exit 0
}

write_shell() { # what a terminal knows: the environment, and the line command
  cat >"$WORK/shell" <<SHELL
export LINE_ENVIRONMENT='$LINE_ENVIRONMENT' AWS_REGION='$AWS_REGION' AWS_DEFAULT_REGION='$AWS_REGION'
export PATH="$VENV/bin:\$PATH"
SHELL
  for file in "$HOME/.bashrc" "$HOME/.bash_profile"; do
    touch "$file"
    grep -qsF "$WORK/shell" "$file" || printf '\n[ -f "%s" ] && . "%s"\n' "$WORK/shell" "$WORK/shell" >>"$file"
  done
}

write_token() { # git asks for the token each time, for this host alone; it never lies on the disk
  cat >"$WORK/git-token" <<TOKEN
#!/bin/bash
[ "\$1" = get ] || exit 0
token=\$('$(command -v aws)' secretsmanager get-secret-value --region '$AWS_REGION' --secret-id '$TOKEN_SECRET' --query SecretString --output text) || exit 1
printf 'username=x-access-token\npassword=%s\n' "\$token"
TOKEN
  chmod 700 "$WORK/git-token"
}

clone() { # a clone that is there belongs to whoever works in it
  [ -d "$CLONE/.git" ] && return
  if [ -e "$CLONE" ]; then
    failed "$CLONE is there and is no clone of a git repository." "move it away."
  fi
  local host given=() said
  host=$(printf '%s' "$REPOSITORY" | cut -d/ -f1-3)
  [ -z "$TOKEN_SECRET" ] || given+=(-c "credential.$host.helper=!$WORK/git-token")
  rm -rf "$CLONE.part"
  if ! said=$(LC_ALL=C GIT_TERMINAL_PROMPT=0 timeout 600 git "${given[@]}" clone --quiet ${REF:+--branch "$REF"} -- "$REPOSITORY" "$CLONE.part" 2>&1); then
    rm -rf "$CLONE.part"
    printf '%s\n' "$said"
    failed "the repository $REPOSITORY could not be cloned: $(printf '%s' "$said" | grep -m 1 '^fatal' || printf '%s' "$said" | tail -n 1)" \
      "correct workbench.repository, ref or token_secret in config/environments/$LINE_ENVIRONMENT.yaml and deploy, or clone it by hand into $CLONE."
  fi
  [ -z "$TOKEN_SECRET" ] || git -C "$CLONE.part" config "credential.$host.helper" "!$WORK/git-token"
  mv "$CLONE.part" "$CLONE"
}

install() { # the versions that the repository's lock names, and the repository itself, editable; anew when the lock changed
  local wanted said="" python
  python=$(command -v python3)
  wanted=$(cat "$CLONE/pyproject.toml" "$CLONE/uv.lock" <("$python" --version) 2>/dev/null | sha256sum | cut -c1-16)
  [ "$(cat "$WORK/installed" 2>/dev/null)" = "$wanted" ] && [ -x "$VENV/bin/line" ] && return
  rm -f "$WORK/installed"
  [ -z "$PACKAGE_INDEX" ] || export PIP_INDEX_URL="$PACKAGE_INDEX" UV_DEFAULT_INDEX="$PACKAGE_INDEX"
  # the kernel itself comes from the space's image; everything that the lock names stands in front of the image's own
  if ! { { command -v uv >/dev/null || "$python" -m pip install --quiet --disable-pip-version-check --target "$WORK/tools" uv; } &&
    PATH="$PATH:$WORK/tools/bin" timeout 1800 bash -c "cd '$CLONE' &&
      uv venv --quiet --system-site-packages --clear --python '$python' '$VENV' &&
      uv export --quiet --frozen --no-emit-project --output-file '$WORK/requirements.txt' >/dev/null &&
      uv pip install --quiet --python '$VENV/bin/python' --requirements '$WORK/requirements.txt' &&
      uv pip install --quiet --python '$VENV/bin/python' --no-deps --editable ."; } >"$WORK/install.log" 2>&1; then
    said=$(tail -n 20 "$WORK/install.log")
    printf '%s\n' "$said"
    failed "the library could not be installed: $(printf '%s' "$said" | grep -v '^ *$' | tail -n 1) (all of it: $WORK/install.log)" \
      "see that the space reaches its package index (workbench.package_index in config/environments/$LINE_ENVIRONMENT.yaml) and has room on its disk."
  fi
  printf '%s\n' "$wanted" >"$WORK/installed"
}

write_kernel() { # notebooks choose it by name
  local folder="$HOME/.local/share/jupyter/kernels/assembly-line"
  mkdir -p "$folder"
  cat >"$folder/kernel.json" <<KERNEL
{"argv": ["$VENV/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
 "display_name": "Assembly Line ($LINE_ENVIRONMENT)", "language": "python",
 "env": {"LINE_ENVIRONMENT": "$LINE_ENVIRONMENT", "AWS_REGION": "$AWS_REGION", "AWS_DEFAULT_REGION": "$AWS_REGION"}}
KERNEL
}

prepare() {
  exec 9>"$WORK/lock"
  flock -n 9 || exit 0 # another start is at it
  note "getting ready" "The repository is cloned and the library installed, which takes some minutes the first time."
  [ -z "$TOKEN_SECRET" ] || write_token
  clone
  install
  write_kernel
  note "ready" "The repository is in $CLONE, and new terminals know the \`line\` command, which means the environment $LINE_ENVIRONMENT.
Notebooks have the kernel \"Assembly Line ($LINE_ENVIRONMENT)\":

    from cli.dataset import load
    rows = load(\"NAME OF A LINE\").to_pandas()"
}

write_shell
prepare
