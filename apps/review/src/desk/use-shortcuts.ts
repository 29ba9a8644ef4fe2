import { useEffect, useEffectEvent } from 'react';

export type Shortcuts = Readonly<Record<string, () => void>>;

const TEXT_FIELDS = 'input, textarea, select, [contenteditable]';
/** where Enter and Space already mean something */
const PRESSABLE = 'button, a, [role="menuitem"]';

/**
 * Runs `shortcuts[event.key]` (letters in lower case) for keys pressed anywhere on the page, except while typing, in
 * a menu, or with Ctrl, Alt or Meta held; Enter and Space stay with a focused button.
 */
export function useShortcuts(shortcuts: Shortcuts, isEnabled: boolean): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TEXT_FIELDS) || target.closest('[role="menu"]')) return;
    if ((event.key === 'Enter' || event.key === ' ') && target.closest(PRESSABLE)) return;
    const run = shortcuts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });

  useEffect(() => {
    if (!isEnabled) return;
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [isEnabled]);
}
