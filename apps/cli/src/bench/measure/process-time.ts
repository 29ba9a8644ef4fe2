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
  const children = [...descendants].reduce((sum, id) => sum + all.get(id)!.seconds, 0);
  return { own: own.seconds, children };
}

/** By process id; the time of children that have ended counts as their parent's. */
async function readProcesses(): Promise<Map<number, { readonly parent: number; readonly seconds: number }>> {
  const processes = new Map<number, { parent: number; seconds: number }>();
  const ids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    // it may have ended by now
    const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) continue;
    // behind the name, which may hold anything: state, parent, …, and from the 12th on user, system and both of children
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    processes.set(Number(id), { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND });
  }
  return processes;
}

/** On every Linux for years. */
const TICKS_PER_SECOND = 100;
