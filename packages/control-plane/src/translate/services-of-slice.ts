import type { EndpointSlice } from '@tulle/api';
import { formatName } from '@tulle/model';

const none: readonly string[] = [];

/** By `<namespace>/<name>` the service that a slice is of; none where its endpoints are no addresses. */
export function servicesOfSlice({ metadata, serviceName, addressType }: EndpointSlice): readonly string[] {
  if (serviceName === null || addressType === 'FQDN') return none;
  return [formatName({ namespace: metadata.namespace, name: serviceName })];
}
