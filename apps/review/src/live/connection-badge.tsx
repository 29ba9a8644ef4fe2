import { Tooltip } from '@mantine/core';
import type { Connection } from '../api/event-stream';
import classes from './connection-badge.module.css';

const WORDS: Record<Connection, { label: string; explanation: string }> = {
  live: { label: 'Live', explanation: 'New captions appear by themselves.' },
  reconnecting: {
    label: 'Reconnecting',
    explanation: 'The connection was lost; trying again. You can go on reviewing.',
  },
  offline: { label: 'Offline', explanation: 'You are offline. Decisions are sent when the connection is back.' },
};

export function ConnectionBadge({ connection }: { connection: Connection }) {
  const { label, explanation } = WORDS[connection];
  return (
    <Tooltip label={explanation}>
      <span className={classes.badge} data-connection={connection} role="status" aria-label={`Connection: ${label}`}>
        <span className={classes.dot} aria-hidden />
        <span className={classes.label}>{label}</span>
      </span>
    </Tooltip>
  );
}
