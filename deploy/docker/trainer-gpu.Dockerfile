# syntax=docker/dockerfile:1
# The trainer on an NVIDIA GPU, by TensorFlow.js. Build from the repository root:
# docker build -f deploy/docker/trainer-gpu.Dockerfile . ; run with --gpus 1

FROM node:20-bookworm AS build
WORKDIR /src
ENV NX_DAEMON=false
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev
# an optional dependency that downloads libtensorflow, so it is taken only here
RUN npm install --no-save --omit=dev @tensorflow/tfjs-node-gpu@4.22.0

FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
ENV NODE_ENV=production METRICS_PORT=9464 TRAINER_ENGINE=tensorflow
COPY --from=build /src/package.json ./package.json
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/libs ./libs
COPY --from=build /src/models ./models
COPY --from=build /src/prisma ./prisma
COPY --from=build /src/apps/trainer ./apps/trainer
RUN useradd --create-home housestyle && mkdir -p .housestyle /data && chown housestyle:housestyle .housestyle /data
USER housestyle
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/trainer/dist/main.js"]
