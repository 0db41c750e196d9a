# Sourced by the other examples: timed steps, and a wheel of this checkout.

step() { # command and arguments; prints them, and the seconds they took
  local since=$SECONDS
  printf '\n==> %s\n' "$*"
  "$@"
  printf '    %s s\n' "$((SECONDS - since))"
}

make_wheel() { # repository, folder to work in; sets `wheel`
  # by way of the source archive, so that nothing is written into the repository
  "${PYTHON:-python3}" -m build --outdir "$2/dist" "$1" >"$2/build.log"
  wheel=$(ls "$2"/dist/kedro_nas-*.whl)
}
