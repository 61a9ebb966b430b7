import { choiceSchema, integerSchema, objectSchema, type Schema } from './schema.ts';

const text = (description: string, maxLength: number): Schema => ({ type: 'string', description, maxLength });

/** As in `metav1.Condition`. */
const condition = objectSchema(
  'What became of the object, in one respect.',
  {
    type: text('Accepted, Attached or Programmed.', 316),
    status: choiceSchema('Whether it is so.', ['True', 'False', 'Unknown']),
    observedGeneration: {
      ...integerSchema('Which metadata.generation was looked at.', {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }),
      format: 'int64',
    },
    lastTransitionTime: {
      type: 'string',
      description: 'When the status last changed.',
      format: 'date-time',
    },
    reason: text('Why, for programs.', 1_024),
    message: text('Why, for people.', 32_768),
  },
  { required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'] },
);

/** Written by the control plane alone. */
export const statusSchema: Schema = objectSchema('What the control plane made of it.', {
  conditions: {
    type: 'array',
    description: 'One a respect in which something can be said of the object.',
    maxItems: 16,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: condition,
  },
});
