import { MAX_CAPTION_LENGTH } from '@housestyle/contracts';
import { useState, type KeyboardEvent } from 'react';
import { Button } from '../look/button';
import classes from './caption-editor.module.css';

interface CaptionEditorProps {
  readonly caption: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Stands exactly where the caption stood. Enter saves, Escape leaves; a line break means nothing in a caption. */
export function CaptionEditor({ caption, onSave, onCancel }: CaptionEditorProps) {
  const [text, setText] = useState(caption);
  const isEmpty = text.trim() === '';
  const save = () => {
    if (!isEmpty) onSave(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing || event.shiftKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      save();
    }
    if (event.key === 'Escape') onCancel();
  };
  return (
    <div className={classes.editor}>
      <textarea
        ref={focusAtEnd}
        className={classes.text}
        aria-label="Caption"
        rows={3}
        maxLength={MAX_CAPTION_LENGTH}
        dir="auto"
        spellCheck
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className={classes.actions}>
        <Button look="pencil" disabled={isEmpty} onClick={save}>
          Save
        </Button>
        <Button look="ghost" onClick={onCancel}>
          Cancel
        </Button>
        <span className={classes.hint}>
          <kbd>Enter</kbd> <kbd>Esc</kbd>
        </span>
      </div>
    </div>
  );
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  field?.focus({ preventScroll: true });
  field?.setSelectionRange(field.value.length, field.value.length);
}
