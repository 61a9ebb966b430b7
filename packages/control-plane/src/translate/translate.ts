import type { ResourceSet } from '../sources/resource-set.ts';
import type { TranslateOptions } from './translate-options.ts';
import type { Translated } from './translated.ts';
import { Translator } from './translator.ts';

/**
 * Resources in, the mesh and statuses out. Pure: the same resources give the same result, in whatever order
 * they were read. Golden pairs: testdata/translate.
 */
export function translate(resources: ResourceSet, options: TranslateOptions): Translated {
  return new Translator(options).translate(resources);
}
