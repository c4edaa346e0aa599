"""`env`: code that other languages take as it is."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cli.callers import run_verb
from cli.conftest import Verb
from fiskaly_mockserver.cli.verbs.env import LANGUAGES, snippet
from fiskaly_mockserver.server.mock_server import MockServer

NASTY = {
    "FISKALY_BASE_URL": "http://localhost:8722/api/v0",
    "FISKALY_API_KEY": """it's "quoted" \\ $HOME ${x} #{y} `z` %s \\u0041 \\""",
    "FISKALY_API_SECRET": "Größe 😀 \t tab",
}
Evaluate = Callable[[str, tuple[str, ...], Path], list[str]]


def _run(folder: Path, *command: str) -> list[str]:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    parsed: list[str] = json.loads(done.stdout)
    return parsed


def in_shell(shell: str) -> Evaluate:
    def evaluate(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
        (folder / "code.sh").write_text(code, encoding="utf-8")
        show = f'{json.dumps(shutil.which("python3"))} -c "import json, os, sys;'
        show += 'print(json.dumps([os.environ[n] for n in sys.argv[1:]]))"'
        script = f'eval "$(cat code.sh)"\n{show} {" ".join(names)}'
        return _run(folder, shell, "-c", script)

    return evaluate


def in_python(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    show = f"import json; print(json.dumps([os.environ[n] for n in {names!r}]))"
    return _run(folder, "python3", "-c", f"{code}\n{show}")


def in_node(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    show = f"console.log(JSON.stringify({json.dumps(names)}.map(n => process.env[n])))"
    return _run(folder, "node", "-e", f"{code}\n{show}")


def in_java(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    """Java has no JSON: it prints the characters' numbers."""
    source = f"""
    public class Show {{
        public static void main(String[] none) {{
            {code}
            var all = new java.util.ArrayList<String>();
            for (var name : new String[] {{{json.dumps(names)[1:-1]}}}) {{
                var points = System.getProperty(name).codePoints().mapToObj(p -> "" + p);
                all.add("[" + points.collect(java.util.stream.Collectors.joining(",")) + "]");
            }}
            System.out.println(all);
        }}
    }}
    """
    (folder / "Show.java").write_text(source, encoding="utf-8")
    numbers: list[list[int]] = _run(folder, "java", "-Xshare:auto", "Show.java")  # type: ignore[assignment]
    return ["".join(map(chr, points)) for points in numbers]


def in_php(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    show = f"echo json_encode(array_map(fn($n) => getenv($n), {json.dumps(names)}));"
    also = f"foreach ({json.dumps(names)} as $n) {{ assert($_ENV[$n] === getenv($n)); }}"
    return _run(folder, "php", "-d", "zend.assertions=1", "-r", f"{code}\n{also}\n{show}")


def in_ruby(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    show = f"require 'json'; puts JSON.generate({json.dumps(names)}.map {{ |n| ENV[n] }})"
    return _run(folder, "ruby", "-e", f"{code}\n{show}")


def in_go(code: str, names: tuple[str, ...], folder: Path) -> list[str]:
    show = f"""
    all := []string{{}}
    for _, name := range []string{{{json.dumps(names)[1:-1]}}} {{
        all = append(all, os.Getenv(name))
    }}
    json.NewEncoder(os.Stdout).Encode(all)
    """
    head = 'package main\nimport ("encoding/json"; "os")\n'
    (folder / "show.go").write_text(f"{head}func main() {{\n{code}\n{show}}}", encoding="utf-8")
    return _run(folder, "go", "run", "show.go")


EVALUATORS: Mapping[str, tuple[str, str, Evaluate]] = {
    "sh": ("shell", "sh", in_shell("sh")),
    "bash": ("shell", "bash", in_shell("bash")),
    "zsh": ("shell", "zsh", in_shell("zsh")),
    "python": ("python", "python3", in_python),
    "node": ("node", "node", in_node),
    "java": ("java", "java", in_java),
    "php": ("php", "php", in_php),
    "ruby": ("ruby", "ruby", in_ruby),
    "go": ("go", "go", in_go),
}


@pytest.mark.parametrize("interpreter", EVALUATORS)
def test_every_value_comes_through_as_it_is(interpreter: str, tmp_path: Path) -> None:
    language, command, evaluate = EVALUATORS[interpreter]
    if shutil.which(command) is None:
        pytest.skip(f"no {command} on this machine")
    assert evaluate(snippet(language, NASTY), tuple(NASTY), tmp_path) == list(NASTY.values())


def test_csharp_and_go_escape_quotes_backslashes_and_halves() -> None:
    """No interpreter of theirs is needed to see what their grammars forbid."""
    csharp = snippet("csharp", {"FISKALY_API_KEY": 'a"\\\n😀'})
    assert csharp == (
        'System.Environment.SetEnvironmentVariable("FISKALY_API_KEY", "a\\"\\\\\\n\\ud83d\\ude00");'
    )
    assert snippet("go", {"FISKALY_API_KEY": 'a"\\\n😀'}) == (
        'os.Setenv("FISKALY_API_KEY", "a\\"\\\\\\n😀")'
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_gets_addresses_and_the_first_key(
    verb: Verb, server: MockServer, language: str
) -> None:
    outcome = verb("env", "--lang", language)
    assert (outcome.code, outcome.err) == (0, "")
    organization = server.control.tree()["organizations"][0]
    for name, value in (
        ("FISKALY_BASE_URL", server.base_url),
        ("FISKALY_MANAGEMENT_BASE_URL", server.base_url),
        ("FISKALY_MANAGEMENT_URL", server.base_url),
        ("FISKALY_SIGN_DE_URL", str(server.sign_de_url)),
        ("FISKALY_API_KEY", server.credentials.key),
        ("FISKALY_API_SECRET", server.credentials.secret),
        ("FISKALY_ORGANIZATION_ID", organization["id"]),
        ("FISKALY_MOCK_URL", f"http://127.0.0.1:{server.port}"),
        ("FISKALY_MOCK_CONTROL_URL", server.control_url),
    ):
        [line] = [one for one in outcome.out.splitlines() if name in one and value in one]
        assert line
    assert "FISKALY_MOCK_SANDBOX" not in outcome.out
    assert "FISKALY_MOCK_CONTROL_TOKEN" not in outcome.out


def test_shell_is_the_default_and_lets_the_verbs_find_the_server(
    verb: Verb, server: MockServer
) -> None:
    outcome = verb("env")
    assert all(line.startswith("export FISKALY_") for line in outcome.out.splitlines())
    assert outcome.out == verb("env", "--lang", "SHELL").out


def test_a_sandbox_has_its_own_base_url(verb: Verb, server: MockServer) -> None:
    out = verb("env", "--sandbox", "one").out
    assert f"export FISKALY_BASE_URL='http://127.0.0.1:{server.port}/s/one/api/v0'\n" in out
    assert "export FISKALY_MOCK_SANDBOX='one'\n" in out


def test_a_tree_without_a_key_is_noted(empty_server: MockServer) -> None:
    outcome = run_verb("env", "--url", empty_server.base_url, "--control-token", "example-token")
    assert outcome.code == 0
    assert "FISKALY_API_KEY" not in outcome.out
    assert "export FISKALY_MOCK_CONTROL_TOKEN='example-token'" in outcome.out
    assert outcome.err.startswith("Note: the tree of preset 'empty' has no enabled API key")


def test_an_unknown_language_is_a_usage_error(verb: Verb) -> None:
    outcome = verb("env", "--lang", "cobol")
    assert outcome.code == 2
    assert "'csharp'" in outcome.err
