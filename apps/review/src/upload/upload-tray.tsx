import { IconAlertTriangle, IconCheck, IconLoader2, IconRefresh, IconX } from '@tabler/icons-react';
import { wordsFor } from '../api/problem-words';
import { Button } from '../look/button';
import type { Upload, UploadPhase, UploadQueue } from './upload-queue';
import classes from './upload-tray.module.css';

const PHASE_WORDS: Record<Exclude<UploadPhase, 'sending' | 'failed'>, string> = {
  queued: 'Waiting',
  landed: 'Being captioned…',
  captioned: 'Captioned',
};

/** Every file of this visit in the corner, until it is put away. */
export function UploadTray({ uploads, queue }: { uploads: readonly Upload[]; queue: UploadQueue }) {
  if (uploads.length === 0) return null;
  const busy = uploads.filter(({ phase }) => phase === 'queued' || phase === 'sending').length;
  const failed = uploads.filter(({ phase }) => phase === 'failed').length;
  const title = busy > 0 ? `Uploading ${busy} of ${uploads.length}` : `${uploads.length - failed} uploaded`;
  return (
    <section className={classes.tray} aria-label="Uploads">
      <header className={classes.header}>
        <strong aria-live="polite">{failed > 0 ? `${title}, ${failed} failed` : title}</strong>
        <Button look="ghost" isIcon aria-label="Put finished uploads away" onClick={() => queue.clearFinished()}>
          <IconX size={16} aria-hidden />
        </Button>
      </header>
      <ul className={classes.list}>
        {uploads.map((upload) => (
          <UploadRow key={upload.id} upload={upload} onRetry={() => queue.retry(upload.id)} />
        ))}
      </ul>
    </section>
  );
}

function UploadRow({ upload, onRetry }: { upload: Upload; onRetry: () => void }) {
  const { name, phase, progress, problem, isNew } = upload;
  const percent = Math.round(progress * 100);
  return (
    <li className={classes.row} data-phase={phase}>
      <PhaseIcon phase={phase} />
      <div className={classes.words}>
        <span className={classes.name} title={name}>
          {name}
        </span>
        {phase === 'sending' ? (
          <progress className={classes.progress} max={100} value={percent} aria-label={`Sent of ${name}`} />
        ) : (
          <span className={classes.note}>
            {problem ? wordsFor(problem.code, problem.message) : noteFor(phase, isNew)}
            {problem && <code>{problem.code}</code>}
          </span>
        )}
      </div>
      {upload.canRetry && (
        <Button look="ghost" isIcon aria-label={`Try ${name} again`} title="Try again" onClick={onRetry}>
          <IconRefresh size={16} aria-hidden />
        </Button>
      )}
    </li>
  );
}

function noteFor(phase: UploadPhase, isNew: boolean): string {
  if (!isNew && phase !== 'failed') return 'It was in the library already';
  return phase === 'sending' || phase === 'failed' ? '' : PHASE_WORDS[phase];
}

function PhaseIcon({ phase }: { phase: UploadPhase }) {
  if (phase === 'failed') return <IconAlertTriangle size={18} stroke={1.8} aria-hidden />;
  if (phase === 'captioned') return <IconCheck size={18} stroke={2.2} aria-hidden />;
  return <IconLoader2 size={18} stroke={1.8} className={classes.spinner} aria-hidden />;
}
