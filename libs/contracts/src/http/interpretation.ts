import { z } from 'zod';

export const MAX_INTERPRETATION_WORDS = 50;

/** One vector of a prefix, said in words. */
export const PrefixPositionSchema = z.object({
  norm: z.number().nonnegative().describe('Euclidean length of the vector'),
  words: z
    .array(
      z.object({
        text: z.string().describe('a vocabulary word, with the space it may begin with'),
        cosine: z.number().describe('of the angle between the word’s embedding and the vector'),
      }),
    )
    .describe('nearest first'),
});
export type PrefixPosition = z.infer<typeof PrefixPositionSchema>;

/** What the mapper that wrote a suggestion told the decoder about the picture, in the nearest vocabulary words. */
export const InterpretationSchema = z
  .object({
    mapper: z.object({
      id: z.string().describe('`base`: the base model’s own; else a mapper version of this tenant'),
      name: z.string(),
    }),
    positions: z.array(PrefixPositionSchema).describe('of the prefix, in order'),
  })
  .meta({ id: 'Interpretation' });
export type Interpretation = z.infer<typeof InterpretationSchema>;

/** `GET /v1/suggestions/{id}/interpretation` */
export const InterpretationQuerySchema = z.object({
  words: z.coerce.number().int().min(1).max(MAX_INTERPRETATION_WORDS).default(5).describe('of each position'),
});
export type InterpretationQuery = z.output<typeof InterpretationQuerySchema>;
