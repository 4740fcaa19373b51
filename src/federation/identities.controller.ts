import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { Auth, AuthError, RequireAuth, RequireFresh, type AuthContext } from '@latchkey/nest';
import type { UserRef } from '../identity/user.store';
import { WithinTenant } from '../sign-in/within-tenant';
import { IdentityLinks } from './identity-links';
import { ApiOidcOperation } from './oidc/oidc.openapi';
import { identityId } from './oidc/oidc.schemas';

/** One's own identities at providers. */
@RequireAuth()
@WithinTenant()
@Controller('auth/identities')
export class IdentitiesController {
  constructor(private readonly links: IdentityLinks) {}

  @Get()
  @ApiOidcOperation('listIdentities')
  async list(@Auth() auth: AuthContext) {
    const identities = await this.links.list(personOf(auth));
    return {
      identities: identities.map(({ id, provider, issuer, subject, createdAt, lastSignInAt }) => ({
        id,
        provider,
        issuer,
        subject,
        created_at: createdAt.toISOString(),
        last_sign_in_at: lastSignInAt?.toISOString() ?? null,
      })),
    };
  }

  @RequireFresh('10m')
  @Delete(':id')
  @HttpCode(204)
  @ApiOidcOperation('unlinkIdentity')
  async unlink(@Auth() auth: AuthContext, @Param('id', { schema: identityId }) id: string): Promise<void> {
    await this.links.unlink(personOf(auth), id);
  }
}

function personOf({ principal: { kind, tenantId, userId } }: AuthContext): UserRef {
  if (kind !== 'user') throw new AuthError('insufficient_role', 'This is for people, not for clients');
  return { tenantId, userId };
}
