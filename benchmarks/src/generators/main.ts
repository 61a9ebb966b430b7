/** The loads that no program of Debian makes, each in a process of its own: `main.ts '{"name": ...}'`. */
import { writeFileSync } from 'node:fs';
import type { GeneratorOptions } from '../measure/run-generator.ts';
import { runChurn } from './churn.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runOpenLoop } from './open-loop.ts';

/** The kernel makes naps 50 us longer unless it is told that this process means what it asks for. */
function wakePromptly(): void {
  try {
    writeFileSync('/proc/self/timerslack_ns', '1000');
  } catch {
    // Then it sends a little later, which the result tells.
  }
}

const options = JSON.parse(process.argv[2]!) as GeneratorOptions;
wakePromptly();

function run(): Promise<object> {
  switch (options.name) {
    case 'open-loop':
      return runOpenLoop(options);
    case 'closed-loop':
      return runClosedLoop(options);
    case 'churn':
      return runChurn(options);
  }
}

const result = await run();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
