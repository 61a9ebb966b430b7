import { expect, test } from 'vitest';
import { librariesIn } from './shared-libraries.ts';

test('libraries are read from what ldd says of one program or of many', () => {
  const one = `\tlinux-vdso.so.1 (0x00007f70438fc000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f7043520000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f70438fe000)
`;
  const many = `/usr/sbin/nft:\n${one}/usr/sbin/other:\n${one}\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f704333e000)\n`;
  expect(librariesIn(one)).toEqual(['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  expect(librariesIn(many)).toEqual([
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/lib/x86_64-linux-gnu/libm.so.6',
    '/lib64/ld-linux-x86-64.so.2',
  ]);
});
