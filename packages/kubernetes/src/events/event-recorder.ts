/**
 * Tells operators what happened, as events.k8s.io/v1 Events beside the object that it happened to. The same
 * again is counted in one Event (a series), writes are limited, and nothing here ever throws or waits.
 *
 * Verbs that a role needs: `create` and `patch` on events.events.k8s.io, in the namespaces of the objects
 * (`default` for those of the whole cluster).
 */
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import type { KubernetesClient } from '../client/kubernetes-client.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { microTime } from '../leader/lease-record.ts';
import type { ObjectMetadata } from '../raw-object.ts';
import { resourceTypes } from '../resource-types.ts';

/** What an Event is about: an object, or as much of it as is known. */
export interface EventRegarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMetadata, 'name' | 'namespace' | 'uid'>;
}

export interface EventInit {
  readonly regarding: EventRegarding;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for programs: `InvalidConfiguration`. */
  readonly reason: string;
  /** CamelCase, what was being done: `Translate`. */
  readonly action: string;
  /** For people. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** `tulle.dev/control-plane`. */
  readonly reportingController: string;
  /** The pod's name. */
  readonly reportingInstance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(event: EventInit): void {
    this.#create(event).catch((thrown: unknown) =>
      this.#options.logger.warn('event could not be written', {
        reason: messageOf(thrown),
        code: thrown instanceof KubernetesError ? thrown.code : null,
      }),
    );
  }

  async #create({ regarding, type, reason, action, note }: EventInit): Promise<void> {
    const { client, clock, reportingController, reportingInstance } = this.#options;
    const { name, uid } = regarding.metadata;
    const namespace = regarding.metadata.namespace ?? '';
    const eventNamespace = namespace === '' ? 'default' : namespace;
    await client.create(resourceTypes.events, {
      metadata: { namespace: eventNamespace, name: `${name}.${clock.nowMs().toString(16)}` },
      eventTime: microTime(clock.nowMs()),
      reportingController,
      reportingInstance,
      action,
      reason,
      note,
      type,
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, namespace, name, uid },
    });
  }
}
