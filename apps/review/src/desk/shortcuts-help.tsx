import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import classes from './shortcuts-help.module.css';

const SHORTCUTS: readonly [keys: readonly string[], what: string][] = [
  [['J', 'K', '←', '→', '↑', '↓'], 'Move between pictures'],
  [['Enter', 'A'], 'Accept, and on to the next'],
  [['E'], 'Edit in place; Enter saves, Esc cancels'],
  [['1', '…', '5'], 'Take another wording'],
  [['X', 'R'], 'Reject'],
  [['U'], 'Undo the last decision'],
  [['O', 'Space'], 'Open the large view; Esc closes it'],
  [['N'], 'Show captions that have just come in'],
  [['H'], 'Put away what is decided'],
  [['?'], 'This list'],
];

export function ShortcutsHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keyboard" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className={classes.list}>
        {SHORTCUTS.map(([keys, what]) => (
          <Fragment key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key} data-plain={key === '…' || undefined}>
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
