/**
 * The embedded PostgreSQL alone, for a program that wants a database for a while: the one argument is the folder of its
 * data, the first IPC message back is the administrator's URL. It stops when told to, or when its parent is gone.
 */
import { EmbeddedPostgresService } from './embedded-postgres.service.js';

const [, , directory] = process.argv;
if (!directory || !process.send) {
  process.stderr.write('usage: fork this with the folder of the data\n');
  process.exit(2);
}
const postgres = new EmbeddedPostgresService(directory);
const stop = async () => {
  await postgres.stop();
  process.exit(0);
};
process.once('disconnect', () => void stop());
process.once('SIGTERM', () => void stop());
process.on('SIGINT', () => undefined); // reaches the whole terminal; the parent decides
try {
  process.send(await postgres.start());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
