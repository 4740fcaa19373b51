import {
  applyDecorators,
  Injectable,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { addressKey } from './address-key';
import { AccountLimits } from './account-limits';
import type { PolicyName } from './limit-policies';
import { limitFields } from './limit-fields';
import { RateLimits, type LimitState } from './rate-limits';

const POLICY = 'latchkey:limit';

/** Policies that a route can name. All of them also count for the address as a whole. */
export type RoutePolicyName = 'address' | 'login' | 'refresh' | 'register' | 'recovery' | 'mfa' | 'step_up';

interface LimitedRequest {
  readonly ip: string;
  readonly hostname?: string;
  readonly body?: unknown;
}

interface Reply {
  header(name: string, value: string): unknown;
}

/** Counts requests to public routes before anything else is done for them. */
@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
    private readonly accounts: AccountLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.limits.enabled) return true;
    const route = this.reflector.getAllAndOverride<RoutePolicyName>(POLICY, [context.getHandler(), context.getClass()]);
    const http = context.switchToHttp();
    const request = http.getRequest<LimitedRequest>();
    const states = await this.takeAddress(route, addressKey(request.ip));
    for (const [name, value] of limitFields(states)) http.getResponse<Reply>().header(name, value);
    const refused = states.find((state) => state.refused);
    if (refused) throw this.limits.refusal(refused, { ipAddress: request.ip });
    await this.accounts.require(route, request);
    return true;
  }

  /** The general limit first: whoever is over it uses up nothing else. */
  private async takeAddress(route: RoutePolicyName, key: string): Promise<LimitState[]> {
    const states: LimitState[] = [];
    for (const name of new Set<PolicyName>(['address', route])) {
      const state = await this.limits.take(name, key);
      if (state) states.push(state);
      if (state?.refused) break;
    }
    return states;
  }
}

/** Limits how often one address, and where the body names an account that account, may use this route. */
export function Limited(policy: RoutePolicyName): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(POLICY, policy), UseGuards(LimitGuard));
}
