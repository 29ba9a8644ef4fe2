import { DomainError } from '@housestyle/domain';

/** `org/name`; the hub allows no `--` and no `..`, so that a repository's folder in the cache is its alone. */
const REPOSITORY = /^(?!.*(--|\.\.))[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
/** A branch, a tag, a commit, or `refs/pr/7`. */
const REVISION = /^(?!.*\.\.)[A-Za-z0-9][\w.-]*(\/[\w-][\w.-]*)*$/;
const COMMIT = /^[0-9a-f]{40}$/;
/** Segments that do not begin with a dot: nothing leaves its folder, nothing hides. */
const FILE = /^[\w-][\w.+ -]*(\/[\w-][\w.+ -]*)*$/;

/** @throws DomainError `invalid_request` */
export function expectRepository(repository: string, revision: string): void {
  if (!REPOSITORY.test(repository)) {
    throw new DomainError('invalid_request', `${repository} is no repository of the hub; those are written org/name`);
  }
  if (!REVISION.test(revision)) throw new DomainError('invalid_request', `${revision} is no revision`);
}

export const isCommit = (revision: string): boolean => COMMIT.test(revision);

/** Whether a file of a repository may have a place in the cache. */
export const isPlainFile = (file: string): boolean => FILE.test(file);
