import { describe, expect, it } from 'vitest';

import { readStation } from '../live/station.ts';
import { sampleStation } from '../live/sample.ts';
import { fold, indexOf, query } from './hangul.ts';
import { search } from './search.ts';

const kStations = [
  ['ST-4', '102. 망원역 1번출구 앞'],
  ['ST-5', '103. 망원역 2번출구 앞'],
  ['ST-6', '104. 합정역 1번출구 앞'],
  ['ST-904', '1002. 서울시청 광장'],
  ['ST-10', '108. 서교동 사거리'],
  ['ST-40', '2102. 값진 시장 앞'],
  ['7', 'Market St at 4th St'],
  ['8', null],
].map(([id, name]) => readStation(sampleStation({ id: id!, name: name ?? null })));

const ids = (asked: string) => search(kStations, asked).map((station) => station.id);
const finds = (asked: string, text: string) => indexOf(query(asked), [...fold(text)]) >= 0;

describe('hangul', () => {
  it('finds syllables by their initial consonants', () => {
    expect(finds('ㅁㅇㅇ', '망원역 1번출구')).toBe(true);
    expect(finds('ㅇㅇ', '망원역')).toBe(true);
    expect(finds('ㅁㅇㅇ', '망우동 사거리')).toBe(false);
    expect(finds('망ㅇ', '망원역')).toBe(true);
  });
  it('takes apart pairs that an input method joins', () => {
    expect(query('ㄳ')).toEqual(['ㄱ', 'ㅅ']);
    expect(finds('ㅄ', '방화대교')).toBe(false);
    expect(finds('ㅄ', '보신각')).toBe(true);
  });
  it('finds a last syllable that is not finished', () => {
    expect(finds('마', '망원역')).toBe(true);
    expect(finds('망워', '망원역')).toBe(true);
    expect(finds('마원', '망원역')).toBe(false); // only the last one may be unfinished
    expect(finds('망웡', '망원역')).toBe(false);
    expect(finds('망원ㅇ', '망원역')).toBe(true);
  });
  it('lets a final consonant be the start of the next syllable', () => {
    expect(finds('망웑', '망원정 앞')).toBe(true); // 원 + ㅈ
    expect(finds('서욹', '서울광장')).toBe(true); // 울 + ㄱ
    expect(finds('합젗', '합정초등학교')).toBe(false);
    expect(finds('합저', '합정역')).toBe(true);
  });
  it('takes decomposed text, spaces, case and punctuation for what they mean', () => {
    expect(finds('망원역'.normalize('NFD'), '망원역')).toBe(true);
    expect(finds('1번출구앞', '망원역 1번출구 앞')).toBe(true);
    expect(finds('MARKET st', 'Market St at 4th St')).toBe(true);
  });
});

describe('search', () => {
  it('finds by consonants, number and id', () => {
    expect(ids('ㅁㅇㅇ')).toEqual(['ST-4', 'ST-5']);
    expect(ids('102')[0]).toBe('ST-4');
    expect(ids('102.')[0]).toBe('ST-4');
    expect(ids('st-4')[0]).toBe('ST-4');
    expect(ids('102. 망원역')).toEqual(['ST-4']);
    expect(ids('102.망원역')).toEqual(['ST-4']);
  });
  it('puts the exact before what only begins so, and that before what contains it', () => {
    expect(ids('10')).toEqual(expect.arrayContaining(['ST-4', 'ST-5', 'ST-6', 'ST-10', 'ST-904']));
    expect(ids('ST-4')).toEqual(['ST-4', 'ST-40']);
    expect(ids('102')).not.toContain('ST-904');
  });
  it('wants every word', () => {
    expect(ids('망원 2번')).toEqual(['ST-5']);
    expect(ids('망원 시청')).toEqual([]);
  });
  it('finds nothing for nothing', () => {
    expect(ids('')).toEqual([]);
    expect(ids('   ')).toEqual([]);
  });
  it('finds a station without a name by its id', () => {
    expect(ids('8')).toContain('8');
  });
  it('keeps to the limit', () => {
    expect(search(kStations, '앞', 2)).toHaveLength(2);
  });
});
