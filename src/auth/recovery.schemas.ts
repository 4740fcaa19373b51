import { z } from 'zod';

/** One address: no list, no display name, no line break. */
const email = z.email({ error: 'must be one e-mail address' }).max(254);
const password = z.string().min(1).max(1024);
const token = z.string().min(1).max(256).describe('The code from the message');
const endOthers = z.boolean().default(true).describe('False lets the other logins go on');

export const addressBody = z.strictObject({
  email,
  tenant_id: z.uuid().optional().describe('Default: the tenant of the host, else the default one'),
});

export const codeBody = z.strictObject({ token });

export const acceptInvitationBody = z.strictObject({
  token,
  password,
  name: z.string().min(1).max(200).optional(),
  username: z.string().min(1).max(64).optional(),
});

export const resetBody = z.strictObject({ token, password, end_other_sessions: endOthers });

export const changePasswordBody = z.strictObject({
  current_password: password,
  new_password: password,
  end_other_sessions: endOthers,
});

export const changeEmailBody = z.strictObject({ email, password });

export type AddressBody = z.infer<typeof addressBody>;
export type CodeBody = z.infer<typeof codeBody>;
export type AcceptInvitationBody = z.infer<typeof acceptInvitationBody>;
export type ResetBody = z.infer<typeof resetBody>;
export type ChangePasswordBody = z.infer<typeof changePasswordBody>;
export type ChangeEmailBody = z.infer<typeof changeEmailBody>;
