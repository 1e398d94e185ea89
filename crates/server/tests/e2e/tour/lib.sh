# What the tours share: asking with curl, and holding answers against what they must be. Needs GATEWAY.
set -euo pipefail

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# ask STATUS METHOD PATH [curl's arguments]: the answer must have this status.
ask() {
  local want=$1 method=$2 path=$3 got
  shift 3
  got=$(curl -sS --max-time 30 -X "$method" -o "$WORK/body" -D "$WORK/head" -w '%{http_code}' "$@" "$GATEWAY$path")
  if [ "$got" != "$want" ]; then
    printf 'NO  %s %s: %s instead of %s\n' "$method" "$path" "$got" "$want"
    cat "$WORK/head" "$WORK/body"
    exit 1
  fi
  printf 'ok  %s %s: %s\n' "$method" "$path" "$got"
}

json=(-H 'Content-Type: application/json')

# is EXPRESSION: true of the JSON answer, which is called `it`.
is() {
  python3 - "$WORK/body" "$1" <<'PYTHON' || { echo "NO  not so: $1"; cat "$WORK/body"; exit 1; }
import json, re, sys
it = json.load(open(sys.argv[1]))
sys.exit(0 if eval(sys.argv[2]) else 1)
PYTHON
}

# get EXPRESSION: a part of the JSON answer.
get() {
  python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$WORK/body" "$1"
}

# exactly TEXT: the whole body, to the letter.
exactly() {
  [ "$(cat "$WORK/body")" = "$1" ] || { echo 'NO  the body is another:'; cat "$WORK/body"; exit 1; }
}

# field NAME: the value of a field of the answer; empty if there is none.
field() {
  tr -d '\r' < "$WORK/head" | sed -n "s/^$1: //Ip" | tail -n 1
}

# said NAME VALUE: a field of the answer, to the letter; an empty VALUE: there is none.
said() {
  local got
  got=$(field "$1")
  [ "$got" = "$2" ] || { echo "NO  $1 is “$got”, not “$2”"; exit 1; }
}
