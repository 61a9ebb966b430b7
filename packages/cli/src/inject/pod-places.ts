/** Where the pod of an object stands: the keys from its root. */
const places: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

export function podPlaceOf(kind: unknown): readonly string[] | null {
  return typeof kind === 'string' && Object.hasOwn(places, kind) ? places[kind]! : null;
}
