import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AuthError, Public } from '@latchkey/nest';
import { MailTransport } from '../mail/mail-transport';
import type { MailboxTransport, ReceivedLetter } from '../mail/mailbox.transport';
import { letterPage, listPage } from './mailbox-page';

const HTML = 'text/html; charset=utf-8';
/** A letter may style itself; it runs nothing, fetches nothing and is nobody's origin. */
const LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox allow-popups";

/** Letters of a development machine, for whoever has no mail server. */
@Public()
@ApiExcludeController()
@Controller('dev/mailbox')
export class DevMailboxController {
  private readonly mailbox: MailboxTransport;

  constructor(transport: MailTransport) {
    this.mailbox = transport as MailboxTransport;
  }

  @Get()
  @Header('Content-Type', HTML)
  list(): string {
    return listPage(this.mailbox.list());
  }

  @Get(':id')
  @Header('Content-Type', HTML)
  read(@Param('id') id: string): string {
    return letterPage(this.letter(id));
  }

  @Get(':id/html')
  @Header('Content-Type', HTML)
  @Header('Content-Security-Policy', LETTER_POLICY)
  html(@Param('id') id: string): string {
    return this.letter(id).html;
  }

  private letter(id: string): ReceivedLetter {
    const letter = this.mailbox.find(id);
    if (!letter) throw new AuthError('not_found', 'There is no such message');
    return letter;
  }
}
