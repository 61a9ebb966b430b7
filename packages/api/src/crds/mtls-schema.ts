import { mtlsModeNames } from '../kinds/mtls-mode.ts';
import { choiceSchema, objectSchema, type Schema } from './schema.ts';

export function mtlsSchema(description: string): Schema {
  return objectSchema(description, {
    mode: choiceSchema(
      'What is taken: STRICT only mutual TLS of the mesh, PERMISSIVE both, DISABLE only plain; UNSET inherits what the next wider level says.',
      mtlsModeNames,
    ),
  });
}
