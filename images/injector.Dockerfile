# What `npm run images` writes, for those who have an engine: docker build -f images/injector.Dockerfile .
FROM node:24.21.0-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git iptables nftables
WORKDIR /source
COPY . .
RUN npm run -s images -- --only injector --unpacked /layers

FROM scratch
COPY --from=build /layers/base/ /
COPY --from=build /layers/injector/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 65532:65532
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]
