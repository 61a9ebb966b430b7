import { cidrBlock, portOrRange } from '../kinds/excluded-traffic.ts';
import { accessLogModes, proxyLimits, proxyLogLevels } from '../kinds/proxy-defaults.ts';
import { leastMemory, resourceNames, tooLittleMemory } from '../kinds/proxy-resources.ts';
import type { PatternRule } from '../manifest-node.ts';
import { quantity } from '../text-rules.ts';
import {
  choiceSchema,
  integerSchema,
  listSchema,
  numberOrTextSchema,
  objectSchema,
  type Schema,
  textSchema,
  type ValidationRule,
} from './schema.ts';

const amounts = (description: string) =>
  objectSchema(description, {
    cpu: numberOrTextSchema('Cores, such as 100m.', quantity),
    memory: numberOrTextSchema('Bytes, such as 128Mi.', quantity),
  });

/** A cluster refuses such a pod, hence every pod that gets the default. */
const withinLimit = (name: string): ValidationRule => {
  const [request, limit] = [`self.requests.${name}`, `self.limits.${name}`];
  const isSaid = `has(self.requests) && has(${request}) && has(self.limits) && has(${limit})`;
  return {
    rule: `!(${isSaid}) || quantity(string(${request})).compareTo(quantity(string(${limit}))) <= 0`,
    message: 'must not be more than its limit',
    messageExpression: `'must not be more than its limit of ' + string(${limit})`,
    fieldPath: `.requests.${name}`,
  };
};

const leastMemoryLimit: ValidationRule = {
  rule: `!has(self.limits) || !has(self.limits.memory) || quantity(string(self.limits.memory)).compareTo(quantity('${leastMemory}')) >= 0`,
  message: tooLittleMemory,
  fieldPath: '.limits.memory',
};

const resources = objectSchema(
  "What a sidecar asks of its node, and may have at most, as a container's resources.",
  { requests: amounts('What it asks for.'), limits: amounts('What it may have at most.') },
  { rules: [...resourceNames.map(withinLimit), leastMemoryLimit] },
);

const excluded = (description: string, item: Schema) => listSchema(description, item, proxyLimits.excluded);
const port: Schema = {
  ...numberOrTextSchema('A port, or a range such as 9000-9010.', portOrRange),
  'x-kubernetes-validations': [
    {
      rule: [
        `string(self).matches('${portOrRange.pattern}')`,
        "string(self).split('-').all(port, int(port) <= 65535)",
        "int(string(self).split('-')[0]) <= int(string(self).split('-')[size(string(self).split('-')) - 1])",
      ].join(' && '),
      message: `must be ${portOrRange.is}`,
      messageExpression: `'must be ${portOrRange.is}, not ' + string(self)`,
    },
  ],
};
const ports = (description: string) => excluded(description, port);
const blocks = (description: string, rule: PatternRule) =>
  excluded(description, textSchema('A block such as 10.0.0.0/8, or an address.', rule));

export const proxyDefaultsSchema: Schema = objectSchema(
  "What new sidecars get where their pod's annotations say nothing.",
  {
    logLevel: choiceSchema("What the sidecar's own log tells.", proxyLogLevels),
    accessLog: choiceSchema('Which requests and connections are logged, and how.', accessLogModes),
    drainSeconds: integerSchema(
      'After SIGTERM and the delay: how long what is under way may take.',
      proxyLimits.drainSeconds,
    ),
    drainDelaySeconds: integerSchema(
      'After SIGTERM: how long everything is still accepted.',
      proxyLimits.drainDelaySeconds,
    ),
    resources,
    excludedOutboundCidrs: blocks('Destinations that are not captured, by address.', cidrBlock),
    excludedOutboundPorts: ports('Destinations that are not captured, by port.'),
    excludedInboundPorts: ports('Ports of the pod that are not captured.'),
  },
);
