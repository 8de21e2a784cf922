"""`sightline serve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from sightline.search.query import Embedder


def serve(
    db: Path,
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    encoder: str | None = None,
    open_page: Annotated[bool, Parameter(name="--open")] = False,
    allow_host: tuple[str, ...] = (),
    root_path: str = "",
    token: Annotated[str | None, Parameter(env_var="SIGHTLINE_TOKEN")] = None,
    no_token: bool = False,
    report: Path | None = None,
    device: str = "auto",
) -> None:
    """Serve a library as a page: search by words or by a picture, see neighbours, take pictures out. Ctrl-C ends.

    Only this machine can reach it unless --host says otherwise; then it asks for a token, which the address that is
    printed has. docs/page.md has its keys and its JSON API.

    Examples:
      sightline serve icons.db
      sightline serve icons.db --port 0 --open
      sightline serve icons.db --host 0.0.0.0
      sightline serve icons.db --root-path /photos --allow-host photos.example.org

    Parameters
    ----------
    db
        The index made by `sightline index`.
    port
        Where to listen; 0 takes any free port.
    host
        The address to listen at; 0.0.0.0 lets other machines in.
    encoder
        ENCODER; left out, the one the index was made with. It must be the same encoder, perhaps at another place.
    open_page
        Open it in the browser.
    allow_host
        A name that this server goes by beside its own, such as the one a proxy has; may be given several times.
    root_path
        Where a proxy has the page, such as /photos; whether it takes that off its requests or not.
    token
        What a visitor must have; left out, a random one where --host lets other machines in, and none for this one.
    no_token
        Let in whoever reaches it.
    report
        A page that `sightline measure ENCODER --out report.html` wrote, to be shown at /report; left out,
        DB-report.html beside the index where it is there.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.search.encoder import encoder_of
    from sightline.search.index import Index
    from sightline.web.server import serve as answer

    if no_token and token:
        raise ValueError("--token and --no-token cannot both be; SIGHTLINE_TOKEN in the environment counts as --token")
    with Index(db) as index:
        model = encoder_of(db, index.about().encoder, encoder, device)

        def reopen() -> "Embedder":
            return encoder_of(db, index.about().encoder, device=device)

        answer(
            index,
            model,
            port=port,
            host=host,
            open_page=open_page,
            allow=allow_host,
            root_path=root_path,
            reopen=reopen,
            token="" if no_token else token or None,
            report=report,
        )
