"""What `sightline match` takes and prints."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.data.sample import Source, Stream
    from sightline.search.match.described import Describer
    from sightline.search.match.intrinsics import Intrinsics
    from sightline.search.match.match import Matched
    from sightline.search.match.reconstruct import Summary

FORMAT = 1
"""of `--json`; docs/metric/matching.md lists its fields"""
NAMED = 10
"""pictures left out of a model that are printed"""


def match(
    encoder: str,
    *pictures: str,
    out: Path | None = None,
    reconstruct: Path | None = None,
    intrinsics: str | None = None,
    ratio: float = 0.9,
    points: int = 1000,
    tolerance: float | None = None,
    near: int = 20,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    device: str = "auto",
) -> None:
    """Find what two pictures have in common, patch by patch, or build a model of a scene from many.

    Places of two pictures match where each is the other's nearest by its vector, and clearly nearer than the next. The
    geometry that most of them agree on says which are right: OpenCV's fundamental matrix, or with --intrinsics also how
    the camera turned and moved. --reconstruct gives the matches of all pictures to COLMAP. Needs sightline[match].

    Examples:
      sightline match runs/dino left.jpg right.jpg --out matches.png
      sightline match sift left.jpg right.jpg --intrinsics 585,585,320,240
      sightline match runs/dino room/ --reconstruct room.model

    Parameters
    ----------
    encoder
        ENCODER, by its patches; one that gives whole vectors only, by crops. `sift`: keypoints by OpenCV. `pixels`:
        crops as they are.
    pictures
        Two files; with --reconstruct one SRC.
    out
        Draw both pictures side by side, matches that agree joined by lines, into this .png.
    reconstruct
        A new folder for the model: COLMAP's files, points.ply, summary.json.
    intrinsics
        fx,fy,cx,cy of the camera in pixels; @WIDTHxHEIGHT behind them where they are of another size of the pictures.
    ratio
        The nearest is at most so much as far as the next (Lowe's ratio test); 1 asks nothing.
    points
        About how many places of each picture.
    tolerance
        Pixels by which a match may miss and agree. Left out: half of what patches are apart, at least 1.5.
    near
        With --reconstruct: each picture is compared with so many that look most like it; 0 for all.
    as_json
        Print JSON.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.cli.notes import print_notes
    from sightline.search.match.extra import opencv
    from sightline.search.match.intrinsics import read_intrinsics
    from sightline.search.match.nearest import check_ratio
    from sightline.search.match.open import open_describer

    _check(encoder, pictures, out, reconstruct, tolerance)
    check_ratio(ratio)
    lens = None if intrinsics is None else read_intrinsics(intrinsics)
    opencv()  # says what is missing before an encoder is read
    source = None if reconstruct is None else _source(pictures[0])
    describer = open_describer(encoder, points, device)
    print_notes(describer.notes)
    if source is not None and reconstruct is not None:
        _print_summary(_reconstructed(describer, source, reconstruct, lens, ratio, near), reconstruct, as_json)
        return
    found = _matched(describer, pictures, out, lens, ratio, tolerance)
    if as_json:
        print(json.dumps({"format": FORMAT, "encoder": describer.name} | _told(found), indent=2, ensure_ascii=False))
    else:
        _print(found)
    if out is not None:
        print(f"{out}: the matches", file=sys.stderr)
    if found.geometry is None:
        names = " and ".join(map(printable_line, pictures))
        raise ValueError(
            f"{len(found.pairs):,} matches of {names}, and no geometry that they agree on; take more of each "
            "(--points), a higher --ratio, or pictures with more in common"
        )


def _check(
    encoder: str, pictures: tuple[str, ...], out: Path | None, reconstruct: Path | None, tolerance: float | None
) -> None:
    if reconstruct is not None:
        if len(pictures) != 1 or out is not None or tolerance is not None:
            raise ValueError(
                f"a model is made of one source of pictures: sightline match {encoder} SRC --reconstruct "
                f"{reconstruct}, without --out and --tolerance"
            )
        return
    if len(pictures) != 2:
        raise ValueError(
            f"{len(pictures)} pictures: two are matched (sightline match {encoder} A B), or a source becomes a model "
            f"(sightline match {encoder} SRC --reconstruct DIR)"
        )
    for picture in pictures:
        if not Path(picture).is_file():
            raise ValueError(f"there is no picture at {picture}")
    if out is not None and out.suffix.lower() != ".png":
        raise ValueError(f"--out {out}: the matches are drawn as .png; give it such an ending")
    if tolerance is not None and not 0 < tolerance < float("inf"):
        raise ValueError(f"--tolerance is {tolerance}; expected pixels, above 0")


def _matched(
    describer: "Describer",
    pictures: tuple[str, ...],
    out: Path | None,
    lens: "Intrinsics | None",
    ratio: float,
    tolerance: float | None,
) -> "Matched":
    from sightline.cli.match.drawn import draw
    from sightline.cli.progress import progress
    from sightline.data.prepare.page import readable
    from sightline.search.match.match import compared

    opened = [readable(Path(picture)) for picture in pictures]
    if lens is not None:
        for picture in opened:
            lens.of(picture.size)  # refuses what does not fit before the work
    with progress("describing") as tell:
        seen = []
        for number, picture in enumerate(opened, 1):
            seen.append(describer(picture))
            tell(number, len(opened))
    found = compared(seen[0], seen[1], intrinsics=lens, ratio=ratio, tolerance=tolerance)
    if out is not None:
        draw(out, opened[0], opened[1], found)
    return found


def _told(found: "Matched") -> dict[str, Any]:
    one, other = found.points
    told: dict[str, Any] = {
        "places": [len(found.one), len(found.other)],
        "pitch": [round(found.one.pitch, 3), round(found.other.pitch, 3)],
        "matches": len(found.pairs),
        "points": [[round(float(v), 2) for v in (*a, *b)] for a, b in zip(one, other, strict=True)],
    }
    geometry = found.geometry
    if geometry is None:
        return told | {
            "inliers": None,
            "residual": None,
            "fundamental": None,
            "rotation": None,
            "degrees": None,
            "translation": None,
        }
    return told | {
        "inliers": geometry.inliers.tolist(),
        "residual": round(geometry.residual, 4),
        "fundamental": geometry.fundamental.tolist(),
        "rotation": None if geometry.rotation is None else geometry.rotation.tolist(),
        "degrees": None if geometry.degrees is None else round(geometry.degrees, 3),
        "translation": None if geometry.translation is None else geometry.translation.tolist(),
    }


def _print(found: "Matched") -> None:
    seen = (found.one, found.other)
    apart = [f"{len(one):,}" + (f" ({one.pitch:.3g} px apart)" if one.pitch else "") for one in seen]
    print(f"places    {apart[0]} and {apart[1]}")
    print(f"matches   {len(found.pairs):,}")
    geometry = found.geometry
    if geometry is None:
        return
    print(f"agree     {int(geometry.inliers.sum()):,}")
    print(f"residual  {geometry.residual:.2f} px from the epipolar line (median of those that agree)")
    if geometry.rotation is not None and geometry.translation is not None:
        x, y, z = geometry.translation
        print(f"rotation  {geometry.degrees:.1f} degrees")
        print(f"movement  {x:+.2f} {y:+.2f} {z:+.2f} (right, down, forward in the second camera; length unknown)")


def _source(src: str) -> "Source | Stream":
    from sightline.cli.notes import print_source_notes
    from sightline.data.sources.source import open_source

    source = open_source(src)
    print_source_notes(source)
    return source


def _reconstructed(
    describer: "Describer", source: "Source | Stream", out: Path, lens: "Intrinsics | None", ratio: float, near: int
) -> "Summary":
    from sightline.cli.progress import progress
    from sightline.search.match.reconstruct import reconstruct

    return reconstruct(describer, source, out, intrinsics=lens, ratio=ratio, near=near, telling=progress)


def _print_summary(summary: "Summary", out: Path, as_json: bool) -> None:
    from sightline.cli.progress import print_bad

    print_bad(summary.bad)
    if as_json:
        print((out / "summary.json").read_text(encoding="utf-8"), end="")
        return
    print(f"pictures  {summary.pictures:,}; {summary.agreeing:,} of {summary.compared:,} pairs compared agree")
    for model in summary.models:
        print(
            f"model {model.folder}   {model.registered:,} pictures placed, {model.points:,} points, each seen in "
            f"{model.track:.1f}; reprojection error {model.reprojection:.2f} px"
        )
    if left := summary.left_out:
        named = ", ".join(printable_line(key) for key in left[:NAMED])
        print(f"in no model: {len(left):,} pictures ({named}{', ...' if len(left) > NAMED else ''})")
    print(f"{out}: {', '.join(f'{model.folder}/points.ply' for model in summary.models)}, summary.json")
