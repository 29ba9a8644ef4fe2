import type { WantedFiles } from '@housestyle/checkpoints';

/** Files of one repository of the hub. */
export interface HubSource {
  readonly repository: string;
  /** a commit where one is known, so that nobody can change what is pulled. */
  readonly revision?: string;
  readonly wanted: WantedFiles;
}

/** A base model that `models pull` knows by name: which published files make it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly description: string;
  /** `config`: in place of a config.json that the repository does not have. */
  readonly clip: HubSource & { readonly config?: object };
  readonly gpt2: HubSource;
  /** ClipCap's own `.pt`; undefined where no repository of the hub is known to hold it. */
  readonly weights?: HubSource & { readonly file: string };
  /** whether ClipCap's `.pt` holds a GPT-2 of its own; if not, the plain one's weights are pulled. */
  readonly isGpt2Tuned: boolean;
  /** whether the mapper was trained on embeddings of length 1: its weights do not say. */
  readonly isPrefixNormalized: boolean;
  /** where its authors have it, for who wants theirs, or finds no other. */
  readonly officialWeights: string;
  /** of all that is pulled, as the pages say it. */
  readonly megabytes: number;
  readonly licence: string;
  /** what was seen, and where; nothing else is claimed. */
  readonly seen: string;
}

const OFFICIAL = 'github.com/rmokady/CLIP_prefix_caption';

const TOKENIZER = ['vocab.json', 'merges.txt'];

/** In the layout of Hugging Face's CLIPModel. Its main branch is tagged PyTorch, and not Safetensors: either will do. */
const VIT_B_32: HubSource = {
  repository: 'openai/clip-vit-base-patch32',
  wanted: {
    required: [
      'config.json',
      'preprocessor_config.json',
      ...TOKENIZER,
      ['model.safetensors', 'pytorch_model.bin'],
    ],
  },
};

/** In OpenAI's own names, as OpenCLIP keeps it; its config.json is of another program. */
const RN50X4: CatalogueEntry['clip'] = {
  repository: 'timm/resnet50x4_clip.openai',
  wanted: { required: ['open_clip_config.json', ...TOKENIZER, 'open_clip_model.safetensors'] },
  config: { projection_dim: 640 },
};

const gpt2 = (...weights: string[]): HubSource => ({
  repository: 'openai-community/gpt2',
  wanted: { required: ['config.json', ...TOKENIZER, ...weights] },
});

const LICENCES =
  'code: MIT; weights: none stated; GPT-2: MIT; CLIP: its model card puts any deployed use out of scope without tests of its own';

const MIRRORED = `on huggingface.co, the file lists of the weights' and GPT-2's repositories, and CLIP's tags on pages of its copies (PyTorch, not Safetensors); the README of ${OFFICIAL} links the Space akhaliq/CLIP_prefix_captioning, whose weights these are`;

export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: 'clipcap-coco',
    description: 'Official ClipCap, COCO: MLP mapper, tuned GPT-2, CLIP ViT-B/32. Plain sentences on photographs.',
    clip: VIT_B_32,
    gpt2: gpt2(),
    weights: {
      repository: 'akhaliq/CLIP-prefix-captioning-COCO-weights',
      file: 'coco_weights.pt',
      wanted: { required: ['coco_weights.pt'] },
    },
    isGpt2Tuned: true,
    isPrefixNormalized: false,
    officialWeights: 'https://drive.google.com/file/d/1IdaBtMSvtyzF0ByVaBHtvM0JYSXRExRX/view',
    megabytes: 1243,
    licence: LICENCES,
    seen: MIRRORED,
  },
  {
    name: 'clipcap-conceptual',
    description: 'Official ClipCap, Conceptual Captions: MLP mapper, tuned GPT-2, CLIP ViT-B/32. The style of alt texts.',
    clip: VIT_B_32,
    gpt2: gpt2(),
    weights: {
      repository: 'akhaliq/CLIP-prefix-captioning-conceptual-weights',
      revision: '7851f7b3a552313405818648fe807ada460478b0',
      file: 'conceptual_weights.pt',
      wanted: { required: ['conceptual_weights.pt'] },
    },
    isGpt2Tuned: true,
    isPrefixNormalized: false,
    officialWeights: 'https://drive.google.com/file/d/14pXWwB4Zm82rsDdvbGguLfx9F8aM7ovT/view',
    megabytes: 1243,
    licence: LICENCES,
    seen: MIRRORED,
  },
  {
    name: 'clipcap-coco-transformer',
    description: 'Official ClipCap, COCO: transformer mapper (40 + 40), frozen GPT-2, CLIP RN50x4.',
    clip: RN50X4,
    gpt2: gpt2('model.safetensors'),
    isGpt2Tuned: false,
    isPrefixNormalized: true,
    officialWeights: 'https://drive.google.com/file/d/1GYPToCqFREwi285wPLhuVExlz7DDUDfJ/view',
    megabytes: 1265,
    licence: LICENCES,
    seen: `the README of ${OFFICIAL}, which links the weights; the file lists of the other repositories on huggingface.co. No repository of the hub with these weights was found`,
  },
];

/** What to do about weights that are on no hub. */
export function adviceOn({ name, officialWeights, isPrefixNormalized, clip, gpt2 }: CatalogueEntry): string {
  const flag = isPrefixNormalized ? '--normalize-prefix ' : '';
  return [
    `Fetch them from ${officialWeights}, then`,
    `  housestyle models pull ${name} --weights WEIGHTS.pt`,
    `which pulls ${clip.repository} and ${gpt2.repository}; or, with both at hand,`,
    `  housestyle import clipcap WEIGHTS.pt ${flag}--clip DIR --gpt2 DIR --out ${name}`,
  ].join('\n');
}
