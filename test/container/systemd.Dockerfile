# A machine with systemd, to try the unit of docs/install.md on.
ARG IMAGE
ARG NODE_IMAGE
FROM ${IMAGE} AS sidecar
FROM ${NODE_IMAGE}
COPY --from=sidecar /opt/wx-token-sidecar /opt/wx-token-sidecar
RUN apt-get update \
 && apt-get install --yes --no-install-recommends systemd \
 && rm -rf /var/lib/apt/lists/*
# What systemd hands to a service arrives only where mounts are shared, which an engine's are not.
ENTRYPOINT ["sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd"]
