#!/usr/bin/env bash
# A PostgreSQL server in a folder of its own, for as long as the process WATCHED lives. No port: a socket in the folder.
# usage: postgres.sh BIN FOLDER WATCHED [COMMAND that runs as another user...]
# Says `ready` when it serves. Nothing is safe from a crash of the machine: the folder goes at the end anyway.
set -euo pipefail
bin="$1" folder="$2" watched="$3"
as=("${@:4}")

server=
end() {
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$folder" "$folder.lock"
}
trap end EXIT

"${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >>"$folder/log" 2>&1
"${as[@]}" "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=400 \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB >>"$folder/log" 2>&1 &
server=$!
until "$bin/pg_isready" -q -h "$folder"; do
  kill -0 "$server" || { cat "$folder/log"; exit 1; }
  sleep 0.05
done
echo ready
exec >/dev/null 2>&1
tail --pid="$watched" -f /dev/null
