# syntax=docker/dockerfile:1
# The HTTP api, the review page, and the command line to administer them. Build from the repository root: docker build -f deploy/docker/api.Dockerfile .

FROM node:20-bookworm-slim AS build
WORKDIR /src
ENV NX_DAEMON=false
COPY . .
RUN npm ci
RUN npx nx run-many -t build --projects=@housestyle/api,@housestyle/review,@housestyle/cli
RUN npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 REVIEW_PAGE=/app/apps/review/dist
COPY --from=build --chown=node:node /src/package.json ./package.json
COPY --from=build --chown=node:node /src/node_modules ./node_modules
COPY --from=build --chown=node:node /src/libs ./libs
COPY --from=build --chown=node:node /src/proto ./proto
COPY --from=build --chown=node:node /src/prisma ./prisma
COPY --from=build --chown=node:node /src/apps/api ./apps/api
COPY --from=build --chown=node:node /src/apps/cli ./apps/cli
COPY --from=build --chown=node:node /src/apps/review/dist ./apps/review/dist
# a volume takes its owner from the folder it covers
RUN mkdir -p .housestyle /data && chown node:node .housestyle /data
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/dist/main.js"]
