# syntax=docker/dockerfile:1
# The trainer on a CPU. Build from the repository root: docker build -f deploy/docker/trainer.Dockerfile .

FROM node:20-bookworm-slim AS build
WORKDIR /src
ENV NX_DAEMON=false
COPY . .
RUN npm ci
RUN npx nx run-many -t build --projects=@housestyle/trainer
RUN npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production METRICS_PORT=9464
COPY --from=build --chown=node:node /src/package.json ./package.json
COPY --from=build --chown=node:node /src/node_modules ./node_modules
COPY --from=build --chown=node:node /src/libs ./libs
COPY --from=build --chown=node:node /src/models ./models
COPY --from=build --chown=node:node /src/prisma ./prisma
COPY --from=build --chown=node:node /src/apps/trainer ./apps/trainer
# a volume takes its owner from the folder it covers
RUN mkdir -p .housestyle /data && chown node:node .housestyle /data
USER node
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/trainer/dist/main.js"]
