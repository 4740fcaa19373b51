# The service without embedded PostgreSQL: give it DATABASE_URL. Runs as `node` on a read-only root file system.

FROM node:20-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/nest/package.json packages/nest/

FROM manifests AS build
RUN npm ci --ignore-scripts
COPY tsconfig.base.json tsconfig.json ./
COPY packages packages
COPY migrations migrations
COPY src src
RUN npm run build

# The only optional packages are embedded PostgreSQL and a driver for another platform; argon2 and bcrypt carry their
# prebuilt binaries with them and need no install script.
FROM manifests AS production
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production LATCHKEY_DATA_DIR=/var/lib/latchkey
WORKDIR /app
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/packages/nest/package.json packages/nest/package.json
COPY --from=build /app/packages/nest/dist packages/nest/dist
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY config config
COPY docs/errors docs/errors
RUN install -d -o node -g node -m 0700 "$LATCHKEY_DATA_DIR"
USER node
VOLUME /var/lib/latchkey
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1: the service handles SIGTERM itself and starts no children that it would have to reap.
CMD ["node", "dist/src/cli/latchkey.js", "start"]
