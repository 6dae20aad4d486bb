import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Painted, Scene } from './scene.ts';
import { type Failure, StationLayer, type View } from './station_layer.ts';

const kView: View = { x: 0.85, y: 0.38, zoom: 12, width: 900, height: 500, density: 1 };
const kPoints = [
  { id: 'a', lon: 126, lat: 37.5, size: 1 },
  { id: 'b', lon: 126.05, lat: 37.5, size: 1 },
];
const kPicture = {} as ImageBitmap;

// What the page gives the layer, in place of a browser's.
class PlayedWorker {
  static made: PlayedWorker;
  readonly scenes: Scene[] = [];
  isTerminated = false;
  onmessage: ((event: { data: Painted }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    PlayedWorker.made = this;
  }
  postMessage(scene: Scene): void {
    this.scenes.push(scene);
  }
  terminate(): void {
    this.isTerminated = true;
  }
  answer(data: Painted): void {
    this.onmessage!({ data });
  }
}

describe('the layer of the stations', () => {
  let pictures: (ImageBitmap | null)[];
  let failures: Failure[];
  let layer: StationLayer;
  let worker: PlayedWorker;
  beforeEach(() => {
    vi.useFakeTimers();
    pictures = [];
    failures = [];
    const canvas = {
      style: {},
      setAttribute: () => undefined,
      remove: () => undefined,
      getContext: () => ({ transferFromImageBitmap: (picture: ImageBitmap | null) => pictures.push(picture) }),
    };
    vi.stubGlobal('document', { createElement: () => canvas });
    vi.stubGlobal('Worker', PlayedWorker);
    layer = new StationLayer({ append: () => undefined } as unknown as HTMLElement, (what) => failures.push(what));
    worker = PlayedWorker.made;
    layer.setPoints(kPoints);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('asks for one picture at a time, and then for the latest', async () => {
    let drawn = 0;
    void layer.draw(kView).then(() => (drawn += 1));
    layer.setClass(0, 5);
    void layer.draw(kView).then(() => (drawn += 1));
    layer.setClass(1, 3);
    void layer.draw({ ...kView, x: 0.851 }).then(() => (drawn += 1));
    expect(worker.scenes).toHaveLength(1);
    worker.answer({ picture: kPicture });
    await Promise.resolve();
    expect(drawn).toBe(0);
    expect(worker.scenes).toHaveLength(2);
    expect([...worker.scenes[1]!.classes!]).toEqual([5, 3]);
    worker.answer({ picture: kPicture });
    await Promise.resolve();
    expect(drawn).toBe(3);
    await layer.draw({ ...kView, x: 0.851 });
    expect(worker.scenes).toHaveLength(2); // it would be the same
  });

  it('has the ring around the chosen one, whatever was under way', () => {
    const ringOf = (scene: Scene) => [...scene.circles!.slice(6, 8)];
    const placeOf = (scene: Scene, index: number) => [...scene.circles!.slice(index * 3, index * 3 + 2)];
    layer.select(0, '#000000');
    void layer.draw(kView);
    expect(ringOf(worker.scenes[0]!)).toEqual(placeOf(worker.scenes[0]!, 0));
    layer.setClass(0, 5);
    void layer.draw(kView);
    layer.select(1, '#000000');
    worker.answer({ picture: kPicture });
    expect(ringOf(worker.scenes[1]!)).toEqual(placeOf(worker.scenes[1]!, 1));
    expect(placeOf(worker.scenes[1]!, 1)).not.toEqual(placeOf(worker.scenes[1]!, 0));
  });

  it('shows nothing while nothing can be painted, and all once it can', async () => {
    void layer.draw(kView);
    worker.answer({ picture: kPicture });
    layer.setClass(0, 5);
    const done = layer.draw(kView);
    worker.answer({ picture: null });
    await done;
    expect(pictures).toEqual([kPicture, null]);
    worker.answer({ anew: true });
    expect(worker.scenes[2]!.circles).not.toBeNull();
    expect([...worker.scenes[2]!.classes!]).toEqual([5, 0]);
    worker.answer({ picture: kPicture });
    expect(pictures).toEqual([kPicture, null, kPicture]);
  });

  it('does not show for long what was, where the painter is stuck', () => {
    void layer.draw(kView);
    worker.answer({ picture: kPicture });
    layer.setClass(0, 5);
    void layer.draw(kView);
    vi.advanceTimersByTime(4000);
    expect(pictures).toEqual([kPicture]);
    vi.advanceTimersByTime(2000);
    expect(pictures).toEqual([kPicture, null]);
    worker.answer({ picture: kPicture });
    vi.advanceTimersByTime(10_000);
    expect(pictures).toEqual([kPicture, null, kPicture]);
  });

  it.each(['load', 'draw'] as const)('says that it cannot, shows nothing more, and keeps nobody waiting: %s', async (what) => {
    const done = layer.draw(kView);
    if (what === 'load') worker.onerror!();
    else worker.answer({ failure: 'no WebGL 2' });
    await done;
    expect(failures).toEqual([what]);
    expect(pictures).toEqual([null]);
    expect(worker.isTerminated).toBe(true);
    layer.setClass(0, 5);
    await layer.draw(kView);
    expect(worker.scenes).toHaveLength(1);
  });
});
