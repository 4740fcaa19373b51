import { Module } from '@nestjs/common';
import { ClientsModule } from '../clients/clients.module';
import { IdentityModule } from '../identity/identity.module';
import { ProtectionModule } from '../protection/protection.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { AdminAudit } from './admin-audit';
import { AdminAuditTrail } from './audit-trail.service';
import { AdminAuditController } from './audit.controller';
import { AdminReach } from './admin-reach';
import { AdminScopes } from './admin-scopes.service';
import { AdminSessions } from './admin-sessions.service';
import { AdminClientChanges } from './client-changes.service';
import { AdminClientsController } from './clients.controller';
import { AdminClients } from './clients.service';
import { AdminInstanceController } from './instance.controller';
import { AdminInstance } from './instance.service';
import { AdminInvitationsController } from './invitations.controller';
import { AdminInvitations } from './invitations.service';
import { AdminKeysController } from './keys.controller';
import { AdminKeys } from './keys.service';
import { AdminSessionsController } from './sessions.controller';
import { AdminTenantEnding } from './tenant-ending.service';
import { AdminTenantsController } from './tenants.controller';
import { AdminTenants } from './tenants.service';
import { AdminUserChanges } from './user-changes.service';
import { AdminPasswords } from './user-credentials.service';
import { AdminRecovery } from './user-recovery.service';
import { UserSessions } from './user-sessions.service';
import { AdminUsersController } from './users.controller';
import { AdminUsers } from './users.service';

/** `/admin`: accounts, logins, tenants, clients, keys and the installation. */
@Module({
  imports: [TenancyModule, ProtectionModule, IdentityModule, ClientsModule],
  controllers: [
    AdminUsersController,
    AdminSessionsController,
    AdminTenantsController,
    AdminInvitationsController,
    AdminClientsController,
    AdminAuditController,
    AdminKeysController,
    AdminInstanceController,
  ],
  providers: [
    AdminAudit,
    AdminAuditTrail,
    AdminClientChanges,
    AdminClients,
    AdminInstance,
    AdminInvitations,
    AdminKeys,
    AdminPasswords,
    AdminReach,
    AdminRecovery,
    AdminScopes,
    AdminSessions,
    AdminTenantEnding,
    AdminTenants,
    AdminUserChanges,
    AdminUsers,
    UserSessions,
  ],
})
export class AdminModule {}
