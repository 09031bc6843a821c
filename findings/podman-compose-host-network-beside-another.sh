#!/usr/bin/env bash
# podman-compose and `network_mode: host`. The compose specification: the container uses the host's network, and `networks`
# do not apply. Expected, as docker-compose does it: one network for that service, the host's. podman refuses the two that
# it is told here ("cannot set multiple networks without bridge network mode"), so nothing starts. What podman would be told
# is written down by a stand-in, so podman need not be there. Exits with 1 when podman-compose behaves otherwise than it did
# when this was written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# The packages of Debian 12, where they are not installed.
apt-get download --quiet podman-compose=1.0.3-3 python3-dotenv=0.21.0-1 python3-yaml=6.0-3+b2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb --extract "$package" packages; done
export PYTHONPATH=$folder/packages/usr/lib/python3/dist-packages
mkdir bin
cat >bin/podman <<'SH'
#!/bin/sh
if [ "$1" = --version ]; then echo 'podman version 4.3.1'; exit 0; fi
echo "$*" >>"$TOLD"
SH
chmod +x bin/podman
cat >compose.yaml <<'YAML'
services:
  token:
    image: example
    network_mode: host
YAML
export TOLD=$folder/told
PATH=$folder/bin:$PATH packages/usr/bin/podman-compose --version | grep podman-compose
PATH=$folder/bin:$PATH packages/usr/bin/podman-compose -p here -f compose.yaml up -d >/dev/null 2>&1
line=$(grep '^run ' told)
found=$(grep -oE -- '--net(work)?[ =][^ ]+' <<<"$line" | paste -sd' ')
echo "podman run is told: $found"
echo 'expected: --network host alone'
[[ $found == '--network host --net here_default' ]]
