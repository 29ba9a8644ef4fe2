# syntax=docker/dockerfile:1
# The trainer on an NVIDIA GPU, with TensorFlow.js beside the onnx engine. Build from the repository root:
# docker build -f deploy/docker/trainer.Dockerfile . ; run with --gpus 1

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
ENV NODE_ENV=production
COPY --from=build /src/package.json ./package.json
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/libs ./libs
COPY --from=build /src/models ./models
COPY --from=build /src/prisma ./prisma
COPY --from=build /src/apps ./apps
RUN useradd --create-home housestyle
USER housestyle
CMD ["node", "apps/trainer/dist/main.js"]
