import { PasswordInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { wordsForError } from '../api/problem-words';
import { Button } from '../look/button';
import { Wordmark } from '../look/wordmark';
import classes from './sign-in.module.css';
import { useSignIn } from './use-session';

export function SignIn() {
  const [apiKey, setApiKey] = useState('');
  const signIn = useSignIn();
  const isEmpty = apiKey.trim() === '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isEmpty) signIn.mutate(apiKey.trim());
  };
  return (
    <main className={classes.page}>
      <div className={classes.sheet} aria-hidden>
        {FRAMES.map((frame) => (
          <span key={frame} data-frame={frame} />
        ))}
      </div>
      <form className={classes.panel} onSubmit={submit}>
        <Wordmark />
        <h1 className={classes.title}>Captions in your house style.</h1>
        <p className={classes.lead}>Every new picture arrives with a suggestion. You have the last word.</p>
        <PasswordInput
          label="API key"
          placeholder="hs_…"
          size="md"
          autoFocus
          autoComplete="current-password"
          value={apiKey}
          onChange={(event) => setApiKey(event.currentTarget.value)}
          error={signIn.error ? wordsForError(signIn.error) : undefined}
          errorProps={{ role: 'alert' }}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
        />
        <Button type="submit" look="pencil" className={classes.submit} disabled={isEmpty || signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
        <p className={classes.note}>The key is kept in a cookie that no script can read, until you sign out.</p>
      </form>
    </main>
  );
}

const FRAMES = Array.from({ length: 12 }, (_, index) => index);
