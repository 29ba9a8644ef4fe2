import { Socket } from 'node:net';
import type { ClientConfig } from 'pg';

/** Time to read what may lie there already: a process that was stopped itself wakes up to its timers first. */
const LAST_LOOK_MS = 1_000;

/**
 * Settings of a connection that is given up when its server neither answers nor sends anything for `silenceMs`: a
 * server that hangs, or a network that swallows what is sent, would hold its caller for a quarter of an hour else.
 * Nobody may be idle on it for as long: a pool closes its idle connections earlier, others are asked now and then.
 */
export const limitSilence = (silenceMs: number): Pick<ClientConfig, 'stream' | 'keepAlive'> => ({
  keepAlive: true,
  stream: () => {
    const socket = new Socket();
    socket.setTimeout(silenceMs, () => {
      const { bytesRead } = socket;
      setTimeout(() => {
        if (socket.bytesRead === bytesRead) {
          socket.destroy(new Error(`the database has been silent for ${silenceMs} ms`));
        }
      }, LAST_LOOK_MS).unref();
    });
    return socket;
  },
});
