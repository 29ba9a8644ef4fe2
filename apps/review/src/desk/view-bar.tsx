import type { Session } from '@housestyle/contracts';
import type { ReactNode } from 'react';
import { countOf, VIEW_NAMES, VIEWS, type View } from './view';
import classes from './view-bar.module.css';

interface ViewBarProps {
  readonly view: View;
  readonly counts: Session['counts'];
  readonly children?: ReactNode;
}

const numbers = new Intl.NumberFormat('en');

/** The views with their counts, as links: the address bar and the back button know them. */
export function ViewBar({ view, counts, children }: ViewBarProps) {
  return (
    <div className={classes.bar}>
      <nav className={classes.views} aria-label="Views">
        {VIEWS.map((each) => (
          <a
            key={each}
            href={`#${each}`}
            className={classes.view}
            aria-current={each === view ? 'page' : undefined}
            data-view={each}
            data-empty={countOf(each, counts) === 0 || undefined}
          >
            {VIEW_NAMES[each]} <span className={classes.count}>{numbers.format(countOf(each, counts))}</span>
          </a>
        ))}
      </nav>
      <div className={classes.aside}>
        {counts.assets.received > 0 && (
          <span className={classes.waiting} role="status">
            {numbers.format(counts.assets.received)} being captioned
          </span>
        )}
        {children}
      </div>
    </div>
  );
}
