import { verdictSentences, type Readiness, type TrainingRun } from '@housestyle/contracts';
import { counted } from './figures';

export const STATUS_WORDS: Record<TrainingRun['status'], string> = {
  requested: 'Waiting',
  running: 'Learning',
  promoted: 'Promoted',
  refused: 'Not promoted',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export const TRIGGER_WORDS: Record<TrainingRun['trigger'], string> = {
  schedule: 'by timetable',
  threshold: 'after enough reviews',
  demand: 'on request',
};

/** The way of a run, for people; what the trainer calls its stages is shown beside it. */
export const STAGES = ['Reading', 'Trying out', 'Learning', 'Testing'] as const;

const EXPLANATIONS = [
  'It reads the reviewed captions and writes its own beside them.',
  'It learns from most captions and tries itself on the others, to find out how far to go.',
  'It learns from the captions, but for those set apart to judge it by or to choose how much of it to keep.',
  'It writes captions it has never seen, and they are compared with yours.',
] as const;

/** A run that waits longer has no trainer, or a busy one. */
const PATIENCE_MS = 90_000;

export interface StageWords {
  /** in `STAGES` */
  readonly index: number;
  readonly explanation: string;
}

/** What a run is called: by what it made, else by what it learned from. */
export function runName({ mapper, counts }: Pick<TrainingRun, 'mapper' | 'counts'>): string {
  return mapper?.name ?? (counts.training === 0 ? 'New run' : `Run from ${counted(counts.training, 'caption')}`);
}

/** Where a running run is. A last step done means that what follows is being judged. */
export function stageOf(run: Pick<TrainingRun, 'status' | 'progress' | 'requestedAt'>, nowMs: number): StageWords {
  const { status, progress, requestedAt } = run;
  if (status === 'requested' && nowMs - Date.parse(requestedAt) > PATIENCE_MS)
    return { index: -1, explanation: 'No trainer has taken it up yet. Is one running, or busy with others?' };
  if (status === 'requested' || !progress)
    return { index: -1, explanation: 'It starts as soon as the trainer is free, which is seldom more than a moment.' };
  return explained(indexOf(progress));
}

function indexOf({ stage, step, steps }: NonNullable<TrainingRun['progress']>): number {
  if (stage === 'choosing') return 1;
  if (stage === 'training') return steps > 0 && step >= steps ? 3 : 2;
  return isFold(stage) ? 3 : 0;
}

/** Folds learn apart from the candidate, to judge it. */
export const isFold = (stage: string): boolean => stage.startsWith('fold');

const explained = (index: number): StageWords => ({ index, explanation: EXPLANATIONS[index] ?? '' });

/** Why a run ended as it did, sentence by sentence; none while it goes on. */
export function reasonsOf({ status, reason }: Pick<TrainingRun, 'status' | 'reason'>): string[] {
  if (status === 'requested' || status === 'running' || reason === null) return [];
  // an error's code is for the engineer, who finds it among the details
  if (status === 'failed') return [`Something went wrong: ${asSentence(reason.replace(/^[a-z_]+: /, ''))}`];
  return verdictSentences(reason).map(asSentence);
}

/** The first word in upper case, a full stop at the end. */
export function asSentence(words: string): string {
  const text = words.trim();
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** “judged by 12 captions held apart”. */
export function judgedBy({ figures }: Pick<TrainingRun, 'figures'>): string | undefined {
  if (figures?.nHoldOut === undefined) return undefined;
  const captions = counted(figures.nHoldOut, 'caption');
  return figures.isCrossValidated
    ? `${captions}, each judged by a version that had not seen it (cross-validated: too few to set any apart)`
    : `${captions} held apart, never learned from`;
}

/** What is there and what is missing, in one line. */
export function readinessHeadline({ state, pictures, missing }: Readiness): string {
  if (state === 'cold') return 'Nothing to learn from yet';
  if (state === 'warming') return `${counted(missing, 'more picture')} to go`;
  return `Ready: ${counted(pictures, 'reviewed picture')}`;
}
