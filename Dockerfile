# Another base, from a mirror for instance: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Behind a mirror of npm, or a proxy that looks into TLS. The certificates are trusted besides Node's own; none of it comes
# into the image: --build-arg NPM_REGISTRY=… --build-arg CA_CERTIFICATES="$(cat ca.pem)"
ARG NPM_REGISTRY
ARG CA_CERTIFICATES
RUN if [ -n "$CA_CERTIFICATES" ]; then \
      printf '%s\n' "$CA_CERTIFICATES" >ca.pem && export NODE_EXTRA_CA_CERTS="$PWD/ca.pem"; \
    fi && \
    npm ci --ignore-scripts ${NPM_REGISTRY:+--registry="$NPM_REGISTRY"}
COPY LICENSE tsconfig.json ./
COPY build ./build
COPY src ./src
COPY k8s ./k8s
RUN npm run build && build/image.sh /image

# No shell and no package manager, only what is looked for in a daemon that runs: Node, one bundle and what they need.
FROM scratch
LABEL org.opencontainers.image.title="wx-token-sidecar" \
      org.opencontainers.image.description="A sidecar daemon that keeps WeChat credentials fresh in files" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image /
# Once more, since not every builder keeps the owner.
COPY --from=build --chown=1000:1000 /image/run /run
ENV PATH=/usr/local/bin
# Memory of the C library lies in one place for all threads: docs/decisions/0030-one-heap-of-malloc.md. The bench does the same.
ENV MALLOC_ARENA_MAX=1
# By number: Kubernetes cannot tell whether a name is root.
USER 1000:1000
# Node is the first process, so that HUP and TERM reach the daemon.
ENTRYPOINT ["node", "/opt/wx-token-sidecar/dist/start.cjs"]
CMD ["run"]
