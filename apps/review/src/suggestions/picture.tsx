import { IconPhotoOff } from '@tabler/icons-react';
import { useState } from 'react';
import classes from './picture.module.css';

/**
 * The whole picture, whatever its shape, on a matte of its own blurred colours. `src` null: nothing to show (yet).
 * The alternative text is empty: the caption beside it is the text.
 */
export function Picture({ src, isEager = false }: { src: string | null; isEager?: boolean }) {
  const [failedSrc, setFailedSrc] = useState<string | null>(null);
  if (src === null || src === failedSrc)
    return (
      <span className={classes.frame} data-empty>
        <IconPhotoOff size={28} stroke={1.4} aria-hidden />
        <span className="visually-hidden">No preview</span>
      </span>
    );
  const loading = isEager ? 'eager' : 'lazy';
  return (
    <span className={classes.frame}>
      <img
        className={classes.matte}
        src={src}
        alt=""
        aria-hidden
        loading={loading}
        decoding="async"
        draggable={false}
      />
      <img
        className={classes.picture}
        src={src}
        alt=""
        loading={loading}
        decoding="async"
        draggable={false}
        onError={() => setFailedSrc(src)}
      />
    </span>
  );
}
