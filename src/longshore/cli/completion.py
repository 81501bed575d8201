"""Completion for bash, zsh and fish: `longshore completion SHELL` prints the script, the script asks for candidates.

Promised: the candidates are those of the parser, so no list has to be kept up to date. Where nothing is known (a FILE,
a DIR), the shell completes file names. Not promised: candidates from a warehouse, such as record ids.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from longshore.cli.parser import Parser

_BASH: Final = """\
# bash completion for longshore. Put this line in ~/.bashrc:
#   source <(longshore completion bash)
_longshore() {
    local IFS=$'\\n'
    COMPREPLY=($("$1" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _longshore longshore
"""

_ZSH: Final = """\
#compdef longshore
# zsh completion for longshore. Put this line in ~/.zshrc, after compinit:
#   source <(longshore completion zsh)
# or this file, named _longshore, in a folder of $fpath.
_longshore() {
    local -a found
    found=(${(f)"$("${words[1]}" completion words "${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')"})
    if (( ${#found} )); then _describe longshore found; else _files; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _longshore "$@"; else compdef _longshore longshore; fi
"""

_FISH: Final = """\
# fish completion for longshore. Run this once:
#   longshore completion fish > ~/.config/fish/completions/longshore.fish
function __longshore_complete
    set -l before (commandline -opc) (commandline -ct)
    set -l found ($before[1] completion words $before[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c longshore -f -a '(__longshore_complete)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def candidates(parser: Parser, words: Sequence[str]) -> Iterator[str]:
    """Yield what may stand in the place of the last word, each with a tab and its meaning.

    Args:
        parser: of the program.
        words: those after the name of the program; the last is the beginning of the word to complete.
    """
    *before, current = words or [""]
    previous = ""
    for word in before:
        chosen = _commands(parser).get(word)
        if chosen is not None and not _wants_value(parser, previous):
            parser = chosen
        previous = word
    for candidate, meaning in _possible(parser, previous, current):
        if candidate.startswith(current):
            yield f"{candidate}\t{meaning}"


def _possible(parser: argparse.ArgumentParser, previous: str, current: str) -> Iterator[tuple[str, str]]:
    value_of = _action(parser, previous)
    if value_of is not None and value_of.nargs != 0:
        yield from ((str(choice), "") for choice in value_of.choices or ())
    elif current.startswith("-"):
        for action in _shown(parser):
            yield from ((name, action.help or "") for name in action.option_strings)
    elif commands := _commands(parser):
        yield from ((name, command.description or "") for name, command in commands.items())
    else:
        for action in _shown(parser):
            if not action.option_strings:
                yield from ((str(choice), "") for choice in action.choices or ())


def _wants_value(parser: argparse.ArgumentParser, word: str) -> bool:
    action = _action(parser, word)
    return action is not None and action.nargs != 0


def _action(parser: argparse.ArgumentParser, flag: str) -> argparse.Action | None:
    return next((action for action in _shown(parser) if flag in action.option_strings), None)


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.help != argparse.SUPPRESS]  # noqa: SLF001 - argparse has no other way


def _commands(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}
