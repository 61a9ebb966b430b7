import type { HttpRoute, KubernetesService, ParentRef } from '@tulle/api';
import { formatServicePort, formatViolations } from '@tulle/model';
import type { RouteAttachment } from './route-attachment.ts';
import type { TranslatedRules } from './route-rules.ts';
import type {
  AcceptedReason,
  ResolvedRefsReason,
  ResourceUse,
  RouteCondition,
  RouteStatus,
} from './translated.ts';

/** Gateway API allows 32768 characters; a status is read by people. */
const maxMessageLength = 1_024;

/** The mesh's entry for one parentRef: whether the route is in force there, and whether its backends exist. */
export function routeStatus(
  route: HttpRoute,
  parentRef: ParentRef,
  attachment: RouteAttachment,
  rules: TranslatedRules,
): RouteStatus {
  const { namespace, name, generation } = route.metadata;
  const condition = (type: RouteCondition['type'], { reason, message }: Outcome): RouteCondition => ({
    type,
    // Both types are named as their reason when all is well.
    status: reason === type ? 'True' : 'False',
    reason,
    message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message,
    observedGeneration: generation,
  });
  return {
    kind: 'HTTPRoute',
    namespace,
    name,
    parentRef: parentRef.verbatim,
    conditions: [
      condition('Accepted', accepted(attachment, rules)),
      condition('ResolvedRefs', resolvedRefs(rules)),
    ],
    resources: tablesOf(route, attachment),
  };
}

/** A producer's route stands in the service's own namespace; from any other it is a consumer's (GAMMA). */
export function clientNamespaceOf(route: HttpRoute, service: KubernetesService): string | null {
  return route.metadata.namespace === service.metadata.namespace ? null : route.metadata.namespace;
}

function tablesOf(route: HttpRoute, attachment: RouteAttachment): ResourceUse {
  if (attachment.kind === 'refused') return { kind: 'routes', names: [], clientNamespace: null };
  const { service, ports } = attachment;
  const { namespace, name } = service.metadata;
  return {
    kind: 'routes',
    names: ports.map((port) => formatServicePort({ namespace, name, port })),
    clientNamespace: clientNamespaceOf(route, service),
  };
}

interface Outcome {
  readonly reason: AcceptedReason | ResolvedRefsReason;
  readonly message: string;
}

function accepted(attachment: RouteAttachment, { unsupported }: TranslatedRules): Outcome {
  if (attachment.kind === 'refused') return { reason: 'NoMatchingParent', message: attachment.message };
  if (unsupported.length > 0) return { reason: 'UnsupportedValue', message: formatViolations(unsupported) };
  return { reason: 'Accepted', message: '' };
}

/** A condition has one reason: the first fault's; the message names them all. */
function resolvedRefs({ backendFaults }: TranslatedRules): Outcome {
  const [first] = backendFaults;
  if (first === undefined) return { reason: 'ResolvedRefs', message: '' };
  const message = backendFaults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  return { reason: first.reason, message };
}
