import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import type { GenerationSettings } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { embeddingFromBytes, embeddingToBytes, generationFromWire, generationToWire } from './conversions.js';
import type * as messages from './messages.js';
import { CAPTIONER_PACKAGE, captionerPackageDefinition, captionerServiceDefinition } from './package-definition.js';

type FieldsOf<Message> = Record<keyof Required<Message>, string>;

/** The compiler holds these names to messages.ts; the test below holds them, and their types, to the .proto. */
const FIELDS = {
  CaptionRequest: {
    baseModel: 'string',
    items: 'CaptionItem[]',
    generation: 'GenerationSettings',
  } satisfies FieldsOf<messages.CaptionRequest>,
  CaptionItem: {
    id: 'string',
    pixels: 'Pixels',
    embedding: 'Embedding',
    mapper: 'MapperReference',
  } satisfies FieldsOf<messages.CaptionItem>,
  Pixels: { rgb: 'bytes' } satisfies FieldsOf<messages.Pixels>,
  Embedding: { values: 'bytes' } satisfies FieldsOf<messages.Embedding>,
  MapperReference: { id: 'string', sha256: 'string', key: 'string' } satisfies FieldsOf<messages.WireMapperReference>,
  GenerationSettings: {
    decode: 'Decode',
    numBeams: 'uint32',
    maxNewTokens: 'uint32',
    stopTokenIds: 'uint32[]',
    scoring: 'Scoring',
    lengthPenalty: 'double',
    temperature: 'double',
    topK: 'uint32',
    topP: 'double',
    seed: 'uint32',
    numReturnSequences: 'uint32',
  } satisfies FieldsOf<messages.WireGenerationSettings>,
  CaptionResponse: {
    baseModel: 'string',
    baseModelSha256: 'string',
    results: 'CaptionResult[]',
  } satisfies FieldsOf<messages.CaptionResponse>,
  CaptionResult: {
    id: 'string',
    status: 'ItemStatus',
    mapperId: 'string',
    embedding: 'Embedding',
    hypotheses: 'Hypothesis[]',
  } satisfies FieldsOf<messages.CaptionResult>,
  ItemStatus: { code: 'string', message: 'string', isRetryable: 'bool' } satisfies FieldsOf<messages.ItemStatus>,
  Hypothesis: {
    text: 'string',
    score: 'double',
    tokens: 'uint32[]',
    isStopped: 'bool',
  } satisfies FieldsOf<messages.WireHypothesis>,
  InterpretRequest: {
    baseModel: 'string',
    items: 'CaptionItem[]',
    topK: 'uint32',
  } satisfies FieldsOf<messages.InterpretRequest>,
  InterpretResponse: {
    baseModel: 'string',
    baseModelSha256: 'string',
    results: 'InterpretResult[]',
  } satisfies FieldsOf<messages.InterpretResponse>,
  InterpretResult: {
    id: 'string',
    status: 'ItemStatus',
    mapperId: 'string',
    positions: 'PrefixPosition[]',
  } satisfies FieldsOf<messages.InterpretResult>,
  PrefixPosition: { norm: 'double', words: 'PrefixWord[]' } satisfies FieldsOf<messages.WirePrefixPosition>,
  PrefixWord: { tokenId: 'uint32', text: 'string', cosine: 'double' } satisfies FieldsOf<messages.WirePrefixWord>,
  ListBaseModelsRequest: {},
  ListBaseModelsResponse: { baseModels: 'BaseModel[]' } satisfies FieldsOf<messages.ListBaseModelsResponse>,
  BaseModel: {
    name: 'string',
    version: 'string',
    sha256: 'string',
    imageSize: 'uint32',
    embeddingSize: 'uint32',
  } satisfies FieldsOf<messages.BaseModel>,
};

describe('captioner messages', () => {
  it('have exactly the fields of the .proto', () => {
    expect(messagesOfProto()).toEqual(FIELDS);
  });

  it('name exactly the enums’ values of the .proto', () => {
    const decodes = {
      DECODE_UNSPECIFIED: true,
      DECODE_BEAM: true,
      DECODE_GREEDY: true,
      DECODE_NUCLEUS: true,
      DECODE_SAMPLE: true,
    } satisfies Record<messages.WireDecode, true>;
    const scorings = {
      SCORING_UNSPECIFIED: true,
      SCORING_CLIPCAP: true,
      SCORING_HF: true,
    } satisfies Record<messages.WireScoring, true>;
    const settings = captionerPackageDefinition()[`${CAPTIONER_PACKAGE}.GenerationSettings`] as MessageTypeDefinition<
      object,
      object
    >;
    const { enumType } = settings.type as unknown as { enumType: { name: string; value: { name: string }[] }[] };
    expect(Object.fromEntries(enumType.map(({ name, value }) => [name, value.map((each) => each.name)]))).toEqual({
      Decode: Object.keys(decodes),
      Scoring: Object.keys(scorings),
    });
  });

  it.each<GenerationSettings>([
    { decode: 'beam', numBeams: 4, maxNewTokens: 30, scoring: 'hf', lengthPenalty: 0, numReturnSequences: 2 },
    { decode: 'nucleus', numBeams: 1, maxNewTokens: 30 },
    {
      decode: 'sample',
      numBeams: 1,
      maxNewTokens: 30,
      temperature: 0.7,
      topK: 40,
      topP: 0.9,
      seed: 4_294_967_295,
      numReturnSequences: 5,
    },
  ])('carry %o', (settings) => {
    const method = captionerServiceDefinition().service['Caption'];
    const request = { baseModel: 'demo', items: [], generation: generationToWire(settings) };
    const read = method?.requestDeserialize(method.requestSerialize(request)) as messages.CaptionRequest;
    expect(generationFromWire(read.generation)).toEqual(settings);
  });

  it('survive the wire', () => {
    const method = captionerServiceDefinition().service['Caption'];
    const embedding = Float32Array.from([1.5, -0.25, Math.fround(1e-8)]);
    const request: messages.CaptionRequest = {
      baseModel: 'demo',
      items: [
        { id: 'a', embedding: { values: embeddingToBytes(embedding) } },
        { id: 'b', pixels: { rgb: Uint8Array.of(1, 2, 255) }, mapper: { id: 'm', sha256: 'f'.repeat(64), key: 'k' } },
      ],
      generation: generationToWire({ decode: 'greedy', numBeams: 1, maxNewTokens: 20, stopTokenIds: [13] }),
    };
    const read = method?.requestDeserialize(method.requestSerialize(request)) as messages.CaptionRequest;
    expect(embeddingFromBytes(read.items[0]?.embedding?.values as Uint8Array)).toEqual(embedding);
    expect(read.items[0]?.pixels).toBeUndefined();
    expect([...(read.items[1]?.pixels?.rgb ?? [])]).toEqual([1, 2, 255]);
    expect(generationFromWire(read.generation)).toEqual({
      decode: 'greedy',
      numBeams: 1,
      maxNewTokens: 20,
      stopTokenIds: [13],
    });
  });

  it('leave open what is unset', () => {
    expect(generationFromWire(null)).toEqual({});
    expect(generationFromWire({ decode: 'DECODE_UNSPECIFIED', numBeams: 0, maxNewTokens: 10 })).toEqual({
      maxNewTokens: 10,
    });
  });
});

type Definition = PackageDefinition[string];
type MessageDefinition = MessageTypeDefinition<object, object>;

const isMessage = (definition: Definition): definition is MessageDefinition =>
  definition.format === 'Protocol Buffer 3 DescriptorProto';

interface Descriptor {
  name: string;
  field: { name: string; type: string; label: string; typeName: string }[];
}

function messagesOfProto(): Record<string, Record<string, string>> {
  const definitions = Object.values(captionerPackageDefinition()).filter(isMessage);
  return Object.fromEntries(
    definitions.map(({ type }) => {
      const { name, field } = type as unknown as Descriptor;
      return [name, Object.fromEntries(field.map((entry) => [entry.name, typeOf(entry)]))];
    }),
  );
}

function typeOf({ type, label, typeName }: Descriptor['field'][number]): string {
  const scalar = type.replace('TYPE_', '').toLowerCase();
  const name = scalar === 'message' || scalar === 'enum' ? typeName.split('.').at(-1) : scalar;
  return label === 'LABEL_REPEATED' ? `${name}[]` : `${name}`;
}
