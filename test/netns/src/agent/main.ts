import { operations } from './operations.ts';

interface Request {
  readonly id: number;
  readonly operation: keyof typeof operations;
  readonly argument: never;
}

process.on('message', ({ id, operation, argument }: Request) => {
  const run = operations[operation] as (argument: never) => Promise<unknown>;
  run(argument).then(
    (result) => process.send?.({ id, result }),
    (thrown) => process.send?.({ id, error: String(thrown instanceof Error ? thrown.message : thrown) }),
  );
});
process.send?.({ id: 0 });
