import { IconUpload } from '@tabler/icons-react';
import { useRef } from 'react';
import { Button } from '../look/button';

export function UploadButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button look="pencil" aria-label="Upload pictures" onClick={() => input.current?.click()}>
        <IconUpload size={16} stroke={2} aria-hidden />
        <span data-wide>Upload</span>
      </Button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        multiple
        hidden
        aria-label="Pictures to upload"
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
