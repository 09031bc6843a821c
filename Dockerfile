# Another base, from a mirror for instance: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json ./
COPY build ./build
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="wx-token-sidecar" \
      org.opencontainers.image.description="A sidecar daemon that keeps WeChat credentials fresh in files" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /opt/wx-token-sidecar
# package.json tells Node that the bundle is a module. In dist lie the bundle, its source map, the list of what is bundled
# and the licences of that.
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/dist ./dist
# For `docker exec NAME wx-token-sidecar …`, and the folder to mount a volume on: a new named volume takes its owner over.
RUN ln -s /opt/wx-token-sidecar/dist/wx-token-sidecar.js /usr/local/bin/wx-token-sidecar \
 && install -d -o 1000 -g 1000 /var/run/wx
# By number: Kubernetes cannot tell whether a name is root.
USER 1000:1000
# Without a shell, so that HUP and TERM reach the daemon. Stack traces are those of the bundle: reading the source map
# costs 18 MB and a third of the start-up; NODE_OPTIONS=--enable-source-maps does it where that is wanted.
ENTRYPOINT ["node", "/opt/wx-token-sidecar/dist/wx-token-sidecar.js"]
CMD ["run"]
