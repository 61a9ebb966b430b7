import type { ListenerContext } from './listener-context.ts';

/** Whether a listener may take one more connection beside those that it has; counts those that it may not. */
export function acceptLimit(
  direction: 'inbound' | 'outbound',
  { settings, http, metrics }: ListenerContext,
): (openCount: number) => boolean {
  return (openCount) => {
    const isBelow = openCount < settings.limits.maxConnections;
    if (isBelow && http.context.overload.acceptsConnection(openCount)) return true;
    metrics.refused(direction, isBelow ? 'overloaded' : 'connection_limit');
    return false;
  };
}
