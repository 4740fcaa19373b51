import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AuthError, Public } from '@latchkey/nest';
import { ProblemPages } from './problem-pages';

/** Where the `type` of every problem document leads. */
@Public()
@ApiTags('problems')
@Controller('problems')
export class ProblemsController {
  constructor(private readonly pages: ProblemPages) {}

  @Get(':code')
  @Header('Content-Type', 'text/markdown; charset=utf-8')
  @ApiOperation({ summary: 'What an error code means and what to do about it.', operationId: 'explainProblem' })
  @ApiParam({ name: 'code', schema: { type: 'string', example: 'token_expired' } })
  @ApiProduces('text/markdown')
  @ApiResponse({ status: 200, description: 'The page, in Markdown' })
  @ApiResponse({ status: 404, description: 'A problem document, RFC 9457' })
  explain(@Param('code') code: string): string {
    const page = this.pages.find(code);
    if (page === null) throw new AuthError('not_found', 'There is no such error code');
    return page;
  }
}
