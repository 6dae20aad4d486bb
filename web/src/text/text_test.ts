import { describe, expect, it } from 'vitest';

import { en } from './en.ts';
import { ko } from './ko.ts';
import { waitWords, whyWords } from './waits.ts';

const kWhy = 'hour 14 open: watermark 14:52:10, needs 15:00:00; partition 3 idle since 14:53, lag 0';

describe('why an hour is not final', () => {
  it('is said in both languages', () => {
    expect(whyWords(kWhy, en)).toBe('seen in full up to 14:52:10, needs 15:00:00; partition 3 without data since 14:53, 0 records behind');
    expect(whyWords(kWhy, ko)).toBe('14:52:10까지 모두 관측, 15:00:00까지 필요; 파티션 3: 14:53부터 새 데이터 없음, 밀린 레코드 0개');
    expect(whyWords('watermark unknown, needs 15:00:00', ko)).toBe('아직 관측 없음, 15:00:00까지 필요');
    expect(waitWords({ hour: '2024-08-11T05:00:00Z', why: kWhy }, 'Asia/Seoul', 'ko', ko)).toMatch(/^14:00시간대 — /);
  });
  it('is shown as it came where its form is another', () => {
    expect(whyWords('the store is gone; partition 3 idle since 14:53, lag 2', ko)).toMatch(/^the store is gone; 파티션 3/);
  });
});

describe('the words', () => {
  it('differ between the languages wherever they have letters of either', () => {
    const same = Object.keys(en).filter((key) => {
      const a = en[key as keyof typeof en];
      return typeof a === 'string' && a === ko[key as keyof typeof ko];
    });
    expect(same.sort()).toEqual(['api', 'csv', 'id']);
  });
});
