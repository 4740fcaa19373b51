import type { LetterBook } from './letter-text';

const HELLO = 'Olá{{#if name}}, {{name}}{{/if}}!';
const WHERE = '{{time}}{{#if device}} · {{device}}{{/if}}{{#if ip_address}} · {{ip_address}}{{/if}}';
const NOT_YOU = 'Se não foi você, defina uma nova senha imediatamente e encerre as suas outras sessões.';

/** The letters in Brazilian Portuguese. */
export const PT_BR: LetterBook = {
  code: 'Ou informe este código:',
  letters: {
    verify: {
      subject: 'Confirme o seu endereço de e-mail',
      before: [HELLO, 'Por favor, confirme que este endereço é seu.'],
      action: 'Confirmar este endereço',
      after: ['Funciona uma única vez, durante {{life}}.', 'Se você não criou uma conta, não precisa fazer nada.'],
    },
    registered_again: {
      subject: 'Você já tem uma conta',
      before: [
        HELLO,
        'Alguém, provavelmente você, quis usar este endereço em uma conta. Ele já pertence à sua, então nada foi alterado.',
        'Entre como antes. Se não lembra mais da senha, peça uma nova.',
      ],
      after: ['Se não foi você, não precisa fazer nada.'],
    },
    reset: {
      subject: 'Escolha uma nova senha',
      before: [HELLO, 'Uma nova senha foi solicitada para a sua conta.'],
      action: 'Escolher uma nova senha',
      after: [
        'Funciona uma única vez, durante {{life}}.',
        'Se você não fez a solicitação, a sua senha continua a mesma.',
      ],
    },
    change_old: {
      subject: 'Confirme a alteração do seu endereço de e-mail',
      before: [HELLO, 'O endereço da sua conta passará a ser {{address}}.'],
      action: 'Permitir a alteração',
      after: [
        'Funciona uma única vez, durante {{life}}. A alteração acontece depois de confirmada aqui e no novo endereço.',
        NOT_YOU,
      ],
    },
    change_new: {
      subject: 'Confirme o seu novo endereço de e-mail',
      before: [HELLO, 'Este passará a ser o endereço da sua conta.'],
      action: 'Confirmar este endereço',
      after: [
        'Funciona uma única vez, durante {{life}}. A alteração acontece depois de confirmada aqui e no endereço anterior.',
        'Se você não sabe do que se trata, não precisa fazer nada.',
      ],
    },
    new_device: {
      subject: 'Novo acesso à sua conta',
      before: [
        HELLO,
        'Alguém entrou na sua conta a partir de um dispositivo ou de uma rede que ainda não tinham sido usados:',
        WHERE,
      ],
      after: ['Se foi você, não precisa fazer nada.', NOT_YOU],
    },
    factor_changed: {
      subject: 'A sua verificação em duas etapas foi alterada',
      before: [HELLO, 'A segunda etapa do seu acesso foi alterada{{#if change}}: {{change}}{{/if}}.', WHERE],
      after: [NOT_YOU],
    },
    password_changed: {
      subject: 'A sua senha foi alterada',
      before: [HELLO, 'A senha da sua conta foi alterada.', WHERE],
      after: ['Se não foi você, peça uma nova senha imediatamente.'],
    },
    email_changed: {
      subject: 'O seu endereço de e-mail foi alterado',
      before: [HELLO, 'O endereço da sua conta agora é {{address}}. Esta é a última mensagem para este aqui.', WHERE],
      after: ['Se não foi você, avise imediatamente quem mantém este serviço.'],
    },
    invitation: {
      subject: 'Você foi convidado para {{tenant}}',
      before: ['Olá,', 'Você foi convidado para {{tenant}}. Escolha uma senha e a sua conta será criada.'],
      action: 'Aceitar o convite',
      after: ['Funciona uma única vez, durante {{life}}.', 'Se você não sabe do que se trata, não precisa fazer nada.'],
    },
    identity_linked: {
      subject: 'Outra forma de entrar na sua conta',
      before: [HELLO, 'A partir de agora é possível entrar na sua conta com {{change}}.', WHERE],
      after: ['Se foi você, não precisa fazer nada.', NOT_YOU],
    },
  },
};
