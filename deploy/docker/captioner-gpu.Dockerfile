# syntax=docker/dockerfile:1
# The captioner on an NVIDIA GPU: onnxruntime-node with its CUDA execution provider. Build from the repository root:
# docker build -f deploy/docker/captioner-gpu.Dockerfile . ; run with --gpus 1 (without a GPU it does not start)

FROM node:20-bookworm-slim AS build
WORKDIR /src
ENV NX_DAEMON=false
COPY . .
# the checkout's .npmrc skips the CUDA libraries of onnxruntime-node; here they are wanted
RUN sed -i '/onnxruntime-node-install/d' .npmrc && npm ci
RUN npx nx run-many -t build --projects=@housestyle/captioner
RUN npm prune --omit=dev

FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
# fp32 is the reference: not TF32
ENV NVIDIA_TF32_OVERRIDE=0
ENV NODE_ENV=production CAPTIONER_HOST=0.0.0.0 CAPTIONER_PORT=50051 METRICS_PORT=9464 \
  DEVICE=cuda WORKERS=1
COPY --from=build /src/package.json ./package.json
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/libs ./libs
COPY --from=build /src/proto ./proto
COPY --from=build /src/models ./models
COPY --from=build /src/apps/captioner ./apps/captioner
RUN useradd --create-home housestyle && mkdir -p .housestyle /data && chown housestyle:housestyle .housestyle /data
USER housestyle
EXPOSE 50051 9464
# its base models are loaded first, and may be large
HEALTHCHECK --interval=10s --timeout=3s --start-period=5m CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/captioner/dist/main.js"]
