"""The frame of the command line: statuses, tips, laziness."""

import importlib
import subprocess
import sys
from importlib import import_module

import pytest

import limner
import limner.cli
from limner.cli import main
from limner.cli.app import COMMANDS
from limner.cli.lazy import Entry
from limner.errors import RunError


def entries(table, prefix=()):
    for name, entry in table.items():
        words = (*prefix, name)
        yield words, entry
        if not isinstance(entry.target, str):
            yield from entries(entry.target, words)


@pytest.fixture
def command(monkeypatch):
    """Make `limner boom` run a function."""

    def install(function):
        monkeypatch.setattr(limner.cli, "_boom", function, raising=False)
        monkeypatch.setitem(COMMANDS, "boom", Entry("Test.", "limner.cli:_boom"))

    return install


@pytest.mark.parametrize("words, entry", [pytest.param(*found, id=" ".join(found[0])) for found in entries(COMMANDS)])
def test_every_command_exists_and_has_help(words, entry, capsys):
    if isinstance(entry.target, str):
        module, _, name = entry.target.partition(":")
        assert getattr(import_module(module), name)
    assert entry.help.endswith(".") and len(entry.help) < 90
    assert main([*words, "--help"]) == 0
    assert f"Usage: limner {' '.join(words)}" in capsys.readouterr().out


def test_without_words_the_commands_are_listed(capsys):
    assert main([]) == 0
    plain = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {entry.help[:30]}" in plain for name, entry in COMMANDS.items())


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"limner {limner.__version__}"


@pytest.mark.parametrize(
    "words, tip",
    [
        (["docter"], "a similar command exists: 'doctor'"),
        (["zzz"], "'limner --help' lists the commands"),
        (["translate", "a", "b", "--oot", "c"], "a similar option exists: '--out'"),
        (["translate", "a", "b", "--out", "c", "--samples", "two"], "'limner translate --help' shows what it takes"),
    ],
)
def test_a_command_line_that_cannot_be_parsed(words, tip, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("error: ") == 1 and f"tip: {tip}" in said.err


def test_a_missing_argument_shows_its_help(capsys):
    assert main(["translate"]) == 2
    said = capsys.readouterr()
    assert "Usage: limner translate" in said.err and "--out" in said.err and "error: Missing" in said.err
    assert said.out == ""


def test_an_error_is_one_message_and_a_tip(command, capsys, monkeypatch):
    def fail() -> None:
        raise RunError("The run [x] is gone:" + " word" * 60, "look in [bold]")

    command(fail)
    assert main(["boom"]) == 1
    said = capsys.readouterr().err
    assert said.splitlines() == ["error: The run [x] is gone:" + " word" * 60, "tip: look in [bold]"]
    monkeypatch.setenv("LIMNER_DEBUG", "1")
    with pytest.raises(RunError):
        main(["boom"])


def test_an_unexpected_error_leaves_its_traceback_in_a_file(command, capsys, monkeypatch, tmp_path):
    names = {}
    exec(compile("def fail() -> None:\n    raise ZeroDivisionError('by nothing')", limner.__file__, "exec"), names)
    command(names["fail"])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["boom"]) == 1
    said = capsys.readouterr().err
    (file,) = tmp_path.glob(limner.cli.ERROR_FILES)
    assert "error: unexpected ZeroDivisionError: by nothing" in said and str(file) in said and "Traceback" not in said
    assert "in fail" in file.read_text()
    monkeypatch.setenv("LIMNER_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["boom"])


def test_a_fault_in_a_method_of_the_user_s_is_named_by_its_line(command, capsys, monkeypatch, tmp_path):
    (tmp_path / "code_of_a_user.py").write_text("import json\ndef fail() -> None:\n    json.loads('{')\n")
    monkeypatch.syspath_prepend(tmp_path)
    command(importlib.import_module("code_of_a_user").fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["boom"]) == 1
    said = capsys.readouterr().err
    assert f"error: JSONDecodeError in {tmp_path / 'code_of_a_user.py'}, line 3: Expecting" in said
    assert "not limner's" in said and "fault in limner" not in said


def test_control_c_is_quiet(command, capsys):
    def interrupt() -> None:
        raise KeyboardInterrupt

    command(interrupt)
    assert main(["boom"]) == 130
    said = capsys.readouterr()
    assert said.out == said.err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_a_closed_pipe_is_quiet():
    script = "import sys; from limner.cli import main; from limner.cli.app import COMMANDS\n"
    script += "from limner.cli.lazy import Entry; import limner.cli\n"
    script += "limner.cli._flood = lambda: [print('x' * 1000) for _ in range(10000)] and None\n"
    script += "COMMANDS['flood'] = Entry('Test.', 'limner.cli:_flood'); sys.exit(main(['flood']))"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 1


def test_completion_scripts_are_printed(capsys):
    assert main(["--show-completion", "bash"]) == 0
    assert "_LIMNER_COMPLETE" in capsys.readouterr().out


def test_completion_knows_commands_and_options(monkeypatch, capsys):
    def complete(line: str) -> str:
        monkeypatch.setenv("_LIMNER_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        main([])
        return capsys.readouterr().out

    assert "translate" in complete("limner tr")
    assert "--samples" in complete("limner translate --sam")
    assert "facades" in complete("limner data make fac") if "data" in COMMANDS else True


def test_no_colour_when_asked_not_to(command, capsys, monkeypatch):
    def fail() -> None:
        raise RunError("gone")

    command(fail)
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["boom"])
    assert "\x1b[1;31m" in capsys.readouterr().err
    monkeypatch.setenv("NO_COLOR", "1")
    main(["boom"])
    assert "31m" not in capsys.readouterr().err


def test_help_needs_no_torch():
    script = "import sys; from limner.cli import main; main(['--help']); main(['translate', '--help'])\n"
    script += "assert not {'torch', 'numpy', 'PIL', 'yaml', 'rich'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
