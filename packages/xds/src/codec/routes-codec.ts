import { create } from '@bufbuild/protobuf';
import {
  assertNever,
  type Backend,
  type HeaderMatch,
  type PathMatch,
  type RouteMatch,
  type RouteRule,
  type RouteTable,
} from '@tulle/model';
import {
  HeaderMatchSchema,
  RouteMatchSchema,
  RouteRuleSchema,
  RouteTableSchema,
  ServicePortRefSchema,
  type WeightedBackend,
  WeightedBackendSchema,
  type HeaderMatch as WireHeaderMatch,
  type RouteMatch as WireRouteMatch,
  type RouteRule as WireRouteRule,
  type RouteTable as WireRouteTable,
} from '../gen/tulle/mesh/v1/routes_pb.ts';
import { limits } from '../limits.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';

/** RFC 9110, section 5.6.2. */
const methodPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** The same in lower case, as header names are in the model. */
const headerNamePattern = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

export const routesCodec: Codec<RouteTable, WireRouteTable> = {
  schema: RouteTableSchema,

  toWire: ({ namespace, name, port, rules }) =>
    create(RouteTableSchema, { namespace, name, port, rules: rules.map(ruleToWire) }),

  fromWire: (wire, check) => ({
    namespace: check.label('namespace', wire.namespace),
    name: check.label('name', wire.name),
    port: check.port('port', wire.port),
    rules: check.list('rules', wire.rules, limits.rulesPerTable, (path, rule) => readRule(path, rule, check)),
  }),
};

function ruleToWire({ name, match, backends }: RouteRule): WireRouteRule {
  return create(RouteRuleSchema, {
    name,
    match: create(RouteMatchSchema, {
      path: pathToWire(match.path),
      method: match.method ?? '',
      headers: match.headers.map(({ kind, name, value }) =>
        create(HeaderMatchSchema, { name, value: { case: kind, value } }),
      ),
    }),
    backends: backends.map(backendToWire),
  });
}

function pathToWire(path: PathMatch | null): WireRouteMatch['path'] {
  if (path === null) return { case: undefined };
  switch (path.kind) {
    case 'exact':
      return { case: 'pathExact', value: path.value };
    case 'prefix':
      return { case: 'pathPrefix', value: path.value };
    case 'regex':
      return { case: 'pathRegex', value: path.value };
    default:
      return assertNever(path);
  }
}

function backendToWire(backend: Backend): WeightedBackend {
  const { weight } = backend;
  switch (backend.kind) {
    case 'service': {
      const { namespace, name, port } = backend.service;
      const value = create(ServicePortRefSchema, { namespace, name, port });
      return create(WeightedBackendSchema, { weight, target: { case: 'service', value } });
    }
    case 'invalid':
      return create(WeightedBackendSchema, {
        weight,
        target: { case: 'invalidReason', value: backend.reason },
      });
    default:
      return assertNever(backend);
  }
}

function readRule(path: string, wire: WireRouteRule, check: Checker): RouteRule {
  return {
    name: check.nonEmptyText(`${path}.name`, wire.name),
    match: readMatch(`${path}.match`, wire.match ?? create(RouteMatchSchema), check),
    backends: check.list(`${path}.backends`, wire.backends, limits.backendsPerRule, (at, backend) =>
      readBackend(at, backend, check),
    ),
  };
}

function readMatch(path: string, wire: WireRouteMatch, check: Checker): RouteMatch {
  // A condition of a newer version, skipped, would match requests that it must not.
  check.noUnknownFields(path, wire);
  return {
    path: readPath(path, wire.path, check),
    method: wire.method === '' ? null : readMethod(`${path}.method`, wire.method, check),
    headers: check.list(`${path}.headers`, wire.headers, limits.headersPerMatch, (at, header) =>
      readHeader(at, header, check),
    ),
  };
}

function readPath(path: string, wire: WireRouteMatch['path'], check: Checker): PathMatch | null {
  switch (wire.case) {
    case undefined:
      return null;
    case 'pathExact':
      return { kind: 'exact', value: readAbsolutePath(`${path}.path_exact`, wire.value, check) };
    case 'pathPrefix':
      return { kind: 'prefix', value: readAbsolutePath(`${path}.path_prefix`, wire.value, check) };
    case 'pathRegex':
      return { kind: 'regex', value: check.nonEmptyText(`${path}.path_regex`, wire.value, limits.pathChars) };
    default:
      return assertNever(wire);
  }
}

function readAbsolutePath(path: string, value: string, check: Checker): string {
  if (!value.startsWith('/')) check.fault(path, 'must start with "/"');
  return check.text(path, value, limits.pathChars);
}

function readMethod(path: string, value: string, check: Checker): string {
  if (!methodPattern.test(value)) check.fault(path, 'must be an HTTP method');
  return check.text(path, value, limits.methodChars);
}

function readHeader(path: string, wire: WireHeaderMatch, check: Checker): HeaderMatch {
  check.noUnknownFields(path, wire);
  if (!headerNamePattern.test(wire.name)) check.fault(`${path}.name`, 'must be a lower-case header name');
  const name = check.text(`${path}.name`, wire.name, limits.headerNameChars);
  switch (wire.value.case) {
    case undefined:
      check.fault(path, 'must have exact or regex');
      return { kind: 'exact', name, value: '' };
    case 'exact':
      return {
        kind: 'exact',
        name,
        value: check.text(`${path}.exact`, wire.value.value, limits.headerValueChars),
      };
    case 'regex':
      return {
        kind: 'regex',
        name,
        value: check.nonEmptyText(`${path}.regex`, wire.value.value, limits.headerValueChars),
      };
    default:
      return assertNever(wire.value);
  }
}

function readBackend(path: string, wire: WeightedBackend, check: Checker): Backend {
  const weight = check.weight(`${path}.weight`, wire.weight);
  switch (wire.target.case) {
    case undefined:
      check.fault(path, 'must have service or invalid_reason');
      return { kind: 'invalid', reason: '', weight };
    case 'invalidReason':
      return { kind: 'invalid', reason: check.text(`${path}.invalid_reason`, wire.target.value), weight };
    case 'service': {
      const { namespace, name, port } = wire.target.value;
      const service = {
        namespace: check.label(`${path}.service.namespace`, namespace),
        name: check.label(`${path}.service.name`, name),
        port: check.port(`${path}.service.port`, port),
      };
      return { kind: 'service', service, weight };
    }
    default:
      return assertNever(wire.target);
  }
}
