import type { DeltaDiscoveryRequest } from '@tulle/xds';
import type { DiscoveryLimits } from './discovery-limits.ts';

/** Why a request cannot be served, or null. The text goes back to the client as the stream's status. */
export function checkRequest(request: DeltaDiscoveryRequest, limits: DiscoveryLimits): string | null {
  const { typeUrl, resourceNamesSubscribe, resourceNamesUnsubscribe, initialResourceVersions } = request;
  if (typeUrl === '') return 'type_url must not be empty';
  if (typeUrl.length > limits.nameChars) return `type_url must have at most ${limits.nameChars} characters`;
  const versions = Object.entries(initialResourceVersions);
  if (versions.length > limits.subscriptionsPerStream)
    return `initial_resource_versions must have at most ${limits.subscriptionsPerStream} entries`;
  const isLong = (name: string) => name.length > limits.nameChars;
  if (resourceNamesSubscribe.some(isLong) || resourceNamesUnsubscribe.some(isLong))
    return `a resource name must have at most ${limits.nameChars} characters`;
  if (versions.some(([name, version]) => isLong(name) || isLong(version)))
    return `initial_resource_versions must have at most ${limits.nameChars} characters a name and a version`;
  return null;
}
