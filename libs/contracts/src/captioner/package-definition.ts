import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type GrpcObject, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync, type Options, type PackageDefinition } from '@grpc/proto-loader';

export const CAPTIONER_PACKAGE = 'housestyle.captioner.v1';
export const CAPTIONER_SERVICE = `${CAPTIONER_PACKAGE}.Captioner`;

/** 32 pictures of 288 × 288 × 3 bytes are 8 MB, twice gRPC's default limit; both sides raise theirs to this. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What server and client must agree on for messages.ts to be true. */
export const LOADER_OPTIONS = {
  keepCase: false,
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  objects: false,
  oneofs: false,
} as const satisfies Options;

const PROTO = join('captioner', 'v1', 'captioner.proto');

/**
 * The .proto file, found in `proto/` of the nearest directory above this module: the checkout's root, or a Docker
 * image's application directory, whether the package is linked or copied into node_modules there.
 */
export function captionerProtoPath(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const candidate = join(directory, 'proto', PROTO);
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) throw new Error(`proto/${PROTO} is in no directory above ${start}`);
  }
}

/** The contract as @grpc/proto-loader reads it. */
export const captionerPackageDefinition = (): PackageDefinition => loadSync(captionerProtoPath(), LOADER_OPTIONS);

/** The service's client class and `.service` definition, for grpc-js. */
export function captionerServiceDefinition(): ServiceClientConstructor {
  let node: GrpcObject | undefined = loadPackageDefinition(captionerPackageDefinition());
  for (const part of CAPTIONER_PACKAGE.split('.')) node = node?.[part] as GrpcObject | undefined;
  return node?.['Captioner'] as ServiceClientConstructor;
}
