import type { Command } from 'commander';

export interface TenantOption {
  readonly tenant?: string;
}

/** The option that every command about one tenant has. */
export function withTenant(command: Command): Command {
  return command.option('--tenant <slug|id>', 'tenant; the default one when not given');
}
