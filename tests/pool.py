"""A few gloo processes that stay up for a whole test session and run functions named by their test file.

As a script it is one such process: it reads pickled (file, function, arguments) from its input and writes pickled
(succeeded, result) to its output. A file is named, not a module, because test modules have no importable name.
"""

import importlib.util
import os
import pickle
import subprocess
import sys
import threading
import traceback
from pathlib import Path

WAIT = 300.0
"""seconds for one call, the import of torch included; then the processes are killed and the test fails"""


class Pool:
    """`run(file, name, *args)` calls the function on every rank at once and gives their results in order of ranks."""

    def __init__(self, count: int, folder: Path) -> None:
        self.count, self.folder = count, folder
        self.processes: list[subprocess.Popen] = []
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        where = [str(self.count), str(self.folder / f"rendezvous{self.starts}")]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        command = [sys.executable, "-W", "ignore", str(Path(__file__).resolve())]
        self.processes = [
            subprocess.Popen([*command, str(rank), *where], env=environment, stdin=-1, stdout=-1)
            for rank in range(self.count)
        ]

    def run(self, file: str, name: str, *args: object) -> list:
        if not self.processes:  # the first call, or the last one failed
            self.start()
        killer = threading.Timer(WAIT, self.kill)
        killer.start()
        try:
            for process in self.processes:
                pickle.dump((file, name, args), process.stdin)
                process.stdin.flush()
            answers = [pickle.load(process.stdout) for process in self.processes]
        except (EOFError, BrokenPipeError) as error:
            self.close()
            raise RuntimeError(f"a rank died or took more than {WAIT:.0f} s in {name}") from error
        finally:
            killer.cancel()
        for succeeded, result in answers:
            if not succeeded:
                self.close()  # the others may wait in a collective for ever
                raise AssertionError(result)
        return [result for _, result in answers]

    def kill(self) -> None:
        for process in self.processes:
            process.kill()

    def close(self) -> None:
        self.kill()  # they hold nothing worth an orderly end, which takes gloo seconds
        for process in self.processes:
            process.wait()
            process.stdin.close()
            process.stdout.close()
        self.processes = []


def serve(rank: int, count: int, rendezvous: str) -> None:
    sys.path.append(str(Path(__file__).with_name("checking")))  # as pytest has it
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the errors, not among the answers
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=count)
    modules = {}
    while True:
        try:
            file, name, args = pickle.load(sys.stdin.buffer)
        except EOFError:
            break
        try:
            if file not in modules:
                spec = importlib.util.spec_from_file_location(f"task{len(modules)}", file)
                modules[file] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(modules[file])
            answer = True, getattr(modules[file], name)(*args)
        except BaseException:  # anything at all is the answer: a silent rank would hang the test
            answer = False, f"rank {rank}:\n{traceback.format_exc()}"
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
