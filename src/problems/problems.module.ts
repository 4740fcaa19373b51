import { Module } from '@nestjs/common';
import { ProblemPages } from './problem-pages';
import { ProblemsController } from './problems.controller';

/** `/problems/<code>`: the pages of `docs/errors`. */
@Module({ controllers: [ProblemsController], providers: [ProblemPages] })
export class ProblemsModule {}
