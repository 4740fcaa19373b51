import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { LOGGER } from '../../common/common.module';
import { Clock } from '../../common/clock';
import type { Logger } from '../../common/logger';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { connectProvider, type ConnectedProvider } from './connected-provider';
import { oidcProvider, type OidcProvider } from './oidc-provider';

interface State {
  readonly provider: OidcProvider;
  connected?: ConnectedProvider;
  /** When it was asked last, and how long that is good. Milliseconds. */
  askedAt: number;
  goodFor: number;
  asking?: Promise<ConnectedProvider>;
}

/** Milliseconds. */
const METADATA_LIFE = 60 * 60_000;
const RETRY_AFTER = 5_000;

/** The configured providers. Each is asked for its metadata when it is first needed: one that is away delays no start. */
@Injectable()
export class ProviderRegistry {
  private readonly states: ReadonlyMap<string, State>;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly clock: Clock,
  ) {
    const entries = Object.entries(config.federation.oidc);
    this.states = new Map(
      entries.map(([name, settings]) => [name, { provider: oidcProvider(name, settings), askedAt: 0, goodFor: 0 }]),
    );
  }

  get all(): OidcProvider[] {
    return [...this.states.values()].map(({ provider }) => provider);
  }

  /** @throws AuthError `not_found` */
  get(name: string): OidcProvider {
    return this.stateOf(name).provider;
  }

  /** With its metadata. Many who ask at once ask it once. @throws AuthError `not_found`, `unavailable` */
  async connect(name: string): Promise<ConnectedProvider> {
    const state = this.stateOf(name);
    const age = this.clock.now() - state.askedAt;
    // A clock that was set back makes nothing last longer.
    if (age >= 0 && age < state.goodFor) return state.connected ?? unreachable();
    state.asking ??= this.ask(state).finally(() => (state.asking = undefined));
    return state.asking;
  }

  /** What is known goes on being used while the provider does not answer. */
  private async ask(state: State): Promise<ConnectedProvider> {
    const { provider } = state;
    try {
      state.connected = await connectProvider(provider, this.config.environment);
      state.goodFor = METADATA_LIFE;
    } catch (error) {
      state.goodFor = RETRY_AFTER;
      this.logger.warn({ err: error, provider: provider.name }, 'the metadata of a provider could not be read');
    }
    state.askedAt = this.clock.now();
    return state.connected ?? unreachable();
  }

  private stateOf(name: string): State {
    const state = this.states.get(name);
    if (!state) throw new AuthError('not_found', 'There is no such provider');
    return state;
  }
}

function unreachable(): never {
  throw new AuthError('unavailable', 'The provider cannot be reached', { retryAfter: RETRY_AFTER / 1_000 });
}
