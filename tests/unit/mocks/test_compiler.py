"""The cache of compiled contracts."""

from pathlib import Path

import pytest

from tests.harness import Project, compiler


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    contracts = tmp_path / "contracts"
    (contracts / "modules").mkdir(parents=True)
    (contracts / "modules" / "base.vy").write_text(
        "@internal\n@pure\ndef _f() -> uint256:\n    return 1\n"
    )
    (contracts / "Thing.vy").write_text(
        "from modules import base\n\n@external\n@pure\ndef f() -> uint256:\n    return base._f()\n"
    )
    monkeypatch.setattr(compiler, "ROOT", tmp_path)
    monkeypatch.setattr(compiler, "CONTRACTS", contracts)
    monkeypatch.setattr(compiler, "CACHE", tmp_path / "cache")
    return contracts


def test_modules_are_not_deployable(workspace: Path) -> None:
    assert compiler.sources() == {"Thing": workspace / "Thing.vy"}


def test_unchanged_contract_comes_from_the_cache(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiler.compile_file(workspace / "Thing.vy")
    monkeypatch.setattr(compiler, "_compile", None)
    assert compiler.compile_file(workspace / "Thing.vy") == first


@pytest.mark.parametrize("changed", ["Thing.vy", "modules/base.vy"])
def test_changed_file_is_compiled_again(workspace: Path, changed: str) -> None:
    first = compiler.compile_file(workspace / "Thing.vy")
    file = workspace / changed
    file.write_text(file.read_text().replace("return ", "return 2 * "))
    assert compiler.compile_file(workspace / "Thing.vy").runtime != first.runtime


def test_other_compiler_compiles_again(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler.compile_file(workspace / "Thing.vy")
    monkeypatch.setattr(compiler, "VERSION", "another")
    monkeypatch.setattr(compiler, "_compile", lambda *_: pytest.fail("compiled"))
    with pytest.raises(pytest.fail.Exception, match="compiled"):
        compiler.compile_file(workspace / "Thing.vy")


def test_inline_contract_imports_modules(workspace: Path, project: Project) -> None:
    source = (workspace / "Thing.vy").read_text()
    assert compiler.compile_source(source, "Inline").runtime
