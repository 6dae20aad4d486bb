// A worker that paints the map's stations, and gives them back as a picture: one draw call of two triangles for each
// circle, with WebGL 2. Beside the page and not in it, because where no GPU draws, painting them and reading what was
// painted holds up whoever asks for it for 20 ms and longer.

import { kClasses, type Painted, type Scene } from './scene.ts';

type Values = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

const kCorners = 4;
const kIndices = 6;

const kVertex = `#version 300 es
uniform vec2 size;
uniform float pixel;
uniform vec4 fills[${kClasses}];
uniform vec4 rims[${kClasses}];
uniform float widths[${kClasses}];
in vec3 circle;
in float kind;
out vec2 at;
flat out vec4 fill, rim;
flat out float inner, outer;
void main() {
  int of = int(kind);
  fill = fills[of];
  rim = rims[of];
  inner = circle.z;
  outer = circle.z + widths[of];
  at = (vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1) * 2.0 - 1.0) * (outer + pixel);
  vec2 place = (circle.xy + at) / size * 2.0 - 1.0;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}`;

const kFragment = `#version 300 es
precision highp float;
uniform float pixel;
in vec2 at;
flat in vec4 fill, rim;
flat in float inner, outer;
out vec4 colour;
void main() {
  float from = length(at);
  float inside = clamp((inner - from) / pixel + 0.5, 0.0, 1.0);
  float within = clamp((outer - from) / pixel + 0.5, 0.0, 1.0);
  colour = fill * inside + rim * (within - inside);
}`;

class Painter {
  private readonly canvas = new OffscreenCanvas(1, 1);
  private readonly gl: WebGL2RenderingContext;
  private uniforms!: Record<'size' | 'pixel' | 'fills' | 'rims' | 'widths', WebGLUniformLocation | null>;
  private circles: WebGLBuffer | null = null;
  private kinds: WebGLBuffer | null = null;
  private count = 0;
  private isTold = false; // which circles there are, since it has begun

  constructor(onAnew: (failure?: unknown) => void) {
    const gl = this.canvas.getContext('webgl2', { antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error('no WebGL 2');
    this.gl = gl;
    this.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault()); // so that it may come back
    this.canvas.addEventListener('webglcontextrestored', () => {
      try {
        this.begin();
        onAnew();
      } catch (error) {
        onAnew(error);
      }
    });
    this.begin();
  }

  paint({ width, height, density, circles, classes, fills, rims, widths }: Scene): ImageBitmap | null {
    const { gl, canvas, uniforms } = this;
    this.isTold ||= circles !== null && classes !== null;
    if (gl.isContextLost() || !this.isTold) return null;
    const [across, down] = [Math.max(1, Math.round(width * density)), Math.max(1, Math.round(height * density))];
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    if (circles) this.take(circles);
    if (classes) this.tell(this.kinds, atCorners(classes, 1, new Uint8Array(classes.length * kCorners)));
    gl.uniform2f(uniforms.size, width, height);
    gl.uniform1f(uniforms.pixel, 1 / density);
    gl.uniform4fv(uniforms.fills, fills);
    gl.uniform4fv(uniforms.rims, rims);
    gl.uniform1fv(uniforms.widths, widths);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.drawElements(gl.TRIANGLES, this.count * kIndices, gl.UNSIGNED_INT, 0);
    const picture = canvas.transferToImageBitmap();
    if (!gl.isContextLost()) return picture;
    picture.close();
    return null;
  }

  private begin(): void {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, kVertex],
      [gl.FRAGMENT_SHADER, kFragment],
    ] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program) ?? 'shaders');
    }
    gl.useProgram(program);
    const uniform = (name: string) => gl.getUniformLocation(program, name);
    this.uniforms = {
      size: uniform('size'),
      pixel: uniform('pixel'),
      fills: uniform('fills'),
      rims: uniform('rims'),
      widths: uniform('widths'),
    };
    this.circles = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.circles);
    this.attribute(gl.getAttribLocation(program, 'circle'), 3, gl.FLOAT);
    this.kinds = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.kinds);
    this.attribute(gl.getAttribLocation(program, 'kind'), 1, gl.UNSIGNED_BYTE);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.count = 0;
    this.isTold = false;
  }

  private attribute(location: number, size: number, type: number): void {
    this.gl.enableVertexAttribArray(location);
    this.gl.vertexAttribPointer(location, size, type, false, 0, 0);
  }

  // One circle drawn as often as there are stations would be less to tell, and is ten times slower where no GPU draws.
  private take(circles: Float32Array<ArrayBuffer>): void {
    const count = circles.length / 3;
    this.tell(this.circles, atCorners(circles, 3, new Float32Array(circles.length * kCorners)));
    if (count === this.count) return;
    this.count = count;
    const indices = new Uint32Array(count * kIndices);
    for (let circle = 0; circle < count; circle += 1) {
      const first = circle * kCorners;
      indices.set([first, first + 1, first + 2, first + 2, first + 1, first + 3], circle * kIndices);
    }
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, indices, this.gl.STATIC_DRAW);
  }

  private tell(buffer: WebGLBuffer | null, values: Values): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.DYNAMIC_DRAW);
  }
}

// What there is `size` of for each circle, once for each of its corners.
function atCorners<Of extends Values>(values: Of, size: number, into: Of): Of {
  for (let from = 0, to = 0; from < values.length; from += size) {
    for (let corner = 0; corner < kCorners; corner += 1) {
      for (let each = 0; each < size; each += 1) into[to++] = values[from + each]!;
    }
  }
  return into;
}

const answer = (painted: Painted, transfer: Transferable[] = []) => self.postMessage(painted, { transfer });

const fail = (error: unknown) => answer({ failure: String(error) });

let painter: Painter | null = null;
try {
  painter = new Painter((failure) => (failure === undefined ? answer({ anew: true }) : fail(failure)));
} catch (error) {
  fail(error);
}

self.onmessage = ({ data }: MessageEvent<Scene>) => {
  try {
    const picture = painter?.paint(data) ?? null;
    answer({ picture }, picture ? [picture] : []);
  } catch (error) {
    fail(error);
  }
};
