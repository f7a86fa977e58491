"""Vyper, with a cache on disk that every process shares."""

import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vyper
from filelock import FileLock
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.output import build_abi_output
from vyper.compiler.phases import CompilerData

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
CACHE = ROOT / "build" / "cache"
VERSION = f"1 vyper {vyper.__version__}"  # of what the cache holds


@dataclass(frozen=True)
class Artifact:
    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes


def sources() -> dict[str, Path]:
    """The deployable contracts by name; modules are not compiled on their own."""
    paths = [path for path in CONTRACTS.rglob("*.vy") if "modules" not in path.parts]
    return {path.stem: path for path in sorted(paths)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _search_paths() -> list[Path]:
    """Where imports are looked for, the last first: as sys.path gives them to `vyper` and Ape."""
    import snekmate

    return [Path(snekmate.__path__[0]).parent, ROOT, CONTRACTS]


def _compile(source: FileInput, bundle: FilesystemInputBundle) -> tuple[dict[str, Any], list[Path]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = CompilerData(source, bundle)
        output = {
            "abi": build_abi_output(data),
            "bytecode": data.bytecode.hex(),
            "runtime": data.bytecode_runtime.hex(),
        }
    imports = data.resolved_imports.compiler_inputs
    files = [Path(item.resolved_path) for item in imports if not item.from_builtin]
    return output, files


def _artifact(name: str, output: dict[str, Any]) -> Artifact:
    return Artifact(
        name,
        output["abi"],
        bytes.fromhex(output["bytecode"]),
        bytes.fromhex(output["runtime"]),
    )


def _cached(entry: Path) -> dict[str, Any] | None:
    """What the cache holds, if none of the files it was made of has changed."""
    try:
        cached = json.loads(entry.read_text())
        fresh = cached["version"] == VERSION and all(
            _digest(Path(ROOT, path)) == digest for path, digest in cached["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return None
    return cached["output"] if fresh else None


def _load(key: str, source: FileInput, bundle: FilesystemInputBundle, own: list[Path]) -> Any:
    CACHE.mkdir(parents=True, exist_ok=True)
    entry = CACHE / f"{key}.json"
    with FileLock(CACHE / f"{key}.lock"):
        output = _cached(entry)
        if output is None:
            output, imported = _compile(source, bundle)
            files = {str(path): _digest(Path(ROOT, path)) for path in [*own, *imported]}
            written = entry.with_suffix(".new")
            written.write_text(json.dumps({"version": VERSION, "files": files, "output": output}))
            written.replace(entry)
    return output


def compile_file(path: Path) -> Artifact:
    """The contract in a file, from the cache while it, its imports and vyper are unchanged."""
    bundle = FilesystemInputBundle(_search_paths())
    return _artifact(path.stem, _load(path.stem, bundle.load_file(path), bundle, [path]))


def compile_source(source: str, name: str) -> Artifact:
    """A contract given as text, with the same imports at hand."""
    bundle = FilesystemInputBundle(_search_paths())
    path = CONTRACTS / f"{name}.vy"
    file = FileInput(source_id=-1, path=path, resolved_path=path, contents=source)
    key = f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    return _artifact(name, _load(key, file, bundle, []))
