#!/bin/sh
# Lays out what the image holds, in FOLDER: Node with the libraries that it loads, the program and what belongs to both.
# For the build stage of the Dockerfile, after `npm run build`.
#   build/image.sh FOLDER
set -eu
folder=$1
home=/opt/wx-token-sidecar

node=$(readlink -f "$(command -v node)")
install -D "$node" "$folder/usr/local/bin/node"
libraries=$(ldd "$node" | grep -o '/[^ ]*')
for library in $libraries; do cp -L --parents "$library" "$folder"; done

# The program. Its package.json tells Node that the bundle is a module: to find that out by itself takes it 10 MB.
mkdir -p "$folder$home/dist"
cp package.json LICENSE "$folder$home"
cp dist/wx-token-sidecar.js dist/wx-token-sidecar.cdx.json dist/THIRD-PARTY-LICENSES "$folder$home/dist"
# What this Node has compiled of it, so that the daemon need not.
"$node" build/code-cache.mjs "$folder$home/dist"
# For `docker exec NAME wx-token-sidecar …`: there is no /usr/bin/env to find Node.
launcher=$folder/usr/local/bin/wx-token-sidecar
printf '#!/usr/local/bin/node\nrequire("%s/dist/start.cjs");\n' "$home" > "$launcher"
chmod 755 "$launcher"

# The names of users and groups: a `group` may be one. No nsswitch.conf: /etc/hosts comes before DNS by default.
mkdir -p "$folder/etc"
cp /etc/passwd /etc/group "$folder/etc"
# The folder to mount a volume on, by its old name, too. A new named volume takes its owner over.
install -d -o 1000 -g 1000 "$folder/run/wx"
mkdir -p "$folder/var"
ln -s /run "$folder/var/run"

# The licences of what is not ours, and which versions these are, for those who look for known holes in them.
if [ -f /usr/local/LICENSE ]; then cp --parents /usr/local/LICENSE "$folder"; fi
cp -L --parents /etc/os-release "$folder"
if command -v dpkg-query > /dev/null; then
  mkdir -p "$folder/var/lib/dpkg/status.d"
  for package in $(for library in $libraries; do dpkg-query -S "*/${library##*/}"; done | cut -d: -f1 | sort -u); do
    dpkg-query -s "$package" > "$folder/var/lib/dpkg/status.d/$package"
    cp -L --parents "/usr/share/doc/$package/copyright" "$folder"
  done
  for licence in $(grep -rhoE '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$folder/usr/share/doc" | sort -u); do
    cp -L --parents "$licence" "$folder"
  done
fi
