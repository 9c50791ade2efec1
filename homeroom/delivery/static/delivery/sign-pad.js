// A field to sign in by finger, pen or mouse. Strokes are kept as points of a 600 × 200 sheet, never as a picture.
// Who cannot draw types the name instead: the field above it.
customElements.define("sign-pad", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.canvas = this.querySelector("canvas");
    this.field = this.querySelector('[name="strokes"]');
    this.strokes = [];
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.draw(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.end());
    this.querySelector("[data-clear]").addEventListener("click", () => { this.strokes = []; this.end(); this.paint(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [Math.round(((event.clientX - box.left) / box.width) * 600), Math.round(((event.clientY - box.top) / box.height) * 200)];
  }

  begin(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.at(event)];
    this.strokes.push(this.stroke);
  }

  draw(event) {
    if (!this.stroke) return;
    const [x, y] = this.at(event);
    const [lastX, lastY] = this.stroke.at(-1);
    if (Math.hypot(x - lastX, y - lastY) < 3) return;
    this.stroke.push([x, y]);
    this.paint();
  }

  end() {
    this.stroke = null;
    this.strokes = this.strokes.filter((stroke) => stroke.length > 1);
    this.field.value = JSON.stringify(this.strokes);
    const typed = this.closest("form").elements.typed_name;
    if (typed) typed.required = !this.strokes.length;
  }

  paint() {
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, 600, 200);
    pen.strokeStyle = getComputedStyle(this).color;
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of this.strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    }
  }
});
