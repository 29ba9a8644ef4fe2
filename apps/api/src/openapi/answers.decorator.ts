import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiResponse, type ApiResponseMetadata } from '@nestjs/swagger';

type Schema = NonNullable<ApiResponseMetadata['standardSchema']>;

/** The status of success and the schema of its body; errors are Problems everywhere, said once in the document. */
export const Answers = (status: number, schema: Schema, description = 'done') =>
  applyDecorators(HttpCode(status), ApiResponse({ status, standardSchema: schema, description }));

/** Success without a body. */
export const AnswersNothing = (description = 'done') =>
  applyDecorators(HttpCode(204), ApiResponse({ status: 204, description }));
