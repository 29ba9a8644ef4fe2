import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import feedClasses from './suggestion-feed.module.css';
import classes from './feed-states.module.css';

/** Where cards are about to be. */
export function FeedSkeleton({ count = 10 }: { count?: number }) {
  return (
    <div className={feedClasses.grid} aria-hidden>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={classes.card}>
          <Skeleton className={classes.picture} radius={0} />
          <div className={classes.lines}>
            <Skeleton height={14} width="94%" />
            <Skeleton height={14} width="60%" />
            <Skeleton height={34} mt={24} />
          </div>
        </div>
      ))}
    </div>
  );
}

interface FeedMessageProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly role?: 'alert' | 'status';
}

/** What stands where cards would be: nothing yet, nothing left, or nothing came. */
export function FeedMessage({ icon, title, children, role = 'status' }: FeedMessageProps) {
  return (
    <div className={classes.message} role={role}>
      <span className={classes.icon} aria-hidden>
        {icon}
      </span>
      <h2>{title}</h2>
      <div className={classes.text}>{children}</div>
    </div>
  );
}
