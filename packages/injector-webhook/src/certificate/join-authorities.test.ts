import { expect, test } from 'vitest';
import { joinAuthorities } from './join-authorities.ts';
import { makeAuthority } from './make-certificates.ts';

const nowMs = Date.parse('2026-12-01T00:00:00Z');
const make = async (lifeMs = 3_600_000) => (await makeAuthority(nowMs, lifeMs)).certificatePem;
const given = (authoritiesPem: string) => ({ authoritiesPem, isGiven: true });
const own = (authoritiesPem: string) => ({ authoritiesPem, isGiven: false });

test('an empty bundle becomes what has to be in it', async () => {
  const authority = await make();
  expect(joinAuthorities('', given(authority), nowMs)).toContain(authority.trim());
});

test('two replicas with different files come to agree, and neither takes out what the other has', async () => {
  const [older, newer] = [await make(), await make()];
  const first = joinAuthorities('', given(older), nowMs);
  const second = joinAuthorities(first, given(newer), nowMs);
  expect(joinAuthorities(second, given(older), nowMs)).toBe(second);
  expect(joinAuthorities(second, given(newer), nowMs)).toBe(second);
});

test('what is over goes, and what is no certificate', async () => {
  const [ended, current] = [await make(1_000), await make()];
  const bundle = joinAuthorities(`nonsense\n${ended}${current}`, given(current), nowMs + 2_000);
  expect(bundle).toBe(joinAuthorities('', given(current), nowMs));
});

test('an authority of the injector that its Secret no longer has is trusted no longer', async () => {
  const [leaked, fresh] = [await make(), await make()];
  expect(joinAuthorities(leaked, own(fresh), nowMs)).toBe(joinAuthorities('', own(fresh), nowMs));
});
