import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import {
  AnnounceAssetSchema,
  PROBLEM_CONTENT_TYPE,
  ProblemSchema,
  SESSION_COOKIE,
  UPLOAD_FILE_FIELD,
  UploadFieldsSchema,
} from '@housestyle/contracts';
import { z } from 'zod';

const DESCRIPTION = `Captions for every picture of a media library, in the library's own house style.

Send \`Authorization: Bearer <API key>\`. Every id belongs to one tenant; another tenant's id is a 404. Lists are paged
by keyset: pass \`nextCursor\` back as \`cursor\`. Errors are problem details (RFC 9457) with a stable \`code\`. Too many
requests, or assets over the tenant's quota of a day, are a 429 that says in \`Retry-After\` when to come again.`;

type JsonSchema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** The routes' own schemas, plus what holds for all of them. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Housestyle')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'an API key, hs_…' })
    .addCookieAuth(SESSION_COOKIE, { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE }, SESSION_COOKIE)
    .addSecurityRequirements('bearer')
    .addSecurityRequirements(SESSION_COOKIE)
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
  });
  describeUploads(document);
  describeProblems(document);
  return document;
}

/** `/docs` for people, `/docs-json` for machines. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Housestyle API',
    swaggerOptions: { persistAuthorization: false, validatorUrl: null },
  });
}

/** Two kinds of body on one route are more than a decorator can say. */
function describeUploads(document: OpenAPIObject): void {
  const fields = jsonSchema(UploadFieldsSchema);
  const file = { type: 'array', items: { type: 'string', format: 'binary' } };
  const post = document.paths['/v1/assets']?.post;
  if (!post) throw new Error('the route of uploads has moved');
  post.requestBody = {
    required: true,
    content: {
      'multipart/form-data': {
        schema: {
          ...fields,
          properties: { ...('properties' in fields && fields.properties), [UPLOAD_FILE_FIELD]: file },
          required: [UPLOAD_FILE_FIELD],
        },
      },
      'application/json': { schema: component(document, 'AnnounceAsset', AnnounceAssetSchema) },
    },
  };
}

function describeProblems(document: OpenAPIObject): void {
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { [PROBLEM_CONTENT_TYPE]: { schema: component(document, 'Problem', ProblemSchema) } },
  };
  for (const [path, item] of Object.entries(document.paths)) {
    if (!path.startsWith('/v1/')) continue;
    for (const operation of [item.get, item.put, item.post, item.delete]) {
      if (operation) operation.responses['default'] = problem;
    }
  }
}

/** Adds a schema that carries its own id (`.meta({ id })`) to the document. @returns a reference to it */
function component(document: OpenAPIObject, id: string, schema: z.ZodType): { $ref: string } {
  const { definitions } = jsonSchema(schema) as { definitions?: Record<string, JsonSchema> };
  const named = definitions?.[id];
  if (!named) throw new Error(`the schema ${id} does not carry that id`);
  ((document.components ??= {}).schemas ??= {})[id] = named;
  return { $ref: `#/components/schemas/${id}` };
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as JsonSchema;
}
