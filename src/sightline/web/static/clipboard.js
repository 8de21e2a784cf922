/* Copying text and pictures, also where the page is no secure context (served to other machines over http). */

const VECTOR = 1024;

export async function copyText(text, within = document.body) {
  if (navigator.clipboard?.writeText) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  within.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("not copied");
}

/** As PNG, which is what every program can paste; an SVG is drawn large. */
export async function copyPicture(image, svg) {
  if (!navigator.clipboard?.write || typeof ClipboardItem === "undefined") throw new Error("not allowed");
  await navigator.clipboard.write([new ClipboardItem({ "image/png": drawn(image, svg) })]);
}

async function drawn(image, svg) {
  const width = image.naturalWidth || VECTOR;
  const height = image.naturalHeight || VECTOR;
  const scale = svg ? VECTOR / Math.max(width, height) : 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("empty"))), "image/png");
  });
}
