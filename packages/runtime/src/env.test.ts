import { describe, expect, it } from 'vitest';
import { EnvReader } from './env.ts';

describe('EnvReader', () => {
  it('reads what is set and falls back where it is not, or empty', () => {
    const reader = new EnvReader({ NAME: 'web', PORT: '15001', EMPTY: '', MODE: 'json' });
    expect(reader.string('NAME')).toBe('web');
    expect(reader.string('EMPTY', 'default')).toBe('default');
    expect(reader.optional('EMPTY')).toBeNull();
    expect(reader.integer('PORT', 1, { min: 0, max: 65_535 })).toBe(15_001);
    expect(reader.integer('EMPTY', 7, { min: 0, max: 10 })).toBe(7);
    expect(reader.oneOf('MODE', ['text', 'json'], 'text')).toBe('json');
    expect(reader.matching('NAME', /^[a-z]+$/, { form: 'letters' })).toBe('web');
    expect(() => reader.finish()).not.toThrow();
  });

  it('tells every fault at once', () => {
    const reader = new EnvReader({ PORT: '70000', MODE: 'xml', HOST: 'a b' });
    reader.string('MISSING');
    reader.integer('PORT', 1, { min: 0, max: 65_535 });
    reader.oneOf('MODE', ['text', 'json'], 'text');
    reader.matching('HOST', /^[a-z]+$/, { form: 'letters' });
    expect(() => reader.finish()).toThrow(
      'invalid environment: MISSING: is not set; PORT: must be a whole number from 0 to 65535, not "70000"; ' +
        'MODE: must be one of text, json, not "xml"; HOST: must be letters, not "a b"',
    );
  });

  it.each([
    ['0', 0],
    ['0.25', 0.25],
    ['1', 1],
  ])('takes %j for a number', (text, value) => {
    expect(new EnvReader({ SHARE: text }).decimal('SHARE', 7, { min: 0, max: 1 })).toBe(value);
  });

  it.each(['1.01', '-1', '.5', '1e-3', 'half'])('does not take %j for a number from 0 to 1', (text) => {
    const reader = new EnvReader({ SHARE: text });
    reader.decimal('SHARE', 1, { min: 0, max: 1 });
    expect(() => reader.finish()).toThrow(/SHARE: must be a number from 0 to 1/);
  });

  it.each([' ', '1e3', '0x10', '1.5', '12 ', 'NaN', '+1'])('does not take %j for a whole number', (text) => {
    const reader = new EnvReader({ PORT: text });
    reader.integer('PORT', 1, { min: 0, max: 65_535 });
    expect(() => reader.finish()).toThrow(/PORT: must be a whole number/);
  });
});
