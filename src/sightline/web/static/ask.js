/* Searching by a picture: dropped anywhere, pasted, or picked. */

const $ = (id) => document.getElementById(id);
const isPicture = (file) => file.type.startsWith("image/") || /\.(svgz?|tiff?|avif|bmp|ico)$/i.test(file.name);

/** Calls `found(blob, name)` with a picture, `refused(words)` with the reason where there is none. */
export function listen({ found, refused }) {
  const take = (files) => {
    const picture = [...files].find(isPicture) ?? files[0];
    if (picture) found(picture, picture.name || "picture");
    return Boolean(picture);
  };

  $("pick").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    take($("file").files);
    $("file").value = "";
  });

  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    if (take(data.files)) return event.preventDefault();
    const text = data.getData("text/plain");
    // design tools copy a selection as the source of an SVG
    if (/^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<svg[\s>]/i.test(text)) {
      event.preventDefault();
      found(new Blob([text], { type: "image/svg+xml" }), "pasted SVG");
    }
  });

  // dragging over a child leaves its parent: count
  let depth = 0;
  const foreign = (event) => {
    const types = event.dataTransfer?.types ?? [];
    return !types.includes("application/x-sightline") && (types.includes("Files") || types.includes("text/uri-list"));
  };
  const cover = (on) => {
    if (!on) depth = 0;
    // a popover lies above an open panel
    $("drop").togglePopover(on);
  };
  document.addEventListener("dragenter", (event) => {
    if (!foreign(event)) return;
    event.preventDefault();
    depth += 1;
    cover(true);
  });
  document.addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) cover(false);
  });
  document.addEventListener("dragover", (event) => {
    if (!foreign(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("drop", (event) => {
    cover(false);
    if (!foreign(event)) return;
    event.preventDefault();
    if (!take(event.dataTransfer.files)) {
      refused("That was a link, not a picture. Copy the picture itself and paste it here, or save it and drop the file.");
    }
  });
}
