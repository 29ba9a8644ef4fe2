import { IconArrowUp } from '@tabler/icons-react';
import classes from './desk.module.css';

/** Says, and shows when pressed, what has come in while the editor was busy further down. */
export function NewcomersButton({ count, onShow }: { count: number; onShow: () => void }) {
  const words = count === 1 ? '1 new caption' : `${count} new captions`;
  return (
    <>
      <span className="visually-hidden" role="status">
        {count > 0 && words}
      </span>
      {count > 0 && (
        <button type="button" className={classes.newcomers} title="Show them (N)" onClick={onShow}>
          <IconArrowUp size={16} stroke={2.2} aria-hidden />
          {words}
        </button>
      )}
    </>
  );
}
