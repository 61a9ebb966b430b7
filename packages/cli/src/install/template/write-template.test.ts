import { expect, test } from 'vitest';
import type { ValueTree } from '../values/value-spec.ts';
import { builtin, Optional, type Tree, textValue, value, When, YamlText } from './tree.ts';
import { writeTemplate } from './write-template.ts';

const values: ValueTree = {
  name: { kind: 'text', default: 'a', pattern: '.*', about: '' },
  count: { kind: 'integer', default: 1, min: 0, max: 9, about: '' },
  maybe: { kind: 'integer', default: null, min: 0, max: 9, about: '' },
  isOn: { kind: 'boolean', default: true, about: '' },
  list: { kind: 'list', default: [], items: 'text', about: '' },
  map: { kind: 'object', default: {}, about: '' },
};

const table: readonly (readonly [string, Tree, string])[] = [
  ['a text is quoted', { a: value('name') }, 'a: {{ .Values.name | quote }}\n'],
  ['a number is not', { a: value('count') }, 'a: {{ .Values.count | int64 }}\n'],
  ['unless it is meant as a text', { a: textValue('count') }, 'a: {{ .Values.count | int64 | quote }}\n'],
  ['a text with a hole', { a: `x/${value('name')}:"1"` }, 'a: "x/{{ .Values.name }}:\\"1\\""\n'],
  ['what Helm knows', { a: builtin('namespace') }, 'a: {{ .Release.Namespace | quote }}\n'],
  ['texts that look like something else', { a: ['on', '1', 'x: y'] }, 'a:\n  - "on"\n  - "1"\n  - "x: y"\n'],
  ['a whole list', { a: value('list') }, 'a:\n  {{- toYaml .Values.list | nindent 2 }}\n'],
  [
    'what may be empty',
    { a: { b: new Optional('map'), c: 1 } },
    'a:\n  {{- with .Values.map }}\n  b:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n  c: 1\n',
  ],
  [
    'a number that may be absent, and 0 is not',
    { a: new Optional('maybe') },
    '{{- if not (kindIs "invalid" .Values.maybe) }}\na: {{ .Values.maybe | int64 }}\n{{- end }}\n',
  ],
  [
    'an item that may be left out',
    { a: [new When('isOn', { b: 1, c: 2 })] },
    'a:\n  {{- if .Values.isOn }}\n  - b: 1\n    c: 2\n  {{- end }}\n',
  ],
  [
    'a document within a text',
    { a: new YamlText({ b: value('name'), c: {} }) },
    'a: |\n  b: {{ .Values.name | quote }}\n  c: {}\n',
  ],
];

test.each(table)('%s', (_, tree, template) => {
  expect(writeTemplate(tree, values)).toBe(template);
});

test('a value that there is none of is a fault of ours, not of the chart', () => {
  expect(() => writeTemplate({ a: value('nmae') }, values)).toThrow('there is no value nmae');
});
