/* A heat map over the picture of a tile, exactly where the picture lies in it: what does not count is veiled. */

// neither black nor white, so that it is seen on black pictures and on white ones
const VEIL = [104, 110, 138];
const MOST = 0.86;

/** Lays what `/explain` answered over a tile; a map that was there goes. */
export function lay(tile, { grid: [rows, columns], values, part, shares }) {
  tile.querySelector(".explain")?.remove();
  const canvas = document.createElement("canvas");
  canvas.className = "explain";
  canvas.setAttribute("aria-hidden", "true");
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = tile;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const seen = pictureIn(tile);
  pen.beginPath();
  pen.rect(Math.max(0, seen.x), Math.max(0, seen.y), Math.min(width, seen.width), Math.min(height, seen.height));
  pen.clip();
  pen.imageSmoothingQuality = "high";
  const at = (x, y, w, h) => [seen.x + x * seen.width, seen.y + y * seen.height, w * seen.width, h * seen.height];
  // the grid's edge goes on beyond it, so that nothing of the picture stays unveiled
  pen.fillStyle = `rgb(${VEIL.join(" ")} / ${MOST})`;
  const [x, y, w, h] = at(...part);
  pen.drawImage(cells(rows, columns, values), x, y, w, h);
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(x, y, w, h);
  pen.fill("evenodd");
  if (shares) {
    for (const [colour, line] of [["#fff", 4], ["#3d4fd1", 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.strokeRect(...inset(at(...shares), 2));
    }
  }
  tile.append(canvas);
}

function cells(rows, columns, values) {
  const small = new OffscreenCanvas(columns, rows);
  const pen = small.getContext("2d");
  const image = pen.createImageData(columns, rows);
  values.flat().forEach((value, index) => image.data.set([...VEIL, Math.round(255 * MOST * (1 - value))], 4 * index));
  pen.putImageData(image, 0, 0);
  return small;
}

const inset = ([x, y, w, h], by) => [x + by, y + by, Math.max(1, w - 2 * by), Math.max(1, h - 2 * by)];

/** Where the picture is drawn in its tile, in pixels of the tile, as `object-fit` has it. */
function pictureIn(tile) {
  const image = tile.querySelector("img");
  const style = getComputedStyle(image);
  const left = parseFloat(style.paddingLeft);
  const top = parseFloat(style.paddingTop);
  const width = image.clientWidth - left - parseFloat(style.paddingRight);
  const height = image.clientHeight - top - parseFloat(style.paddingBottom);
  const own = image.naturalWidth / image.naturalHeight || 1;
  const wider = own > width / height;
  const scale = (style.objectFit === "cover") === wider ? height : width / own;
  const size = { width: scale * own, height: scale };
  return { x: left + (width - size.width) / 2, y: top + (height - size.height) / 2, ...size };
}
