import type { JsonPatchOperation } from '@tulle/injector-webhook';
import { type Document, isCollection, isSeq } from 'yaml';

/** Makes the changes of a JSON patch (RFC 6902) in a YAML document, below a place; comments stay where they are. */
export function patchDocument(
  document: Document,
  place: readonly (string | number)[],
  patch: readonly JsonPatchOperation[],
): void {
  for (const operation of patch) apply(document, place, operation);
}

function apply(document: Document, place: readonly (string | number)[], operation: JsonPatchOperation): void {
  const keys = [...place, ...parsePointer(operation.path)];
  const last = keys.at(-1);
  const parent = document.getIn(keys.slice(0, -1), true);
  if (operation.op === 'remove') {
    if (isSeq(parent)) parent.items.splice(Number(last), 1);
    else document.deleteIn(keys);
    return;
  }
  const { value } = operation;
  // Anchors would tell the reader that what is equal by chance is one thing.
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  if (typeof value === 'object') unfold(document, keys);
  if (isSeq(parent)) {
    const index = last === '-' ? parent.items.length : Number(last);
    parent.items.splice(index, operation.op === 'add' ? 0 : 1, node);
  } else document.setIn(keys, node);
}

/** What was written in one line has no room for more. */
function unfold(document: Document, keys: readonly (string | number)[]): void {
  for (let depth = 0; depth < keys.length; depth++) {
    const above = document.getIn(keys.slice(0, depth), true);
    if (isCollection(above)) above.flow = false;
  }
}

function parsePointer(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}
