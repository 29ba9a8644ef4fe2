import type { Session } from '@housestyle/contracts';
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconKeyboard, IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import type { Connection } from '../api/event-stream';
import { ConnectionBadge } from '../live/connection-badge';
import { Button } from '../look/button';
import { Wordmark } from '../look/wordmark';
import { Link } from '../navigation/link';
import { DESK_PATH, LEARNING_PATH, type Route } from '../navigation/route';
import { useSignOut } from '../session/use-session';
import { UploadButton } from '../upload/upload-button';
import classes from './top-bar.module.css';

interface TopBarProps {
  readonly place: Route['place'];
  readonly session: Session;
  readonly connection: Connection;
  readonly onFiles: (files: File[]) => void;
  readonly onHelp: () => void;
}

export function TopBar({ place, session, connection, onFiles, onHelp }: TopBarProps) {
  const signOut = useSignOut();
  return (
    <header className={classes.bar}>
      <Wordmark />
      <div className={classes.tenant}>
        <strong title={session.tenant.name}>{session.tenant.name}</strong>
        <span title="The model that captions your pictures">base model {session.baseModel}</span>
      </div>
      <nav className={classes.places} aria-label="Places">
        <Link href={DESK_PATH} aria-current={place === 'desk' ? 'page' : undefined}>
          Desk
        </Link>
        <Link href={LEARNING_PATH} aria-current={place === 'learning' ? 'page' : place === 'run' ? 'true' : undefined}>
          Learning
        </Link>
      </nav>
      <div className={classes.tools}>
        <ConnectionBadge connection={connection} />
        {place === 'desk' && (
          <Button
            look="ghost"
            isIcon
            className={classes.keyboard}
            aria-label="Keyboard shortcuts"
            title="Keyboard (?)"
            onClick={onHelp}
          >
            <IconKeyboard size={19} stroke={1.6} aria-hidden />
          </Button>
        )}
        <SchemeButton />
        <Button look="ghost" isIcon aria-label="Sign out" title="Sign out" onClick={() => signOut.mutate()}>
          <IconLogout size={18} stroke={1.6} aria-hidden />
        </Button>
        {session.scopes.includes('upload') && <UploadButton onFiles={onFiles} />}
      </div>
    </header>
  );
}

function SchemeButton() {
  // the other way of changing schemes injects a <style> element, which the content security policy refuses
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const other = scheme === 'dark' ? 'light' : 'dark';
  const Icon = scheme === 'dark' ? IconSun : IconMoon;
  return (
    <Button
      look="ghost"
      isIcon
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      <Icon size={18} stroke={1.6} aria-hidden />
    </Button>
  );
}
