import type { ZodObject, ZodType } from 'zod';
import * as schemas from './admin.schemas';

export interface DocumentedOperation {
  readonly summary: string;
  readonly status: number;
  readonly query?: ZodObject;
  readonly body?: ZodType;
  readonly errors?: readonly number[];
}

/** What `/docs` says of the routes below `/admin`; the schemas are the very ones that validate. */
export const OPERATIONS = {
  listUsers: { summary: 'Accounts of a tenant, oldest first.', status: 200, query: schemas.usersQuery },
  getUser: { summary: 'One account, and until when it is locked.', status: 200 },
  createUser: {
    summary: 'Make an account.',
    status: 201,
    body: schemas.createUserBody,
    errors: [409, 422],
  },
  changeUser: {
    summary: 'Change the name, the roles or the status of an account, or whether it needs a second factor.',
    status: 200,
    body: schemas.changeUserBody,
    errors: [409],
  },
  deleteUser: {
    summary: 'End every login and delete the account.',
    status: 204,
    body: schemas.reasonBody,
    errors: [409],
  },
  unlockUser: { summary: 'Forget the wrong passwords of an account.', status: 200 },
  resetUserPassword: {
    summary: 'Replace or remove the password of an account, and end every login.',
    status: 200,
    body: schemas.resetPasswordBody,
    errors: [409],
  },
  resetUserFactors: {
    summary: 'Remove the second factors of an account.',
    status: 200,
    body: schemas.reasonBody,
    errors: [409],
  },
  listUserSessions: { summary: 'Logins of an account.', status: 200, errors: [409] },
  revokeUserSession: {
    summary: 'End one login of an account.',
    status: 204,
    body: schemas.optionalReasonBody,
    errors: [409],
  },
  revokeUserSessions: {
    summary: 'End every login of an account.',
    status: 204,
    body: schemas.reasonBody,
    errors: [409],
  },
  listInvitations: {
    summary: 'Invitations to a tenant that nobody has accepted yet, oldest first.',
    status: 200,
    query: schemas.tenantPageQuery,
  },
  invite: {
    summary: 'Invite somebody to a tenant: by mail, or with the code in the answer where no mail is sent.',
    status: 201,
    body: schemas.inviteBody,
    errors: [409],
  },
  withdrawInvitation: { summary: 'Withdraw an invitation.', status: 204 },
  listTenants: { summary: 'Every tenant, oldest first. Platform.', status: 200, query: schemas.tenantsQuery },
  getTenant: { summary: 'One tenant.', status: 200 },
  createTenant: { summary: 'Make a tenant. Platform.', status: 201, body: schemas.createTenantBody, errors: [409] },
  changeTenant: {
    summary: 'Change the settings of a tenant; its hosts and its mode: platform.',
    status: 200,
    body: schemas.changeTenantBody,
    errors: [409],
  },
  revokeTenant: {
    summary: 'End every login of a tenant, or count them.',
    status: 200,
    query: schemas.dryRunQuery,
    body: schemas.reasonBody,
    errors: [409],
  },
  listClients: {
    summary: 'Clients, oldest first; of a tenant those that are bound to it alone.',
    status: 200,
    query: schemas.clientsQuery,
  },
  getClient: { summary: 'One client.', status: 200 },
  createClient: {
    summary: 'Make a client. Its secret is in this answer and nowhere else.',
    status: 201,
    body: schemas.createClientBody,
    errors: [409],
  },
  changeClient: { summary: 'Enable or disable a client.', status: 200, body: schemas.changeClientBody },
  rotateClient: {
    summary: 'Give a client a new secret.',
    status: 200,
    body: schemas.rotateClientBody,
    errors: [409],
  },
  deleteClient: { summary: 'Remove a client and end its tokens.', status: 204, body: schemas.reasonBody },
  listAudit: {
    summary: 'What happened, newest first: of the own tenant; of all or of one for the platform.',
    status: 200,
    query: schemas.auditQuery,
  },
  listKeys: { summary: 'Signing keys. Platform.', status: 200 },
  rotateKey: {
    summary: 'Announce the next signing key. Platform.',
    status: 200,
    body: schemas.rotateKeyBody,
    errors: [409],
  },
  retireKey: {
    summary: 'Refuse every token of a key at once. Platform.',
    status: 204,
    body: schemas.reasonBody,
    errors: [409],
  },
  showConfiguration: { summary: 'The configuration in force, secrets masked. Platform.', status: 200 },
  showMode: { summary: 'What the mode can do, and what a change of mode would meet. Platform.', status: 200 },
} satisfies Record<string, DocumentedOperation>;
