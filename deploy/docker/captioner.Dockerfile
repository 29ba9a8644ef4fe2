# syntax=docker/dockerfile:1
# The captioner on a CPU. Build from the repository root: docker build -f deploy/docker/captioner.Dockerfile .

FROM node:20-bookworm-slim AS build
WORKDIR /src
ENV NX_DAEMON=false
COPY . .
RUN npm ci
RUN npx nx run-many -t build --projects=@housestyle/captioner
RUN npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production CAPTIONER_HOST=0.0.0.0 CAPTIONER_PORT=50051 METRICS_PORT=9464
COPY --from=build --chown=node:node /src/package.json ./package.json
COPY --from=build --chown=node:node /src/node_modules ./node_modules
COPY --from=build --chown=node:node /src/libs ./libs
COPY --from=build --chown=node:node /src/proto ./proto
COPY --from=build --chown=node:node /src/models ./models
COPY --from=build --chown=node:node /src/apps/captioner ./apps/captioner
# a volume takes its owner from the folder it covers
RUN mkdir -p .housestyle /data && chown node:node .housestyle /data
USER node
EXPOSE 50051 9464
# its base models are loaded first, and may be large
HEALTHCHECK --interval=10s --timeout=3s --start-period=5m CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/captioner/dist/main.js"]
