// What is said instead of an hour where the windows of a system are no whole hours, or do not stand side by side.

import type { Language } from '../format/times.ts';
import type { Text } from './en.ts';

export const kOfWindows: Record<Language, Partial<Text>> = {
  en: {
    rentalsHour: 'Rentals in this window',
    returnsHour: 'Returns in this window',
    lastWeekWhole: (until, n) => `last week by ${until}: ${n} in the whole window`,
    noActive: 'No rental or return in this window yet.',
    noHourKnown: 'Not known: no station has been seen in this window.',
    flow: 'Flow by window',
    noHours: 'No finished window yet. The first one appears when it is over.',
    hoursFailed: 'The windows could not be loaded.',
    mapNet: 'Net flow in this window',
    legendNoRow: 'no data in this window',
    hourly: 'Rentals and returns by window',
    emptyFull: 'Minutes empty and full by window',
    hour: 'Window',
    thisHour: 'This window',
    hoursASecond: (n) => `${n} ${n === 1 ? 'window' : 'windows'} a second`,
    playKeys: 'Space: play or pause. Arrow keys: a window on or back.',
    hourSlider: 'Window of the day',
    latestHour: 'Latest window',
    noRows: 'The lake has no rows for this window.',
    noHistory: (days) =>
      `The lake has no windows of the last ${days} days. Choose an earlier day; a new window appears when it is over and final.`,
    rows: 'Rows of this window',
    badHour: 'This address names no window. The latest one is shown.',
  },
  ko: {
    rentalsHour: '이번 집계 구간 대여',
    returnsHour: '이번 집계 구간 반납',
    lastWeekWhole: (until, n) => `지난주 ${until}까지 집계 구간 전체 ${n}`,
    noActive: '이번 집계 구간에는 아직 대여나 반납이 없습니다.',
    noHourKnown: '이번 집계 구간에 관측된 대여소가 없어 알 수 없습니다.',
    flow: '집계 구간별 흐름',
    noHours: '아직 끝난 집계 구간이 없습니다. 하나가 끝나면 나타납니다.',
    hoursFailed: '집계 구간별 자료를 불러오지 못했습니다.',
    mapNet: '이번 집계 구간 순유입',
    legendNoRow: '이 집계 구간 자료 없음',
    hourly: '집계 구간별 대여와 반납',
    emptyFull: '집계 구간별 비어 있던·가득 찼던 시간(분)',
    hour: '집계 구간',
    thisHour: '이번 집계 구간',
    hoursASecond: (n) => `1초에 집계 구간 ${n}개`,
    playKeys: '스페이스: 재생·멈춤, 화살표: 집계 구간 하나씩 앞뒤로',
    hourSlider: '하루 중 집계 구간',
    latestHour: '최근 집계 구간',
    noRows: '이 집계 구간의 자료가 레이크에 없습니다.',
    noHistory: (days) =>
      `최근 ${days}일의 자료가 레이크에 없습니다. 더 이전 날짜를 고르세요. 새 집계 구간은 끝나서 확정되면 나타납니다.`,
    rows: '이 집계 구간의 대여소별 자료',
    badHour: '주소에 해당하는 집계 구간이 없어 가장 최근 집계 구간을 보여 줍니다.',
  },
};
