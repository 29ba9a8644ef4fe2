import { readdir, readFile } from 'node:fs/promises';

/** Seconds of processor time of a process alone and of all that descend from it; undefined where there is no /proc. */
export async function processTimes(pid: number): Promise<{ own: number; children: number } | undefined> {
  const all = await readProcesses();
  const own = all.get(pid);
  if (!own) return undefined;
  const descendants = new Set([pid]);
  for (let before = 0; before < descendants.size;) {
    before = descendants.size;
    for (const [id, { parent }] of all) if (descendants.has(parent)) descendants.add(id);
  }
  descendants.delete(pid);
  const spent = ({ alone, ended }: ProcessSeconds): number => alone + ended;
  const children = [...descendants].reduce((sum, id) => sum + spent(all.get(id)!), own.ended);
  return { own: own.alone, children };
}

interface ProcessSeconds {
  readonly parent: number;
  readonly alone: number;
  /** of its children that are gone. */
  readonly ended: number;
}

/** By process id. */
async function readProcesses(): Promise<Map<number, ProcessSeconds>> {
  const processes = new Map<number, ProcessSeconds>();
  const ids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    // it may have ended by now
    const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) continue;
    // behind the name, which may hold anything: state, parent, …, and from the 12th on user, system and both of children
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system, usersChildren, systemsChildren] = fields.slice(11, 15).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const alone = (user + system) / TICKS_PER_SECOND;
    const ended = (usersChildren + systemsChildren) / TICKS_PER_SECOND;
    processes.set(Number(id), { parent: Number(fields[1]), alone, ended });
  }
  return processes;
}

/** On every Linux for years. */
const TICKS_PER_SECOND = 100;
