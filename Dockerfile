FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json ./
COPY build ./build
COPY src ./src
# The bundle holds the code of its dependencies; their licences want to go with it.
RUN npm run build \
 && npm prune --omit=dev --omit=optional --ignore-scripts \
 && find node_modules -type f -iname 'licen[cs]e*' | sort | while read -r file; do \
      printf '\n== %s\n\n' "${file#node_modules/}"; cat "$file"; \
    done > THIRD-PARTY-LICENSES

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="wx-token-sidecar" \
      org.opencontainers.image.description="A sidecar daemon that keeps WeChat credentials fresh in files" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /opt/wx-token-sidecar
COPY --from=build /src/package.json /src/LICENSE /src/THIRD-PARTY-LICENSES ./
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
