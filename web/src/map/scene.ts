// What the page and the worker that paints its stations tell each other.

export const kClasses = 8;

// What is to be painted. Lengths are pixels of CSS, colours premultiplied.
export interface Scene {
  width: number;
  height: number;
  density: number; // pixels of the picture in one of these
  circles: Float32Array<ArrayBuffer> | null; // x, y, radius of each; null: as before
  classes: Uint8Array<ArrayBuffer> | null; // of each circle; null: as before
  fills: Float32Array; // r, g, b, a of each class
  rims: Float32Array;
  widths: Float32Array; // of the rim of each class
}

// A picture for each scene, in their order, null while the GPU is lost; anew: it is there again, and has forgotten all;
// failure: there is nothing to paint with.
export type Painted = { picture: ImageBitmap | null } | { anew: true } | { failure: string };
