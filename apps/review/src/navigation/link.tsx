import type { ComponentPropsWithRef, MouseEvent } from 'react';
import { goTo } from './use-route';

/** A real link that changes the place without loading the page anew; new tabs and bookmarks work as ever. */
export function Link({ href, onClick, ...rest }: ComponentPropsWithRef<'a'> & { readonly href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain) return;
    event.preventDefault();
    goTo(href);
  };
  return <a {...rest} href={href} onClick={follow} />;
}
