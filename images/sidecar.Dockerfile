# What `npm run images` writes, for those who have an engine: docker build -f images/sidecar.Dockerfile .
FROM node:24.21.0-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git iptables nftables
WORKDIR /source
COPY . .
RUN npm run -s images -- --only sidecar --unpacked /layers

FROM scratch
COPY --from=build /layers/base/ /
COPY --from=build /layers/netfilter/ /
COPY --from=build /layers/sidecar/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 1337:1337
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]
