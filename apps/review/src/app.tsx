import { Loader } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { wordsForError } from './api/problem-words';
import { Desk } from './desk/desk';
import { Button } from './look/button';
import { SignIn } from './session/sign-in';
import { useSession } from './session/use-session';
import { FeedMessage } from './suggestions/feed-states';

/** Signed in: the desk. Not: the way in. */
export function App() {
  const session = useSession();
  if (session.data) return <Desk key={session.data.tenant.id} session={session.data} />;
  if (session.data === null) return <SignIn />;
  if (session.isError)
    return (
      <FeedMessage icon={<IconPlugConnectedX size={34} stroke={1.4} />} title="Housestyle is not there" role="alert">
        {wordsForError(session.error)}
        <br />
        <Button onClick={() => void session.refetch()}>Try again</Button>
      </FeedMessage>
    );
  return (
    <div className="first-load">
      <Loader type="dots" aria-label="Loading" />
    </div>
  );
}
