import type { HttpRoute, KubernetesService } from '@tulle/api';
import type { RouteTable } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { inKeyOrder } from './order.ts';
import { attachRoute } from './route-attachment.ts';
import { byPrecedence, type RankedRule } from './route-precedence.ts';
import { type TranslatedRules, translateRules } from './route-rules.ts';
import { clientNamespaceOf, routeStatus } from './route-status.ts';
import { isServiceRef } from './service-ref.ts';
import type { RouteStatus, RouteVariant } from './translated.ts';

/**
 * HTTPRoutes whose parent is a Service (GAMMA): merged per service port and client namespace, in Gateway
 * API's order of precedence. A port that any route is attached to has a table, be it without rules.
 */
export class RouteStage {
  #source: Pick<ResourceSet, 'HTTPRoute' | 'Service'> | null = null;
  #translated = new WeakMap<HttpRoute, TranslatedRules>();
  #result: TranslatedRoutes = { routes: [], statuses: [] };

  update(resources: ResourceSet): TranslatedRoutes {
    const before = this.#source;
    if (before?.HTTPRoute === resources.HTTPRoute && before.Service === resources.Service)
      return this.#result;
    // What a route's references lead to depends on the services.
    if (before?.Service !== resources.Service) this.#translated = new WeakMap();
    this.#source = resources;
    this.#result = this.#translateAll(resources);
    return this.#result;
  }

  #translateAll(resources: ResourceSet): TranslatedRoutes {
    const variants = new Map<string, MergedRoutes>();
    const statuses: RouteStatus[] = [];
    for (const route of inKeyOrder(resources.HTTPRoute)) {
      const parentRefs = route.parentRefs.filter(isServiceRef);
      if (parentRefs.length === 0) continue;
      const translated = this.#translated.get(route) ?? translateRules(route, resources);
      this.#translated.set(route, translated);
      for (const parentRef of parentRefs) {
        const attachment = attachRoute(route, parentRef, resources);
        statuses.push(routeStatus(route, parentRef, attachment, translated));
        if (attachment.kind === 'refused') continue;
        for (const port of attachment.ports)
          merge(variants, route, attachment.service, port, translated.rules);
      }
    }
    return { routes: inKeyOrder(variants).map(toVariant), statuses };
  }
}

export interface TranslatedRoutes {
  readonly routes: readonly RouteVariant[];
  readonly statuses: readonly RouteStatus[];
}

interface MergedRoutes {
  readonly clientNamespace: string | null;
  readonly table: Omit<RouteTable, 'rules'>;
  /** By route, so that a route that names a port twice counts once. */
  readonly rulesByRoute: Map<HttpRoute, readonly RankedRule[]>;
}

function merge(
  variants: Map<string, MergedRoutes>,
  route: HttpRoute,
  service: KubernetesService,
  port: number,
  rules: readonly RankedRule[],
): void {
  const { namespace, name } = service.metadata;
  const clientNamespace = clientNamespaceOf(route, service);
  const table = { namespace, name, port };
  // Ports padded so that the order of keys is the order of numbers.
  const key = `${namespace}/${name}:${String(port).padStart(5, '0')} ${clientNamespace ?? ''}`;
  const merged = variants.get(key) ?? { clientNamespace, table, rulesByRoute: new Map() };
  variants.set(key, merged);
  merged.rulesByRoute.set(route, rules);
}

function toVariant({ clientNamespace, table, rulesByRoute }: MergedRoutes): RouteVariant {
  const rules = [...rulesByRoute.values()].flat().sort(byPrecedence);
  return { clientNamespace, table: { ...table, rules: rules.map(({ rule }) => rule) } };
}
