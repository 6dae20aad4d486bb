import { describe, expect, it } from 'vitest';

import { en } from './en.ts';
import { ko } from './ko.ts';
import type { Wait } from '../api/types.ts';
import { waitLine, waitWords, whyWords } from './waits.ts';
import { kOfWindows } from './windows.ts';

const kZone = 'Asia/Seoul';
const kNow = Date.parse('2024-08-11T06:10:00Z');
const kWait: Wait = {
  hour: '2024-08-11T05:00:00Z',
  needs: '2024-08-11T06:00:00Z',
  why: 'hour 14 open: watermark 14:52:10, needs 15:00:00',
  parts: [{ partition: 0, watermark: '2024-08-11T05:52:10Z', lag: 0, stopped: null }],
};

describe('why an hour is not final', () => {
  it('is said in both languages', () => {
    expect(waitWords(kWait, kNow, kZone, 'en', en)).toBe('needs data up to 15:00; seen in full up to 14:52:10, nothing more to read');
    expect(waitWords(kWait, kNow, kZone, 'ko', ko)).toBe('15:00까지의 데이터 필요; 14:52:10까지 모두 관측, 더 읽을 레코드 없음');
    const ofAFeed = { ...kWait, parts: [{ ...kWait.parts[0]!, lag: null }] };
    expect(waitWords(ofAFeed, kNow, kZone, 'en', en)).toBe('needs data up to 15:00; seen in full up to 14:52:10');
    expect(waitLine(kWait, kNow, kZone, 'ko', ko)).toMatch(/^14:00부터 1시간 — /);
    expect(waitLine(kWait, kNow + 86_400_000, kZone, 'en', en)).toMatch(/^Sun,? 11 Aug 14:00: /);
    expect(waitLine({ ...kWait, needs: '2024-08-11T05:15:00Z' }, kNow, kZone, 'ko', ko)).toMatch(/^14:00부터 15분 — /);
    expect(waitLine({ ...kWait, needs: '2024-08-11T05:15:00Z' }, kNow, kZone, 'en', en)).toMatch(/^14:00–14:15: needs /);
  });
  it('names the day of a watermark that is of another one', () => {
    const wait = { ...kWait, parts: [{ ...kWait.parts[0]!, watermark: '2024-08-10T14:50:10Z', lag: null }] };
    expect(waitWords(wait, kNow, kZone, 'en', en)).toMatch(/^needs data up to 15:00; seen in full up to Sat,? 10 Aug 23:50:10$/);
    expect(waitWords(wait, kNow, kZone, 'ko', ko)).toBe('15:00까지의 데이터 필요; 8월 10일 (토) 23:50:10까지 모두 관측');
    expect(waitWords(wait, kNow + 86_400_000, kZone, 'en', en)).toMatch(/^needs data up to Sun,? 11 Aug 15:00; /);
  });
  it('names the partitions furthest behind, what they still have to read, and why one has stopped', () => {
    const part = { partition: 3, watermark: null, lag: 12, stopped: 'the topic was made anew' };
    const wait = { ...kWait, parts: [part, { ...part, partition: 4 }, { ...part, partition: 5 }] };
    expect(waitWords(wait, kNow, kZone, 'en', en)).toBe(
      'needs data up to 15:00; partition 3: nothing seen yet, 12 records to read, stopped: the topic was made anew; ' +
        'partition 4: nothing seen yet, 12 records to read, stopped: the topic was made anew; and 1 more partitions',
    );
  });
  it("is in the server's words where the live state does not tell", () => {
    const start = Date.parse(kWait.hour);
    expect(whyWords(start, 'w', { now: '2024-08-11T06:10:00Z', waits: [kWait] }, kZone, 'en', en)).toBe(waitWords(kWait, kNow, kZone, 'en', en));
    expect(whyWords(start, 'w', { now: '2024-08-11T06:10:00Z', waits: [] }, kZone, 'en', en)).toBe('w');
    expect(whyWords(start, 'w', null, kZone, 'en', en)).toBe('w');
    expect(waitWords({ ...kWait, parts: [] }, kNow, kZone, 'ko', ko)).toBe(kWait.why);
  });
});

// Each with its key, of groups too.
function sentencesOf(words: object, group = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, of]: [string, unknown]) => {
    if (typeof of === 'object' && of !== null) return sentencesOf(of, `${group}${key}.`);
    return [[group + key, typeof of === 'function' ? String(of(7, 7, 7)) : String(of)]];
  });
}

describe('the words', () => {
  it('say of an hour nothing that is not so of shorter windows', () => {
    const words = { en: /\bhours?\b/i, ko: /(이번|이|한|최근|끝난|새|주소의) 시간|시간(별|대$)|^시간$|\d시간$/ };
    const ofTheClock = ['soonHint', 'flowHint', 'last24', 'noPoints']; // and not of a window
    for (const [language, hour] of Object.entries(words) as ['en' | 'ko', RegExp][]) {
      const all = { ...{ en, ko }[language], ...kOfWindows[language] };
      const said = sentencesOf(all).filter(([key, sentence]) => hour.test(sentence) && !ofTheClock.includes(key));
      expect(said, language).toEqual([]);
    }
    expect(Object.keys(kOfWindows.ko)).toEqual(Object.keys(kOfWindows.en));
  });
  it('call no window what could be a stretch of road', () => {
    expect(sentencesOf(kOfWindows.ko).filter(([, sentence]) => /(?<!집계 )구간/.test(sentence))).toEqual([]);
  });
  it('differ between the languages wherever they have letters of either', () => {
    const ofKo = new Map(sentencesOf(ko));
    const same = sentencesOf(en).filter(([key, sentence]) => sentence === ofKo.get(key));
    expect(same.map(([key]) => key).sort()).toEqual(['api', 'bikesAndRacks', 'csv', 'hourOf', 'id', 'version', 'wholeHour']);
  });
});
