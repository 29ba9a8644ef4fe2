import { useEffect, useState } from 'react';
import { ReviewClock } from './review-clock';

/** A clock that runs on the active suggestion and stands still while the page is hidden. */
export function useReviewClock(activeId: string | undefined): ReviewClock {
  const [clock] = useState(() => new ReviewClock());

  useEffect(() => clock.look(activeId), [clock, activeId]);

  useEffect(() => {
    const follow = () => (document.hidden ? clock.pause() : clock.resume());
    document.addEventListener('visibilitychange', follow);
    return () => document.removeEventListener('visibilitychange', follow);
  }, [clock]);

  return clock;
}
