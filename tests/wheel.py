"""Build the wheel, install it with the locked dependencies in a fresh environment, and use it there
without the repository."""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
USE = """
import vgstudy

assert "site-packages" in vgstudy.__file__, vgstudy.__file__
results = vgstudy.run("smoke", "results", seeds=2, report=True)
assert len(results.outcomes) == 108
assert results.estimates["value"].notna().any()
results.figure("accounting").savefig("accounting.svg")
print(vgstudy.__file__)
"""


def call(*command: str | Path, folder: Path = ROOT) -> None:
    print("$", *command, flush=True)
    subprocess.run(list(map(str, command)), cwd=folder, check=True)


def main() -> None:
    """Raise an error where a step fails."""
    with tempfile.TemporaryDirectory(prefix="vgstudy-wheel-") as made:
        folder = Path(made)
        # what an earlier build left would be packed again
        shutil.rmtree(ROOT / "build", ignore_errors=True)
        pip = [sys.executable, "-m", "pip"]
        build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist"]
        call(*pip, *build, ".")
        (wheel,) = (ROOT / "dist").glob("vgstudy-*.whl")
        venv.create(folder / "env", with_pip=True)
        python = folder / "env/bin/python"
        install = [python, "-m", "pip", "install", "--quiet"]
        call(*install, "--require-hashes", "-r", ROOT / "requirements.lock")
        call(*install, "--no-deps", wheel)
        call(python, "-I", "-c", USE, folder=folder)
        call(folder / "env/bin/vgstudy", "plan", "circles", folder=folder)
        call(folder / "env/bin/vgstudy", "verify", folder=folder)
        assert (folder / "results/report.html").is_file()
        print(f"{wheel.name} works without the repository")


if __name__ == "__main__":
    main()
