import { describe, expect, it } from 'vitest';
import { capEditors, MIN_OF_OTHERS } from './editor-shares.js';
import type { ReviewedCaption } from './training-examples.js';

let n = 0;
const by = (editor: string | undefined, count: number, person?: string): ReviewedCaption[] =>
  Array.from({ length: count }, () => {
    n += 1;
    const who = { ...(editor !== undefined && { editor }), ...(person !== undefined && { person }) };
    return { imageKey: `picture ${n}`, text: `caption ${n}`, reviewedAt: new Date(n), ...who };
  });
const countOf = (captions: readonly ReviewedCaption[], editor: string | undefined): number =>
  captions.filter((caption) => caption.editor === editor).length;

describe('capEditors', () => {
  it('keeps the newest of whoever wrote more than all others together', () => {
    const eve = by('eve', 250);
    const kept = capEditors([...eve, ...by('ben', 15), ...by('cid', 12)]);
    expect(kept).toHaveLength(54);
    expect(kept.slice(0, 27)).toEqual(eve.slice(-27));
  });

  it('goes by the share that is set', () => {
    const all = [...by('eve', 250), ...by('ben', 15), ...by('cid', 15)];
    expect(countOf(capEditors(all, 0.75), 'eve')).toBe(90);
    expect(capEditors(all, 1)).toEqual(all);
  });

  it('takes several keys of one person for one', () => {
    const kept = capEditors([
      ...by('key 1', 100, 'eve'),
      ...by('key 2', 100, 'eve'),
      ...by('ben', 15),
      ...by('cid', 15),
    ]);
    expect([countOf(kept, 'key 1'), countOf(kept, 'key 2')]).toEqual([0, 30]);
    const two = [...by('key 1', 100, 'eve'), ...by('key 2', 100, 'eve'), ...by('ben', 30)];
    expect(capEditors(two)).toEqual(two);
  });

  it('takes reviews of nobody known for those of one person', () => {
    expect(countOf(capEditors([...by(undefined, 100), ...by('ben', 15), ...by('cid', 15)]), undefined)).toBe(30);
  });

  it.each([
    ['one editor', by('ana', 200)],
    ['two', [...by('ana', 200), ...by('ben', 100)]],
    ['one whom others only help out', [...by('ana', 200), ...by('ben', 10), ...by('cid', MIN_OF_OTHERS - 11)]],
    ['a fair share', [...by('ana', 40), ...by('ben', 30), ...by('cid', 20)]],
  ])('leaves %s alone', (_, all) => {
    expect(capEditors(all)).toEqual(all);
  });
});
