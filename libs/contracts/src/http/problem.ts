import { ERROR_CODES, type ErrorCode } from '@housestyle/domain';
import { z } from 'zod';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

const ERROR_CODE_LIST = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

export const ErrorCodeSchema = z.enum(ERROR_CODE_LIST).describe('stable; added to, never renamed');

/** Every answer of status 4xx or 5xx under `/v1` (RFC 9457). Act on `code`; `title` and `detail` are for people. */
export const ProblemSchema = z
  .object({
    type: z.string().describe('`urn:housestyle:problem:<code>`'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    instance: z.string().optional().describe('the path asked for'),
    code: ErrorCodeSchema,
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('which fields of the request are wrong'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof ProblemSchema>;
