import type { KnownDevice } from '../identity/factors/device.store';
import type { Passkey } from '../identity/factors/passkey.store';
import type { TotpEnrolment } from '../identity/factors/totp';
import type { FactorOverview } from './factor-overview';

export function totpResponse({ secret, uri, qr }: TotpEnrolment): object {
  return { secret, uri, qr };
}

export function recoveryCodesResponse(codes: readonly string[]): object {
  return { recovery_codes: codes };
}

export function passkeyResponse({ id, name, backedUp, transports, createdAt, lastUsedAt }: Passkey): object {
  return {
    id,
    name,
    backed_up: backedUp,
    transports,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  };
}

export function factorsResponse({ state, passkeys, recoveryCodesLeft, required }: FactorOverview): object {
  return {
    totp: state.totp,
    passkeys: passkeys.map(passkeyResponse),
    recovery_codes_left: recoveryCodesLeft,
    required,
  };
}

export function deviceResponse({ id, name, trustedUntil, createdAt, lastUsedAt }: KnownDevice): object {
  return {
    id,
    name,
    trusted_until: trustedUntil?.toISOString() ?? null,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt.toISOString(),
  };
}
