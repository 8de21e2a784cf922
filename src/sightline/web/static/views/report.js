/* The link to the encoder's report, where there is one. */

export function offerReport({ report }) {
  if (!report || document.querySelector("#report")) return;
  const link = document.createElement("a");
  Object.assign(link, { id: "report", href: "report", textContent: "Report" });
  link.title = "What the encoder was measured to see, by five properties";
  document.querySelector(".views nav").append(link);
}
