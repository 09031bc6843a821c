#!/bin/bash
# Runs a command at the near end of a slow link: namespace.sh FOLDER DELAY COMMAND..., in network and mount namespaces of
# its own. FOLDER holds the files `hosts` and `resolv.conf`, and gets `asked`: what arrived at the far end.
set -euo pipefail
here=$(dirname "$0")
folder=$1 delay=$2
shift 2
mount --bind "$folder/hosts" /etc/hosts
mount --bind "$folder/resolv.conf" /etc/resolv.conf
ip link set lo up
python3 "$here/relay.py" "$delay" >"$folder/relay" &
relay=$!
node "$here/servers.mjs" >"$folder/asked" &
servers=$!
trap 'kill $relay $servers 2>/dev/null || true' EXIT
until [[ -s $folder/relay && -s $folder/asked ]]; do
  kill -0 $relay && kill -0 $servers
  sleep 0.05
done
ip addr add 10.9.0.1/24 dev tun0
ip addr add fd09::1/64 dev tun0 nodad
ip link set tun0 up
"$@"
