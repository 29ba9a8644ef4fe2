import { AcceptedAssetsSchema, REQUEST_HEADER, UPLOAD_FILE_FIELD, type AcceptedAssets } from '@housestyle/contracts';
import { problemFrom, unreachable } from './client';

export type AcceptedAsset = AcceptedAssets['items'][number];

/**
 * Uploads one picture; `onProgress` hears the sent share, 0–1. XMLHttpRequest, because `fetch` cannot tell how far
 * an upload is.
 */
export async function sendFile(file: File, onProgress: (share: number) => void): Promise<AcceptedAsset> {
  const text = await post(file, onProgress);
  return AcceptedAssetsSchema.parse(JSON.parse(text)).items[0];
}

function post(file: File, onProgress: (share: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/v1/assets');
    request.setRequestHeader(REQUEST_HEADER, 'review');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      if (request.status < 300) resolve(request.responseText);
      else reject(problemFrom(request.status, request.responseText));
    };
    const form = new FormData();
    form.append(UPLOAD_FILE_FIELD, file, file.name);
    request.send(form);
  });
}
