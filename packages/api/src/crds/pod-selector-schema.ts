import { podSelectorLimits } from '../kinds/pod-selector.ts';
import { labelKey, labelValue } from '../text-rules.ts';
import { mapSchema, objectSchema, type Schema, textSchema } from './schema.ts';

export function podSelectorSchema(description: string): Schema {
  return objectSchema(description, {
    matchLabels: mapSchema(
      'Labels that a pod must all have.',
      textSchema('The value of the label.', labelValue),
      {
        maxEntries: podSelectorLimits.max,
        rules: [
          {
            rule: `self.all(key, size(key) <= ${labelKey.maxLength} && key.matches('${labelKey.pattern.replaceAll('\\', '\\\\')}'))`,
            message: `must have as its key ${labelKey.is}`,
          },
        ],
      },
    ),
  });
}
