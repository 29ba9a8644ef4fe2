export interface NamedThing {
  readonly kind: string;
  readonly colour: string | undefined;
  readonly count: number;
}

export function toRussian(caption: string): string;
export function thingsIn(russian: string): NamedThing[];
