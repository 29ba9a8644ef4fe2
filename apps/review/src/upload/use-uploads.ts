import { useState, useSyncExternalStore } from 'react';
import { sendFile } from '../api/send-file';
import { UploadQueue, type Upload } from './upload-queue';

/** This page's queue, and what is in it. */
export function useUploads(): { queue: UploadQueue; uploads: readonly Upload[] } {
  const [queue] = useState(() => new UploadQueue(sendFile));
  return { queue, uploads: useSyncExternalStore(queue.subscribe, queue.snapshot) };
}
