#!/usr/bin/env node
import { createProgram } from './program';

void createProgram(process.env).parseAsync(process.argv);
