# A machine with systemd, to try the unit of the README on.
ARG IMAGE
FROM ${IMAGE}
USER 0:0
RUN apt-get update \
 && apt-get install --yes --no-install-recommends systemd \
 && rm -rf /var/lib/apt/lists/*
# What systemd hands to a service arrives only where mounts are shared, which an engine's are not.
ENTRYPOINT ["sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd"]
