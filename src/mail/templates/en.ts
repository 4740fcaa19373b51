import type { LetterBook } from './letter-text';

const HELLO = 'Hello{{#if name}} {{name}}{{/if}},';
const WHERE = '{{time}}{{#if device}} · {{device}}{{/if}}{{#if ip_address}} · {{ip_address}}{{/if}}';
const NOT_YOU = 'If this was not you, set a new password at once and end your other sessions.';

/** The letters in English. */
export const EN: LetterBook = {
  code: 'Or enter this code:',
  letters: {
    verify: {
      subject: 'Confirm your e-mail address',
      before: [HELLO, 'please confirm that this address is yours.'],
      action: 'Confirm this address',
      after: ['This works once, for {{life}}.', 'If you did not make an account, you need not do anything.'],
    },
    registered_again: {
      subject: 'You already have an account',
      before: [
        HELLO,
        'somebody, probably you, wanted to use this address for an account. It belongs to yours already, so nothing was changed.',
        'Sign in as before. If you do not know your password any more, ask for a new one.',
      ],
      after: ['If it was not you, you need not do anything.'],
    },
    reset: {
      subject: 'Choose a new password',
      before: [HELLO, 'a new password was asked for your account.'],
      action: 'Choose a new password',
      after: ['This works once, for {{life}}.', 'If you did not ask for it, your password stays as it is.'],
    },
    change_old: {
      subject: 'Confirm the change of your e-mail address',
      before: [HELLO, 'the address of your account is to become {{address}}.'],
      action: 'Allow the change',
      after: [
        'This works once, for {{life}}. The change happens when it was confirmed here and at the new address.',
        NOT_YOU,
      ],
    },
    change_new: {
      subject: 'Confirm your new e-mail address',
      before: [HELLO, 'this is to become the address of your account.'],
      action: 'Confirm this address',
      after: [
        'This works once, for {{life}}. The change happens when it was confirmed here and at the address you had.',
        'If you do not know of this, you need not do anything.',
      ],
    },
    new_device: {
      subject: 'New sign-in to your account',
      before: [HELLO, 'somebody signed in to your account from a device or a network that was not used before:', WHERE],
      after: ['If this was you, you need not do anything.', NOT_YOU],
    },
    factor_changed: {
      subject: 'Your two-step sign-in was changed',
      before: [HELLO, 'the second step of your sign-in was changed{{#if change}}: {{change}}{{/if}}.', WHERE],
      after: [NOT_YOU],
    },
    password_changed: {
      subject: 'Your password was changed',
      before: [HELLO, 'the password of your account was changed.', WHERE],
      after: ['If this was not you, ask for a new password at once.'],
    },
    email_changed: {
      subject: 'Your e-mail address was changed',
      before: [HELLO, 'the address of your account is now {{address}}. This is the last message to this one.', WHERE],
      after: ['If this was not you, tell those who run this service at once.'],
    },
    invitation: {
      subject: 'You are invited to join {{tenant}}',
      before: ['Hello,', 'you are invited to join {{tenant}}. Choose a password, and your account is made.'],
      action: 'Accept the invitation',
      after: ['This works once, for {{life}}.', 'If you do not know of this, you need not do anything.'],
    },
    identity_linked: {
      subject: 'Another way to sign in to your account',
      before: [HELLO, 'from now on your account can be signed in to with {{change}}.', WHERE],
      after: ['If this was you, you need not do anything.', NOT_YOU],
    },
  },
};
