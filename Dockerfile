# Builds Headrace and runs one of its processes: bridge by default, worker with `command: [worker]`.
FROM node:22.12-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22.12-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/bin bin
COPY --from=build /app/demo demo
USER node
ENTRYPOINT ["node", "bin/headrace.js"]
CMD ["bridge"]
