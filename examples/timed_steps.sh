# Sourced by the other examples: timed steps, and a wheel of this checkout.

# of the seconds of a step, what the machine computed for it: less where it waited for
# other work
TIMEFORMAT='    %0R s, computing %0U + %0S s'

step() { # command and arguments; prints them, and the seconds they took
  printf '\n==> %s\n' "$*"
  { time "$@" 2>&3; } 3>&2 2>&1 # the seconds go to standard output
}

make_wheel() { # repository, folder to work in; sets `wheel`
  # by way of the source archive, so that nothing is written into the repository
  "${PYTHON:-python3}" -m build --outdir "$2/dist" "$1" >"$2/build.log" 2>&1 ||
    { cat "$2/build.log"; return 1; }
  wheel=$(ls "$2"/dist/kedro_nas-*.whl)
}
