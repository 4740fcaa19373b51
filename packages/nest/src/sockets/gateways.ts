import type { INestApplicationContext, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import {
  GATEWAY_METADATA,
  GATEWAY_OPTIONS,
  MESSAGE_MAPPING_METADATA,
  PORT_METADATA,
} from '@nestjs/websockets/internal';
import { RoutePolicies } from '../route-policy';

/** Where a gateway is reached. */
export interface GatewayAddress {
  readonly port: number;
  /** Path of a `ws` server. */
  readonly path: string;
  /** Namespace of Socket.IO; null when it is chosen by a pattern. */
  readonly namespace: string | null;
}

export interface Gateway {
  readonly type: Type;
  readonly address: GatewayAddress;
  /** True when some handler serves anonymous callers. */
  readonly isOpen: boolean;
}

interface GivenOptions {
  readonly path?: string;
  readonly namespace?: unknown;
}

/** Every gateway of an application. */
export function gatewaysOf(app: INestApplicationContext): Gateway[] {
  const policies = new RoutePolicies(new Reflector());
  const types = [...app.get(ModulesContainer).values()].flatMap(({ providers }) =>
    [...providers.values()].map(({ metatype }) => metatype),
  );
  const gateways = types.filter(
    (type): type is Type => typeof type === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, type),
  );
  return gateways.map((type) => ({ type, address: addressOf(type), isOpen: isOpen(type, policies) }));
}

/** The form in which paths and namespaces are compared. */
export function withSlash(name: string): string {
  const trimmed = name.replace(/\/+$/, '');
  return trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}

function addressOf(type: Type): GatewayAddress {
  const { path = '', namespace = '' } = (Reflect.getMetadata(GATEWAY_OPTIONS, type) ?? {}) as GivenOptions;
  return {
    port: (Reflect.getMetadata(PORT_METADATA, type) as number | undefined) ?? 0,
    path: withSlash(path),
    namespace: typeof namespace === 'string' ? withSlash(namespace) : null,
  };
}

function isOpen(type: Type, policies: RoutePolicies): boolean {
  const prototype = type.prototype as Record<string, () => unknown>;
  const handlers = new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => prototype[name] as () => unknown)
    .filter((handler) => Reflect.hasMetadata(MESSAGE_MAPPING_METADATA, handler));
  return handlers.some((handler) => policies.of(handler, type).access !== 'required');
}
