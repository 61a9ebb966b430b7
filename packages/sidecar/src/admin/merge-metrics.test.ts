import { expect, it } from 'vitest';
import { mergeMetrics } from './merge-metrics.ts';

const page = (count: number) => `# HELP turns_total Turns.
# TYPE turns_total counter
turns_total{way="a b",to="{x}"} ${count}
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} ${count}
took_seconds_count ${count}
`;

it('labels the samples of each worker, and describes each family once', () => {
  const only = '# HELP own 1\n# TYPE own gauge\nown 1.5e3\n';
  expect(
    mergeMetrics([
      { worker: 0, text: page(3) },
      { worker: 2, text: `${page(4)}${only}` },
    ]),
  ).toBe(`# HELP turns_total Turns.
# TYPE turns_total counter
turns_total{worker="0",way="a b",to="{x}"} 3
turns_total{worker="2",way="a b",to="{x}"} 4
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{worker="0",le="+Inf"} 3
took_seconds_count{worker="0"} 3
took_seconds_bucket{worker="2",le="+Inf"} 4
took_seconds_count{worker="2"} 4
# HELP own 1
# TYPE own gauge
own{worker="2"} 1.5e3
`);
});

it('is an empty page where no worker answers', () => expect(mergeMetrics([])).toBe(''));
