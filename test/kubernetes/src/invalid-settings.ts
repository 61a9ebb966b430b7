/** Labels and annotations that are refused, with what the refusal has to say. */
export interface InvalidSetting {
  readonly on: 'Pod' | 'Namespace';
  readonly field: 'labels' | 'annotations';
  readonly key: string;
  readonly value: string;
  readonly refusal: string;
}

const ports = 'must be ports and ranges of ports divided by commas, such as 22,9000-9010, at most 128';
const blocks = 'must be blocks of addresses divided by commas, such as 10.0.0.0/8,fd00::/8, at most 128';
const levels = 'must be one of debug, info, warn, error, silent';

export const invalidSettings: readonly InvalidSetting[] = [
  label('Pod', 'yes', 'must be enabled or disabled, not "yes"'),
  label('Namespace', 'true', 'must be enabled or disabled, not "true"'),
  annotation('Namespace', 'log-level', 'loud', `${levels}, not "loud"`),
  annotation('Pod', 'log-level', 'loud', `${levels}, not "loud"`),
  annotation('Pod', 'access-log', 'all', 'must be one of off, errors, text, json, not "all"'),
  annotation('Pod', 'capture', 'yes', 'must be one of enabled, disabled, not "yes"'),
  annotation('Pod', 'native-sidecar', 'true', 'must be one of auto, enabled, disabled, not "true"'),
  annotation(
    'Pod',
    'inbound-port',
    '70000',
    'must be a whole number from 1 to 65535 other than 15001, 15000, 15020, not "70000"',
  ),
  annotation('Pod', 'drain-seconds', '-1', 'must be a whole number from 0 to 3600, not "-1"'),
  annotation('Pod', 'drain-delay-seconds', 'soon', 'must be a whole number from 0 to 300, not "soon"'),
  annotation('Pod', 'workers', '0', 'must be a whole number from 1 to 64, not "0"'),
  annotation('Pod', 'tracing-sample', '2', 'must be a share from 0 to 1, such as 0.05, not "2"'),
  annotation('Pod', 'cpu-request', 'lots', 'must be a quantity such as 50m, or none, not "lots"'),
  annotation(
    'Pod',
    'memory-limit',
    '32Mi',
    'must be a quantity such as 512Mi (at least 64Mi), or none, not "32Mi"',
  ),
  annotation('Pod', 'excluded-inbound-ports', 'http', `${ports}, not "http"`),
  annotation('Pod', 'excluded-outbound-ports', '9000-80', `${ports}, not "9000-80"`),
  annotation('Pod', 'excluded-outbound-cidrs', '10.0.0.0/33', `${blocks}, not "10.0.0.0/33"`),
  annotation('Pod', 'included-outbound-cidrs', 'example.com', `${blocks}, not "example.com"`),
  annotation(
    'Pod',
    'image',
    'not an image',
    'must be an image such as registry.example.com/sidecar:0.1.0, not "not an image"',
  ),
];

/** In a namespace that is injected. */
export function settingObject({ on, field, key, value }: InvalidSetting, namespace: string): object {
  const own = { [field]: { [key]: value } };
  if (on === 'Namespace')
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'invalid', ...own } };
  const spec = { containers: [{ name: 'app', image: 'app' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'invalid', namespace, ...own }, spec };
}

function label(on: InvalidSetting['on'], value: string, reason: string): InvalidSetting {
  const key = 'tulle.dev/inject';
  return { on, field: 'labels', key, value, refusal: `metadata.labels["${key}"]: ${reason}` };
}

function annotation(on: InvalidSetting['on'], name: string, value: string, reason: string): InvalidSetting {
  const key = `config.tulle.dev/${name}`;
  return { on, field: 'annotations', key, value, refusal: `metadata.annotations["${key}"]: ${reason}` };
}
