// Korean as it is typed: initial consonants stand for their syllables (ㅁㅇㅇ for 망원역), and the last
// syllable may be unfinished (마 on the way to 망).

const kInitials = [...'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'];
// The consonant that a final one becomes when it starts the next syllable; pairs keep their first half.
const kFinals: readonly (readonly [string, string])[] = [
  ['', ''], ['', 'ㄱ'], ['', 'ㄲ'], ['ㄱ', 'ㅅ'], ['', 'ㄴ'], ['ㄴ', 'ㅈ'], ['ㄴ', 'ㅎ'], ['', 'ㄷ'], ['', 'ㄹ'],
  ['ㄹ', 'ㄱ'], ['ㄹ', 'ㅁ'], ['ㄹ', 'ㅂ'], ['ㄹ', 'ㅅ'], ['ㄹ', 'ㅌ'], ['ㄹ', 'ㅍ'], ['ㄹ', 'ㅎ'], ['', 'ㅁ'],
  ['', 'ㅂ'], ['ㅂ', 'ㅅ'], ['', 'ㅅ'], ['', 'ㅆ'], ['', 'ㅇ'], ['', 'ㅈ'], ['', 'ㅊ'], ['', 'ㅋ'], ['', 'ㅌ'],
  ['', 'ㅍ'], ['', 'ㅎ'],
];
// An input method writes two consonants in a row as one letter: ㄱ, ㅅ come as ㄳ.
const kPairs = new Map<string, string>(
  Object.entries({
    ㄳ: 'ㄱㅅ', ㄵ: 'ㄴㅈ', ㄶ: 'ㄴㅎ', ㄺ: 'ㄹㄱ', ㄻ: 'ㄹㅁ', ㄼ: 'ㄹㅂ', ㄽ: 'ㄹㅅ', ㄾ: 'ㄹㅌ', ㄿ: 'ㄹㅍ', ㅀ: 'ㄹㅎ',
    ㅄ: 'ㅂㅅ',
  }),
);

const kFirst = 0xac00;
const kLast = 0xd7a3;

interface Syllable {
  initial: number;
  vowel: number;
  final: number;
}

function syllable(letter: string): Syllable | null {
  const code = letter.codePointAt(0) ?? 0;
  if (code < kFirst || code > kLast) return null;
  const index = code - kFirst;
  return { initial: Math.floor(index / 588), vowel: Math.floor((index % 588) / 28), final: index % 28 };
}

function compose(initial: number, vowel: number, final: number): string {
  return String.fromCodePoint(kFirst + initial * 588 + vowel * 28 + final);
}

// What both sides are brought to before they are compared: no spaces or punctuation, lower case, composed.
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[\s().,·\-_/[\]]+/gu, '');
}

// The letters asked for, pairs taken apart.
export function query(text: string): string[] {
  // NFKC would turn a lone compatibility consonant into the conjoining one.
  const letters = [...text.normalize('NFC').toLowerCase().replace(/[\s().,·\-_/[\]]+/gu, '')];
  return letters.flatMap((letter) => [...(kPairs.get(letter) ?? letter.normalize(isJamo(letter) ? 'NFC' : 'NFKC'))]);
}

function isJamo(letter: string): boolean {
  return letter >= 'ㄱ' && letter <= 'ㅎ';
}

function letterMatches(asked: string, there: string, isLast: boolean): boolean {
  if (asked === there) return true;
  const target = syllable(there);
  if (!target) return false;
  if (isJamo(asked)) return kInitials[target.initial] === asked;
  const typed = isLast ? syllable(asked) : null;
  return typed !== null && typed.final === 0 && typed.initial === target.initial && typed.vowel === target.vowel;
}

function find(letters: readonly string[], text: readonly string[]): number {
  for (let at = 0; at + letters.length <= text.length; ++at) {
    let i = 0;
    while (i < letters.length && letterMatches(letters[i]!, text[at + i]!, i === letters.length - 1)) ++i;
    if (i === letters.length) return at;
  }
  return -1;
}

// Where the letters stand in the (folded) text, or -1. A final consonant of the last syllable may be the
// start of the next one: 서욻 is on the way to 서울시.
export function indexOf(letters: readonly string[], folded: readonly string[]): number {
  if (letters.length === 0) return -1;
  const plain = find(letters, folded);
  if (plain >= 0) return plain;
  const last = syllable(letters[letters.length - 1]!);
  if (!last || last.final === 0) return -1;
  const [stays, moves] = kFinals[last.final]!;
  const final = kFinals.findIndex(([first, second]) => first === '' && second === stays);
  const head = compose(last.initial, last.vowel, Math.max(0, final));
  return find([...letters.slice(0, -1), head, moves], folded);
}
